import { Temporal } from 'temporal-polyfill';
import { isZone } from './zone.js';

export const MINUTE = 60_000;
export const DAY = 86_400_000;

/** The largest offset that any zone ever had (Manila -15:56:08 and Alaska +15:02:24, both before 1868). */
const FURTHEST = 16 * 60 * MINUTE;

/**
 * Offsets are fetched from Temporal for this many days at a time and cached, so the transitions are walked once, not
 * daily.
 */
const BLOCK = 400 * DAY;
const MAX_BLOCKS = 400; // a zone; 300 years are 274

/** A range of time, `from <= t < to`, in which the clocks of a zone are `offset` milliseconds ahead of UTC. */
export interface Stretch {
  from: number;
  to: number;
  offset: number;
}

/**
 * The wall clock of one time zone, for the years 1 to 9999. An instant is epoch milliseconds. A local time is the epoch
 * milliseconds at which UTC shows the same date and time. A day is a local date as the number of days since 1970-01-01.
 *
 * It caches offsets, because asking Temporal for every instant is slow: the axis of a year took about 100 times as long (hours:
 * 19 ms instead of 0.2 ms).
 */
export class Clock {
  readonly zone: string;
  readonly #blocks = new Map<number, Stretch[]>();
  #latest: Stretch = { from: 0, to: 0, offset: 0 };

  constructor(zone: string) {
    this.zone = zone;
  }

  /**
   * What to add to `instant` to get its local time. Old local mean times have seconds, such as Monrovia's -00:44:30 in
   * 1960.
   */
  offsetAt(instant: number): number {
    return this.#stretchAt(instant).offset;
  }

  /** Every instant with the local time `local`, ascending: none if a clock change skips it, two if one repeats it. */
  instantsAt(local: number): number[] {
    const instants: number[] = [];
    const end = local + FURTHEST;
    for (let stretch = this.#stretchAt(local - FURTHEST); stretch.from <= end; stretch = this.#stretchAt(stretch.to)) {
      const instant = local - stretch.offset;
      if (instant >= stretch.from && instant < stretch.to) instants.push(instant);
    }
    return instants;
  }

  /** The first instant with the local time `local`, or with a later one if a clock change skips it. */
  firstInstantAt(local: number): number {
    let stretch = this.#stretchAt(local - FURTHEST);
    while (local - stretch.offset >= stretch.to) stretch = this.#stretchAt(stretch.to);
    return Math.max(stretch.from, local - stretch.offset);
  }

  /** The first instant of a day. A day that the zone skipped starts and ends where the next one starts. */
  startOfDay(day: number): number {
    return this.firstInstantAt(day * DAY);
  }

  /**
   * The day that contains `instant`, where a day runs from its first instant to that of the next. This is the local
   * date, except when a clock change shortly after midnight goes back into the day before: that hour stays in the day
   * that had begun.
   */
  dayOf(instant: number): number {
    let day = Math.floor((instant + this.offsetAt(instant)) / DAY);
    while (this.startOfDay(day + 1) <= instant) day++;
    return day;
  }

  /** The ranges of constant offset that overlap `from <= t < to`, ascending. */
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

/** The clocks used so far. Only valid zone names are added, so its size is bounded by the tz database. */
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
