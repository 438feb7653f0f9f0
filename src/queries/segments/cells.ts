import type { Cell, Measure } from '../measure.js';
import { NONE, type Values } from './decode.js';
import type { Grouped } from './groups.js';
import { both, type Mask, maskOf } from './masks.js';
import type { Rows } from './rows.js';

/** Computes one measure for many groups at once. */
export interface Accumulator {
  add(rows: Rows, grouped: Grouped): void;
  /** Adds what is known of one group to another. */
  merge(into: number, from: number): void;
  cell(group: number): Cell;
}

export function accumulatorOf(measure: Measure): Accumulator {
  const { filter } = measure;
  const masked = (rows: Rows): Mask => (filter === undefined ? null : maskOf(filter, rows));
  switch (measure.aggregate) {
    case 'count': {
      const { of } = measure;
      return new Count(of === undefined ? masked : (rows) => both(masked(rows), present(rows, of)));
    }
    case 'share':
      return new Share(masked, (rows) => both(masked(rows), maskOf(measure.where, rows)));
    case 'distinct':
      return new Distinct(measure.of, masked);
    case 'percentile':
      return new Percentile(measure.of, measure.p / 100, masked);
    default:
      return new Numbers(measure.of, measure.aggregate, masked);
  }
}

type Masked = (rows: Rows) => Mask;

/** The rows in which a field is not null. */
function present(rows: Rows, name: string): Mask {
  const { values, isCode } = rows.field(name);
  const mask = rows.arena.bytes(values.length);
  const none = isCode ? 0 : NONE;
  for (let n = 0; n < mask.length; n++) mask[n] = values[n] === none ? 0 : 1;
  return mask;
}

class Count implements Accumulator {
  readonly #counts = new Totals();
  readonly #masked: Masked;

  constructor(masked: Masked) {
    this.#masked = masked;
  }

  add(rows: Rows, { one, each, where, most }: Grouped): void {
    const counts = this.#counts.room(most);
    const { weights } = rows.frame;
    const mask = both(where, this.#masked(rows));
    if (each === null) counts[one] = (counts[one] as number) + counted(mask, weights, rows);
    else if (mask === null && weights === null) {
      for (let n = 0; n < each.length; n++) {
        const group = each[n] as number;
        if (group >= 0) counts[group] = (counts[group] as number) + 1;
      }
    } else {
      for (let n = 0; n < each.length; n++) {
        const group = each[n] as number;
        if (group < 0 || (mask !== null && mask[n] === 0)) continue;
        counts[group] = (counts[group] as number) + (weights === null ? 1 : (weights[n] as number));
      }
    }
  }

  merge(into: number, from: number): void {
    const counts = this.#counts.room(Math.max(into, from));
    counts[into] = (counts[into] as number) + (counts[from] as number);
  }

  cell(group: number): number {
    return this.#counts.at(group);
  }
}

/** The number of conversations that a mask leaves. */
function counted(mask: Mask, weights: Int32Array | null, rows: Rows): number {
  let count = 0;
  if (mask === null) {
    if (weights === null) return rows.length;
    for (let n = 0; n < weights.length; n++) count += weights[n] as number;
  } else if (weights === null) for (let n = 0; n < mask.length; n++) count += mask[n] as number;
  else for (let n = 0; n < mask.length; n++) count += (mask[n] as number) * (weights[n] as number);
  return count;
}

class Share implements Accumulator {
  readonly #all: Count;
  readonly #some: Count;

  constructor(all: Masked, some: Masked) {
    this.#all = new Count(all);
    this.#some = new Count(some);
  }

  add(rows: Rows, grouped: Grouped): void {
    this.#all.add(rows, grouped);
    this.#some.add(rows, grouped);
  }

  merge(into: number, from: number): void {
    this.#all.merge(into, from);
    this.#some.merge(into, from);
  }

  cell(group: number): Cell {
    const all = this.#all.cell(group);
    return all === 0 ? null : this.#some.cell(group) / all;
  }
}

/** Sum, mean, least and greatest of a number. */
class Numbers implements Accumulator {
  readonly #counts = new Totals();
  readonly #sums = new Totals();
  readonly #least = new Totals(Number.POSITIVE_INFINITY);
  readonly #most = new Totals(Number.NEGATIVE_INFINITY);
  readonly #of: string;
  readonly #aggregate: 'sum' | 'avg' | 'min' | 'max';
  readonly #masked: Masked;
  #toValue: (stored: number) => number = (stored) => stored;

  constructor(of: string, aggregate: 'sum' | 'avg' | 'min' | 'max', masked: Masked) {
    this.#of = of;
    this.#aggregate = aggregate;
    this.#masked = masked;
  }

  add(rows: Rows, { one, each, where, most }: Grouped): void {
    const { values, toValue } = rows.field(this.#of);
    this.#toValue = toValue as (stored: number) => number;
    const mask = both(where, this.#masked(rows));
    const { weights } = rows.frame;
    if (this.#aggregate === 'min' || this.#aggregate === 'max') {
      const [least, greatest] = [this.#least.room(most), this.#most.room(most)];
      for (let n = 0; n < values.length; n++) {
        const group = each === null ? one : (each[n] as number);
        const value = values[n] as number;
        if (group < 0 || value === NONE || (mask !== null && mask[n] === 0)) continue;
        if (value < (least[group] as number)) least[group] = value;
        if (value > (greatest[group] as number)) greatest[group] = value;
      }
      return;
    }
    const [sums, counts] = [this.#sums.room(most), this.#counts.room(most)];
    if (each === null && weights === null) {
      const [sum, count] = summed(values, mask);
      sums[one] = (sums[one] as number) + sum;
      counts[one] = (counts[one] as number) + count;
      return;
    }
    for (let n = 0; n < values.length; n++) {
      const group = each === null ? one : (each[n] as number);
      const value = values[n] as number;
      if (group < 0 || value === NONE || (mask !== null && mask[n] === 0)) continue;
      const weight = weights === null ? 1 : (weights[n] as number);
      sums[group] = (sums[group] as number) + value * weight;
      counts[group] = (counts[group] as number) + weight;
    }
  }

  merge(into: number, from: number): void {
    const most = Math.max(into, from);
    for (const totals of [this.#counts, this.#sums]) {
      const all = totals.room(most);
      all[into] = (all[into] as number) + (all[from] as number);
    }
    const [least, greatest] = [this.#least.room(most), this.#most.room(most)];
    least[into] = Math.min(least[into] as number, least[from] as number);
    greatest[into] = Math.max(greatest[into] as number, greatest[from] as number);
  }

  cell(group: number): Cell {
    if (this.#aggregate === 'min' || this.#aggregate === 'max') {
      const value = (this.#aggregate === 'min' ? this.#least : this.#most).at(group);
      return Number.isFinite(value) ? this.#toValue(value) : null;
    }
    const sum = this.#sums.at(group);
    if (!Number.isSafeInteger(sum)) throw new Inexact();
    if (this.#aggregate === 'sum') return this.#toValue(sum);
    const count = this.#counts.at(group);
    return count === 0 ? null : this.#toValue(sum) / count;
  }
}

function summed(values: Values, mask: Mask): [sum: number, count: number] {
  let [sum, count] = [0, 0];
  for (let n = 0; n < values.length; n++) {
    const value = values[n] as number;
    if (value === NONE || (mask !== null && mask[n] === 0)) continue;
    sum += value;
    count++;
  }
  return [sum, count];
}

/** Sorting more values would hold the event loop for more than 20 ms. The raw road answers then. */
const MAX_SORTED = 150_000;
export class TooMuchToSort extends Error {
  override message = 'it has too many values to sort';
}

/** A sum is too large for a double to be exact. The raw road answers then. */
export class Inexact extends Error {
  override message = 'a sum is too large to be added exactly';
}

/** Collects the values of each group. */
abstract class Collecting implements Accumulator {
  protected readonly lists: List[] = [];
  protected readonly of: string;
  readonly #masked: Masked;

  constructor(of: string, masked: Masked) {
    this.of = of;
    this.#masked = masked;
  }

  abstract cell(group: number): Cell;

  add(rows: Rows, { one, each, where }: Grouped): void {
    const { values, isCode } = rows.field(this.of);
    const mask = both(where, this.#masked(rows));
    const { weights } = rows.frame;
    const none = isCode ? 0 : NONE;
    for (let n = 0; n < values.length; n++) {
      const group = each === null ? one : (each[n] as number);
      const value = values[n] as number;
      if (group < 0 || value === none || (mask !== null && mask[n] === 0)) continue;
      const list = this.lists[group] ?? this.#listOf(group);
      if (list.length === list.all.length) list.grow();
      list.all[list.length++] = value;
      if (weights !== null) this.repeat(list, value, (weights[n] as number) - 1);
    }
  }

  #listOf(group: number): List {
    const list = new List();
    this.lists[group] = list;
    return list;
  }

  /** What further conversations with the same value add. */
  protected repeat(_list: List, _value: number, _times: number): void {}

  merge(into: number, from: number): void {
    const source = this.lists[from];
    if (source === undefined) return;
    const list = this.lists[into] ?? this.#listOf(into);
    for (let n = 0; n < source.length; n++) list.push(source.all[n] as number);
  }
}

class Distinct extends Collecting {
  #seen = new Uint8Array(1024);
  #isCode = true;

  override add(rows: Rows, grouped: Grouped): void {
    this.#isCode = rows.field(this.of).isCode;
    super.add(rows, grouped);
  }

  /** Marks the values in a table that all groups share, and clears it again. */
  cell(group: number): Cell {
    const list = this.lists[group];
    if (list === undefined) return 0;
    const all = list.all.subarray(0, list.length);
    if (!this.#isCode) return new Set(all).size;
    let most = 0;
    for (let n = 0; n < all.length; n++) if ((all[n] as number) > most) most = all[n] as number;
    if (most >= this.#seen.length) this.#seen = new Uint8Array(2 * most);
    const seen = this.#seen;
    let distinct = 0;
    for (let n = 0; n < all.length; n++) {
      const code = all[n] as number;
      distinct += 1 - (seen[code] as number);
      seen[code] = 1;
    }
    for (let n = 0; n < all.length; n++) seen[all[n] as number] = 0;
    return distinct;
  }
}

class Percentile extends Collecting {
  #toValue: (stored: number) => number = (stored) => stored;
  readonly #fraction: number;

  constructor(of: string, fraction: number, masked: Masked) {
    super(of, masked);
    this.#fraction = fraction;
  }

  override add(rows: Rows, grouped: Grouped): void {
    this.#toValue = rows.field(this.of).toValue as (stored: number) => number;
    super.add(rows, grouped);
  }

  protected override repeat(list: List, value: number, times: number): void {
    for (let n = 0; n < times; n++) list.push(value);
  }

  /** Interpolates as `percentile_cont` does. */
  cell(group: number): Cell {
    const list = this.lists[group];
    if (list === undefined || list.length === 0) return null;
    if (list.length > MAX_SORTED) throw new TooMuchToSort();
    const sorted = list.all.subarray(0, list.length).sort();
    const place = this.#fraction * (list.length - 1);
    const low = this.#toValue(sorted[Math.floor(place)] as number);
    const high = this.#toValue(sorted[Math.ceil(place)] as number);
    return low + (high - low) * (place - Math.floor(place));
  }
}

/** A growing list of numbers. */
class List {
  all = new Float64Array(8);
  length = 0;

  grow(): void {
    const longer = new Float64Array(2 * this.length);
    longer.set(this.all);
    this.all = longer;
  }

  push(value: number): void {
    if (this.length === this.all.length) this.grow();
    this.all[this.length++] = value;
  }
}

/** A number for each group. */
class Totals {
  #all: Float64Array;
  readonly #initial: number;

  constructor(initial = 0) {
    this.#initial = initial;
    this.#all = new Float64Array(16).fill(initial);
  }

  /** The numbers, with room for a group. */
  room(group: number): Float64Array {
    if (group < this.#all.length) return this.#all;
    const longer = new Float64Array(2 * (group + 1)).fill(this.#initial);
    longer.set(this.#all);
    this.#all = longer;
    return longer;
  }

  at(group: number): number {
    return this.#all[group] ?? this.#initial;
  }
}
