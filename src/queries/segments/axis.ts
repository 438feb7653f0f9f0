import type { Part } from '../raw/raw.js';
import { clockOf } from '../time/clock.js';

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const MINUTE = 60_000;

/** The bucket of each instant in one part of a query: `cuts[n]` to `cuts[n + 1]` is in `buckets[n]`, -1 for none. */
export interface Axis {
  cuts: Float64Array;
  buckets: Int32Array;
}

/** The axis of a part: the edges of its buckets, as far as they are in its window. */
export function axisOf({ window: { from, to }, edges }: Part): Axis {
  const cuts = [from];
  const buckets: number[] = [];
  for (let n = 0; n < edges.length - 1; n++) {
    const end = Math.min(to, edges[n + 1] as number);
    if (end <= (cuts.at(-1) as number)) continue;
    cuts.push(end);
    buckets.push(n);
  }
  return { cuts: Float64Array.from(cuts), buckets: Int32Array.from([...buckets, -1]) };
}

/** The position in `cuts` of the last one that is not after `time`; -1 for none. */
function place(cuts: Float64Array, time: number): number {
  let [low, high] = [0, cuts.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((cuts[middle] as number) <= time) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

export const bucketAt = ({ cuts, buckets }: Axis, time: number): number => {
  const found = place(cuts, time);
  return found < 0 ? -1 : (buckets[found] as number);
};

/** Whether all of a range of time is in one bucket, or in none. */
export const isUncut = ({ cuts }: Axis, from: number, to: number): boolean => place(cuts, from) === place(cuts, to - 1);

/** The hour and weekday of instants in a time zone. */
export interface LocalClock {
  /** The parts of the time that decide: 0 if the hour does, 1 for the minute too, 2 for the millisecond too. */
  precision: 0 | 1 | 2;
  hourOfDay(time: number): number;
  /** From 1, Monday, to 7. */
  dayOfWeek(time: number): number;
}

export function localClock(parts: Part[]): LocalClock {
  const from = Math.min(...parts.map(({ window }) => window.from));
  const to = Math.max(...parts.map(({ window }) => window.to));
  const stretches = clockOf((parts[0] as Part).window.zone).stretches(from, to);
  const starts = Float64Array.from(stretches.map((stretch) => stretch.from));
  const offsets = stretches.map(({ offset }) => offset);
  const local = (time: number) => time + (offsets[Math.max(0, place(starts, time))] as number);
  const decisive = [...offsets, ...starts.slice(1)];
  return {
    precision: Math.max(...decisive.map(precisionOf)) as 0 | 1 | 2,
    hourOfDay: (time) => modulo(Math.floor(local(time) / HOUR), 24),
    dayOfWeek: (time) => modulo(Math.floor(local(time) / (24 * HOUR)) + 3, 7) + 1,
  };
}

/** What decides on which side of an instant a time is: 0 for its hour, 1 if its minute does too, 2 if its millisecond does. */
export const precisionOf = (instant: number): 0 | 1 | 2 => (instant % HOUR === 0 ? 0 : instant % MINUTE === 0 ? 1 : 2);

const modulo = (value: number, by: number) => ((value % by) + by) % by;
