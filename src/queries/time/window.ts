import { type Bucket, checkBucket } from './bucket.js';
import { type Clock, clockOf, DAY, MINUTE } from './clock.js';

/** A range of time, half open: instants `from <= t < to`, and the zone in which its days begin. */
export interface Window {
  from: number;
  to: number;
  zone: string;
}

/** The bounds of a range that is open at an end: no time that `parseInstant` reads lies outside. */
export const EVER = { from: Date.UTC(1899, 11, 31), to: Date.UTC(2200, 0, 2) };

export type Axis = { ok: true; edges: number[] } | { ok: false; message: string };

/** The most buckets that an answer may have. */
export const MAX_BUCKETS = 10_000;

type Step = { kind: 'time' | 'days' | 'months'; length: number; origin: number };

/** Which calendar a unit is counted on, how long it is there, and where the counting starts (0 is in 1970; see `axis`). */
const STEPS: Record<Bucket['unit'], Step> = {
  minute: { kind: 'time', length: MINUTE, origin: 0 },
  hour: { kind: 'time', length: 60 * MINUTE, origin: 0 },
  day: { kind: 'days', length: 1, origin: 0 },
  week: { kind: 'days', length: 7, origin: 4 },
  month: { kind: 'months', length: 1, origin: 0 },
  year: { kind: 'months', length: 12, origin: 0 },
};

/** The days and months that a clock can show and a label can name: the years 0 to 9999, far beyond any data. */
const DAYS = { first: Date.UTC(1970, -1970 * 12) / DAY, last: Date.UTC(9999, 11, 31) / DAY };
const MONTHS = { first: -1970 * 12, last: (9999 - 1970) * 12 + 11 };
const YEAR_1 = Date.UTC(1970, -1969 * 12);

/**
 * The buckets that touch a window, as n + 1 ascending instants for n buckets: bucket i is `edges[i] <= t < edges[i + 1]`.
 * `edges[0] <= from` is the true start of the first bucket; the last edge is at or after `to`, and not after the year 9999.
 * No bucket: `[from, to]`.
 *
 * Minutes and hours run in absolute time from the first instant of each local day and restart with the next, so the last
 * one of a day may be shorter, and hours sum to days in every zone. Days, weeks, months and years are local: N days are
 * counted from 1970-01-01, N weeks from Monday 1970-01-05, N months and years from 1970-01. A bucket starts at the first
 * instant of its first day; a day that the zone left out is no bucket.
 *
 * Refused: a bucket that `checkBucket` refuses, more than `MAX_BUCKETS`, a first bucket from before the year 1.
 * Expects `from < to`. Throws RangeError for a zone that is none.
 */
export function axis(window: Window, bucket: Bucket | null): Axis {
  if (bucket === null) return { ok: true, edges: [window.from, window.to] };
  const message = checkBucket(bucket);
  if (message !== null) return { ok: false, message };
  const edges = edgesOf(window, bucket, MAX_BUCKETS);
  if (edges === null) {
    return {
      ok: false,
      message: `more than ${MAX_BUCKETS} buckets of ${textOf(bucket)} touch the range: ask for a larger bucket or a shorter range`,
    };
  }
  if (Number(edges[0]) < YEAR_1) {
    return {
      ok: false,
      message: `buckets of ${textOf(bucket)} start before the year 1 here: ask for a smaller bucket`,
    };
  }
  return { ok: true, edges };
}

/**
 * Whether a bucket is no larger than the window: its start + the bucket <= its end, on the calendar of its zone. A month
 * added to the 31st ends on the last day of a shorter month. A start that is the first instant of its day counts as 00:00
 * even where the day begins at 01:00, so one whole day is always as long as a bucket of 1 day.
 */
export function bucketFits({ from, to, zone }: Window, bucket: Bucket): boolean {
  const { kind, length } = stepOf(bucket);
  if (kind === 'time') return from + length <= to;
  const clock = clockOf(zone);
  const local = from + clock.offsetAt(from);
  const day = Math.floor(local / DAY);
  const time = from === clock.startOfDay(day) ? 0 : local - day * DAY;
  const end = kind === 'days' ? within(DAYS, day + length) : addMonths(day, length);
  return clock.firstInstantAt(end * DAY + time) <= to;
}

/**
 * The instant `count` units after another one (before it, where negative): minutes and hours in absolute time, the others on
 * the wall clock. A missing day of a month is its last; a time that a clock change skips is the first instant after it, one
 * that it repeats the first of the two. Null beyond the years 0 to 9999.
 */
export function moved(instant: number, clock: Clock, unit: Bucket['unit'], count: number): number | null {
  const { kind, length } = STEPS[unit];
  if (kind === 'time') return instant + count * length;
  const local = instant + clock.offsetAt(instant);
  const day = Math.floor(local / DAY);
  const target = kind === 'days' ? day + count * length : addMonths(day, count * length);
  if (!(target >= DAYS.first && target <= DAYS.last)) return null;
  return clock.firstInstantAt(target * DAY + (local - day * DAY));
}

/**
 * The start of the local unit that an instant is part of. An hour in which the clock changes by a part of an hour starts anew
 * with the change.
 */
export function startOf(instant: number, clock: Clock, unit: Bucket['unit']): number {
  const step = stepOf({ unit, count: 1 });
  if (step.kind !== 'time') return calendarStarts(clock, instant, step).next().value;
  const local = instant + clock.offsetAt(instant);
  const start = instant - (((local % step.length) + step.length) % step.length);
  const stretches = clock.stretches(start, instant + 1);
  return stretches.length > 1 ? (stretches.at(-1)?.from ?? start) : start;
}

/** The smallest of `candidates` (ascending, at least one) that gives at most `atMost` buckets, else the largest. */
export function chooseBucket(window: Window, candidates: readonly Bucket[], atMost: number): Bucket {
  const chosen = candidates.find((bucket) => edgesOf(window, bucket, atMost) !== null) ?? candidates.at(-1);
  if (chosen === undefined) throw new RangeError('no bucket to choose from');
  return chosen;
}

/** The edges, or null as soon as there are more than `limit` buckets. */
function edgesOf({ from, to, zone }: Window, bucket: Bucket, limit: number): number[] | null {
  const step = stepOf(bucket);
  const clock = clockOf(zone);
  const starts = step.kind === 'time' ? timeStarts(clock, from, step.length) : calendarStarts(clock, from, step);
  const edges: number[] = [];
  for (;;) {
    const edge = starts.next().value;
    edges.push(edge);
    if (edge >= to) return edges;
    if (edges.length > limit) return null;
  }
}

/** Where buckets shorter than a day start, from the one that holds `from` on, without end. */
function* timeStarts(clock: Clock, from: number, length: number): Generator<number, never> {
  for (let day = clock.dayOf(from); ; day++) {
    const end = clock.startOfDay(day + 1);
    for (let start = clock.startOfDay(day); start < end; start += length) {
      if (start + length > from) yield start;
    }
  }
}

/** Where buckets of days or months start, from the one that holds `from` on, without end; none is empty. */
function* calendarStarts(clock: Clock, from: number, step: Step): Generator<number, never> {
  const { kind, length, origin } = step;
  const day = clock.dayOf(from);
  const unit = kind === 'days' ? day : monthOf(day);
  let last = Number.NEGATIVE_INFINITY;
  for (let index = Math.floor((unit - origin) / length); ; index++) {
    const first = origin + index * length;
    const start = clock.startOfDay(kind === 'days' ? within(DAYS, first) : firstDayOf(first));
    if (start > last) yield start;
    last = start;
  }
}

function stepOf({ unit, count }: Bucket): Step {
  const { kind, length, origin } = STEPS[unit];
  return { kind, length: length * count, origin };
}

/** The month of a day, counted from 1970-01. */
function monthOf(day: number): number {
  const date = new Date(day * DAY);
  return (date.getUTCFullYear() - 1970) * 12 + date.getUTCMonth();
}

function firstDayOf(month: number): number {
  return Date.UTC(1970, within(MONTHS, month)) / DAY;
}

function addMonths(day: number, months: number): number {
  const month = monthOf(day);
  const dayOfMonth = day - firstDayOf(month);
  return Math.min(firstDayOf(month + months) + dayOfMonth, firstDayOf(month + months + 1) - 1);
}

function within({ first, last }: { first: number; last: number }, value: number): number {
  return Math.min(Math.max(value, first), last);
}

function textOf({ unit, count }: Bucket): string {
  return `${count} ${unit}${count === 1 ? '' : 's'}`;
}
