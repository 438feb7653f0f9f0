import { Temporal } from 'temporal-polyfill';
import { isZone } from './zone.js';

export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** No zone was ever further from UTC (Manila -15:56:08 and Alaska +15:02:24, both before 1868). */
const FURTHEST = 16 * 60 * MINUTE;

/** Offsets are asked of Temporal for this long at a time, and kept: one walk over the transitions, not one a day. */
const BLOCK = 400 * DAY;
const MAX_BLOCKS = 400; // a zone; 300 years are 274

/** `from <= t < to`: time during which a zone's clocks are `offset` milliseconds ahead of UTC. */
export interface Stretch {
  from: number;
  to: number;
  offset: number;
}

/**
 * The wall clock of one zone, for the years 1 to 9999.
 * An instant is epoch milliseconds. A local time is what the wall shows, as the epoch milliseconds at which UTC shows the
 * same; a day is a local date as its number of days since 1970-01-01.
 */
export class Clock {
  readonly zone: string;
  readonly #blocks = new Map<number, Stretch[]>();
  #latest: Stretch = { from: 0, to: 0, offset: 0 };

  constructor(zone: string) {
    this.zone = zone;
  }

  /** What to add to `instant` to get its local time. Old local mean times have seconds: Monrovia in 1960, -00:44:30. */
  offsetAt(instant: number): number {
    return this.#stretchAt(instant).offset;
  }

  /** Every instant, ascending, at which the wall shows `local`: none if a clock change skips it, two if one repeats it. */
  instantsAt(local: number): number[] {
    const instants: number[] = [];
    const end = local + FURTHEST;
    for (let stretch = this.#stretchAt(local - FURTHEST); stretch.from <= end; stretch = this.#stretchAt(stretch.to)) {
      const instant = local - stretch.offset;
      if (instant >= stretch.from && instant < stretch.to) instants.push(instant);
    }
    return instants;
  }

  /** The first instant at which the wall shows `local` or, where that is skipped, more. */
  firstInstantAt(local: number): number {
    let stretch = this.#stretchAt(local - FURTHEST);
    while (local - stretch.offset >= stretch.to) stretch = this.#stretchAt(stretch.to);
    return Math.max(stretch.from, local - stretch.offset);
  }

  /** The first instant of a day. One that the zone left out starts, and ends, where the next one starts. */
  startOfDay(day: number): number {
    return this.firstInstantAt(day * DAY);
  }

  /**
   * The day that `instant` is part of when each day runs from its first instant to that of the next. That is its date, but
   * for an hour that a change shortly after midnight sends back into the day before: it stays in the day that had begun.
   */
  dayOf(instant: number): number {
    let day = Math.floor((instant + this.offsetAt(instant)) / DAY);
    while (this.startOfDay(day + 1) <= instant) day++;
    return day;
  }

  /** The stretches of one offset each that touch `from <= t < to`, ascending. */
  stretches(from: number, to: number): Stretch[] {
    const found: Stretch[] = [];
    for (let stretch = this.#stretchAt(from); ; stretch = this.#stretchAt(stretch.to)) {
      const last = found.at(-1);
      if (last?.offset === stretch.offset) last.to = stretch.to;
      else found.push({ ...stretch });
      if (stretch.to >= to) return found;
    }
  }

  #stretchAt(instant: number): Stretch {
    if (instant >= this.#latest.from && instant < this.#latest.to) return this.#latest;
    const index = Math.floor(instant / BLOCK);
    let block = this.#blocks.get(index);
    if (block === undefined) {
      block = stretchesOf(this.zone, index * BLOCK, (index + 1) * BLOCK);
      if (this.#blocks.size >= MAX_BLOCKS) this.#blocks.clear();
      this.#blocks.set(index, block);
    }
    const stretch = block.find(({ to }) => instant < to);
    if (stretch === undefined) throw new RangeError(`no instant: ${instant}`);
    this.#latest = stretch;
    return stretch;
  }
}

function stretchesOf(zone: string, from: number, to: number): Stretch[] {
  const stretches: Stretch[] = [];
  let time = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone);
  for (;;) {
    const next = time.getTimeZoneTransition('next');
    const end = Math.min(next === null ? to : next.epochMilliseconds, to);
    stretches.push({ from: time.epochMilliseconds, to: end, offset: time.offsetNanoseconds / 1e6 });
    if (next === null || end === to) return stretches;
    time = next;
  }
}

/** The clocks used so far. Only names of zones get in, so it is bounded by the tz database. */
const clocks = new Map<string, Clock>();

/** The clock of a zone. Throws RangeError for a name that `isZone` refuses. */
export function clockOf(zone: string): Clock {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    if (!isZone(zone)) throw new RangeError(`no time zone: ${zone}`);
    clock = new Clock(zone);
    clocks.set(zone, clock);
  }
  return clock;
}
