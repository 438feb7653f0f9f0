import type { Cell } from '../measure.js';
import type { TimeSlice } from '../time-slice.js';
import type { Accumulator, Masked } from './cells.js';
import { NONE } from './decode.js';
import type { Grouped } from './groups.js';
import type { Rows } from './rows.js';

/**
 * Room for so many values of all percentiles of a query, which take 64 MB. Lists grow by doubling, so half of them always fit.
 * Beyond it the raw road answers.
 */
const MAX_VALUES = 1 << 23;

export class TooManyValues extends Error {
  override message = 'it has too many values to select from';
}

/** The room that is left for the values of a query. */
export class Room {
  #left = MAX_VALUES;

  take(values: number): void {
    this.#left -= values;
    if (this.#left < 0) throw new TooManyValues();
  }
}

/** A selection among more values is made in slices of time: a million would hold the event loop for 12 to 19 ms. */
const MANY = 1 << 16;

/** Interpolated percentiles, as `percentile_cont` has them. */
export class Percentile implements Accumulator {
  readonly #lists: List[] = [];
  #toValue: (stored: number) => number = (stored) => stored;
  readonly #of: string;
  readonly #fraction: number;
  readonly #masked: Masked;
  readonly #room: Room;
  /** The neighbours of groups with many values, once they are selected. */
  readonly #selected = new Map<number, [number, number]>();

  constructor(of: string, fraction: number, masked: Masked, room: Room) {
    this.#of = of;
    this.#fraction = fraction;
    this.#masked = masked;
    this.#room = room;
  }

  add(rows: Rows, { one, each }: Grouped): void {
    const { values, toValue } = rows.field(this.#of);
    this.#toValue = toValue as (stored: number) => number;
    const mask = this.#masked(rows);
    const { weights } = rows.frame;
    for (let n = 0; n < values.length; n++) {
      const group = each === null ? one : (each[n] as number);
      const value = values[n] as number;
      if (group < 0 || value === NONE || (mask !== null && mask[n] === 0)) continue;
      const list = this.#lists[group] ?? this.#listOf(group);
      for (let times = weights === null ? 1 : (weights[n] as number); times > 0; times--) list.push(value);
    }
  }

  #listOf(group: number): List {
    const list = new List(this.#room);
    this.#lists[group] = list;
    return list;
  }

  merge(into: number, from: number): void {
    const source = this.#lists[from];
    if (source === undefined) return;
    const list = this.#lists[into] ?? this.#listOf(into);
    for (const value of source.values()) list.push(value);
  }

  cell(group: number): Cell {
    const list = this.#lists[group];
    if (list === undefined || list.length === 0) return null;
    const place = this.#placeIn(list);
    const [low, high] = this.#selected.get(group) ?? neighbours(list.values(), place);
    const from = this.#toValue(low);
    return from + (this.#toValue(high) - from) * (place - Math.floor(place));
  }

  /** Selects among the values of a group, if they are many, before its cell is asked for. */
  async select(group: number, slice: TimeSlice): Promise<void> {
    const list = this.#lists[group];
    if (list === undefined || list.length <= MANY) return;
    const steps = selection(list.values(), this.#placeIn(list));
    let step = steps.next();
    while (!step.done) {
      if (slice.isOver()) await slice.next();
      step = steps.next();
    }
    this.#selected.set(group, step.value);
  }

  #placeIn(list: List): number {
    return this.#fraction * (list.length - 1);
  }
}

/** The values next to a place in order, below and above it: twice the same if the place is a whole number. */
export function neighbours(values: Float64Array, place: number): [number, number] {
  const steps = selection(values, place);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

/** Up to so many values are sorted. */
const FEW = 4_096;
const BINS = 1 << 14;

/** `neighbours` in steps of a fraction of a millisecond. Of many values, only those near the place are sorted. */
function* selection(all: Float64Array, place: number): Generator<void, [number, number]> {
  let values = all;
  let [low, high] = [Math.floor(place), Math.ceil(place)];
  while (values.length > FEW) {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const part of partsOf(values)) {
      for (let n = 0; n < part.length; n++) {
        const value = part[n] as number;
        if (value < least) least = value;
        if (value > most) most = value;
      }
      yield;
    }
    if (least === most) return [least, least];
    const scale = (BINS - 1) / (most - least);
    const counts = new Int32Array(BINS);
    for (const part of partsOf(values)) {
      for (let n = 0; n < part.length; n++) {
        const bin = Math.floor(((part[n] as number) - least) * scale);
        counts[bin] = (counts[bin] as number) + 1;
      }
      yield;
    }
    let [bin, before] = [0, 0];
    while (before + (counts[bin] as number) <= low) before += counts[bin++] as number;
    const until = before + (counts[bin] as number);
    let next = bin;
    if (until <= high)
      do next++;
      while (counts[next] === 0);
    // Those of the bin, and the least one above it: if the place is between two bins, that is the neighbour above.
    const near = new Float64Array(until - before);
    let [found, above] = [0, Number.POSITIVE_INFINITY];
    for (const part of partsOf(values)) {
      for (let n = 0; n < part.length; n++) {
        const value = part[n] as number;
        const own = Math.floor((value - least) * scale);
        if (own === bin) near[found++] = value;
        else if (own === next && value < above) above = value;
      }
      yield;
    }
    if (next > bin) {
      let greatest = Number.NEGATIVE_INFINITY;
      for (let n = 0; n < near.length; n++) greatest = Math.max(greatest, near[n] as number);
      return [greatest, above];
    }
    [values, low, high] = [near, low - before, high - before];
  }
  const sorted = values.slice().sort();
  return [sorted[low] as number, sorted[high] as number];
}

function* partsOf(values: Float64Array): Generator<Float64Array> {
  for (let from = 0; from < values.length; from += MANY) yield values.subarray(from, from + MANY);
}

/** A growing list of numbers. */
class List {
  length = 0;
  #all = new Float64Array(8);
  readonly #room: Room;

  constructor(room: Room) {
    this.#room = room;
    room.take(this.#all.length);
  }

  push(value: number): void {
    if (this.length === this.#all.length) {
      this.#room.take(this.length);
      const longer = new Float64Array(2 * this.length);
      longer.set(this.#all);
      this.#all = longer;
    }
    this.#all[this.length++] = value;
  }

  values(): Float64Array {
    return this.#all.subarray(0, this.length);
  }
}
