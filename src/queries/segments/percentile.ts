import type { Cell } from '../measure.js';
import type { Accumulator, Masked } from './cells.js';
import { NONE } from './decode.js';
import type { Grouped } from './groups.js';
import type { Rows } from './rows.js';

/** Selecting among more values would hold the event loop for more than 20 ms: a million took 12 to 19. The raw road answers then. */
const MAX_VALUES = 1 << 20;
export class TooManyValues extends Error {
  override message = 'it has too many values to select from';
}

/** Interpolated percentiles, as `percentile_cont` has them. */
export class Percentile implements Accumulator {
  readonly #lists: List[] = [];
  #toValue: (stored: number) => number = (stored) => stored;
  readonly #of: string;
  readonly #fraction: number;
  readonly #masked: Masked;

  constructor(of: string, fraction: number, masked: Masked) {
    this.#of = of;
    this.#fraction = fraction;
    this.#masked = masked;
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
    const list = new List();
    this.#lists[group] = list;
    return list;
  }

  merge(into: number, from: number): void {
    const source = this.#lists[from];
    if (source === undefined) return;
    const list = this.#lists[into] ?? this.#listOf(into);
    for (let n = 0; n < source.length; n++) list.push(source.all[n] as number);
  }

  cell(group: number): Cell {
    const list = this.#lists[group];
    if (list === undefined || list.length === 0) return null;
    if (list.length > MAX_VALUES) throw new TooManyValues();
    const place = this.#fraction * (list.length - 1);
    const [low, high] = neighbours(list.all.subarray(0, list.length), Math.floor(place), Math.ceil(place));
    const from = this.#toValue(low);
    return from + (this.#toValue(high) - from) * (place - Math.floor(place));
  }
}

/** Up to so many values are sorted. */
const FEW = 4_096;
const BINS = 1 << 14;

/** The values at two neighbouring places in order. Of many values, only those near the places are sorted. */
export function neighbours(all: Float64Array, first: number, second: number): [number, number] {
  let values = all;
  let [low, high] = [first, second];
  while (values.length > FEW) {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (let n = 0; n < values.length; n++) {
      const value = values[n] as number;
      if (value < least) least = value;
      if (value > most) most = value;
    }
    if (least === most) return [least, least];
    const scale = (BINS - 1) / (most - least);
    const counts = new Int32Array(BINS);
    for (let n = 0; n < values.length; n++) {
      const bin = Math.floor(((values[n] as number) - least) * scale);
      counts[bin] = (counts[bin] as number) + 1;
    }
    let [bin, before] = [0, 0];
    while (before + (counts[bin] as number) <= low) before += counts[bin++] as number;
    let [last, until] = [bin, before + (counts[bin] as number)];
    while (until <= high) until += counts[++last] as number;
    const near = new Float64Array(until - before);
    let found = 0;
    for (let n = 0; n < values.length; n++) {
      const own = Math.floor(((values[n] as number) - least) * scale);
      if (own >= bin && own <= last) near[found++] = values[n] as number;
    }
    if (near.length === values.length) break;
    [values, low, high] = [near, low - before, high - before];
  }
  const sorted = values.slice().sort();
  return [sorted[low] as number, sorted[high] as number];
}

/** A growing list of numbers. */
class List {
  all = new Float64Array(8);
  length = 0;

  push(value: number): void {
    if (this.length === this.all.length) {
      const longer = new Float64Array(2 * this.length);
      longer.set(this.all);
      this.all = longer;
    }
    this.all[this.length++] = value;
  }
}
