import { type Bucket, checkBucket } from './bucket.js';
import { type Clock, clockOf, DAY, MINUTE } from './clock.js';

/** A half-open range of time, `from <= t < to`, and the time zone in which its days begin. */
export interface Window {
  from: number;
  to: number;
  zone: string;
}

/** The bounds that stand for an open end: every time that `parseInstant` accepts lies within them. */
export const EVER = { from: Date.UTC(1899, 11, 31), to: Date.UTC(2200, 0, 2) };

export type Axis = { ok: true; edges: number[] } | { ok: false; message: string };

/** Maximum number of buckets in an answer. */
export const MAX_BUCKETS = 10_000;

type Step = { kind: 'time' | 'days' | 'months'; length: number; origin: number };

/**
 * The calendar on which a unit is counted, its length there, and the origin of the count (0 is in 1970; see `axis`).
 */
const STEPS: Record<Bucket['unit'], Step> = {
  minute: { kind: 'time', length: MINUTE, origin: 0 },
  hour: { kind: 'time', length: 60 * MINUTE, origin: 0 },
  day: { kind: 'days', length: 1, origin: 0 },
  week: { kind: 'days', length: 7, origin: 4 },
  month: { kind: 'months', length: 1, origin: 0 },
  year: { kind: 'months', length: 12, origin: 0 },
};

/** The range of days and months that can be formatted: the years 0 to 9999, far beyond any data. */
const DAYS = { first: Date.UTC(1970, -1970 * 12) / DAY, last: Date.UTC(9999, 11, 31) / DAY };
const MONTHS = { first: -1970 * 12, last: (9999 - 1970) * 12 + 11 };
const YEAR_1 = Date.UTC(1970, -1969 * 12);

/**
 * The buckets that overlap a window, as n + 1 ascending instants for n buckets: bucket i is `edges[i] <= t < edges[i +
 * 1]`. `edges[0] <= from` is the true start of the first bucket; the last edge is at or after `to`, and not after the
 * year 9999. Without a bucket: `[from, to]`.
 *
 * Minutes and hours run in absolute time from the first instant of each local day and restart with the next day. The
 * last bucket of a day may therefore be shorter, and hours sum to days in every zone. Days, weeks, months and years are
 * local: N days are counted from 1970-01-01, N weeks from Monday 1970-01-05, N months and years from 1970-01. A bucket
 * starts at the first instant of its first day; a day that the zone skipped is not a bucket.
 *
 * Fails for a bucket that `checkBucket` refuses, for more than `MAX_BUCKETS` buckets, and for a first bucket before the
 * year 1. Expects `from < to`. Throws RangeError for an unknown zone.
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
 * Whether a bucket is not larger than the window: start + bucket <= end, on the calendar of the zone. A month added to
 * the 31st ends on the last day of a shorter month. The first instant of a day counts as 00:00 even if the day begins
 * at 01:00, so one whole day always fits a bucket of 1 day.
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
 * The instant `count` units later (earlier if negative): minutes and hours in absolute time, other units on the wall
 * clock. A day that a month does not have becomes its last day; a skipped local time becomes the first instant after
 * it; of a repeated one the first is taken. Null beyond the years 0 to 9999.
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
 * The start of the local unit that contains an instant. When the clock changes by part of an hour, the hour restarts at
 * the change.
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

/** The edges; null if there are more than `limit` buckets. */
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

/** The starts of buckets shorter than a day, beginning with the one that contains `from`; an endless sequence. */
function* timeStarts(clock: Clock, from: number, length: number): Generator<number, never> {
  for (let day = clock.dayOf(from); ; day++) {
    const end = clock.startOfDay(day + 1);
    for (let start = clock.startOfDay(day); start < end; start += length) {
      if (start + length > from) yield start;
    }
  }
}

/**
 * The starts of buckets of days or months, beginning with the one that contains `from`; endless, without empty buckets.
 */
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
