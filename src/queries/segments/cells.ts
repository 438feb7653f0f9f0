import type { Cell, Measure } from '../measure.js';
import { both, type Mask, maskOf } from './masks.js';
import type { Rows } from './rows.js';

/** Computes one measure for many groups at once. Groups are numbered from 0; -1 is none. */
export interface Accumulator {
  add(rows: Rows, groups: Int32Array): void;
  /** Adds what is known of one group to another. */
  merge(into: number, from: number): void;
  cell(group: number): Cell;
}

export function accumulatorOf(measure: Measure): Accumulator {
  const filter = measure.filter;
  const masked = (rows: Rows): Mask => (filter === undefined ? null : maskOf(filter, rows));
  switch (measure.aggregate) {
    case 'count':
      return new Count((rows) =>
        measure.of === undefined ? masked(rows) : both(masked(rows), present(rows, measure.of)),
      );
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
  const mask = new Uint8Array(values.length);
  if (isCode) for (let n = 0; n < mask.length; n++) mask[n] = values[n] === 0 ? 0 : 1;
  else for (let n = 0; n < mask.length; n++) mask[n] = Number.isNaN(values[n] as number) ? 0 : 1;
  return mask;
}

class Count implements Accumulator {
  readonly #counts = new Totals();
  readonly masked: Masked;
  constructor(masked: Masked) {
    this.masked = masked;
  }

  add(rows: Rows, groups: Int32Array): void {
    count(this.#counts, rows, groups, this.masked(rows));
  }

  merge(into: number, from: number): void {
    this.#counts.room(Math.max(into, from));
    this.#counts.all[into] = (this.#counts.all[into] as number) + (this.#counts.all[from] as number);
  }

  cell = (group: number): Cell => this.#counts.all[group] ?? 0;
}

class Share implements Accumulator {
  readonly #all: Count;
  readonly #some: Count;
  constructor(all: Masked, some: Masked) {
    this.#all = new Count(all);
    this.#some = new Count(some);
  }

  add(rows: Rows, groups: Int32Array): void {
    this.#all.add(rows, groups);
    this.#some.add(rows, groups);
  }

  merge(into: number, from: number): void {
    this.#all.merge(into, from);
    this.#some.merge(into, from);
  }

  cell(group: number): Cell {
    const all = Number(this.#all.cell(group));
    return all === 0 ? null : Number(this.#some.cell(group)) / all;
  }
}

/** Sum, mean, least and greatest of a number. */
class Numbers implements Accumulator {
  readonly #counts = new Totals();
  readonly #sums = new Totals();
  readonly #least = new Totals(Number.POSITIVE_INFINITY);
  readonly #most = new Totals(Number.NEGATIVE_INFINITY);
  #toValue: (stored: number) => number = (stored) => stored;

  readonly of: string;
  readonly aggregate: 'sum' | 'avg' | 'min' | 'max';
  readonly masked: Masked;
  constructor(of: string, aggregate: 'sum' | 'avg' | 'min' | 'max', masked: Masked) {
    this.of = of;
    this.aggregate = aggregate;
    this.masked = masked;
  }

  add(rows: Rows, groups: Int32Array): void {
    const { values, toValue } = rows.field(this.of);
    this.#toValue = toValue as (stored: number) => number;
    const mask = this.masked(rows);
    const { weights } = rows.frame;
    const most = greatest(groups);
    if (this.aggregate === 'sum' || this.aggregate === 'avg') {
      const [sums, counts] = [this.#sums.room(most), this.#counts.room(most)];
      for (let n = 0; n < groups.length; n++) {
        const group = groups[n] as number;
        const value = values[n] as number;
        if (group < 0 || Number.isNaN(value) || (mask !== null && mask[n] === 0)) continue;
        const weight = weights === null ? 1 : (weights[n] as number);
        sums[group] = (sums[group] as number) + value * weight;
        counts[group] = (counts[group] as number) + weight;
      }
      return;
    }
    const [least, greater] = [this.#least.room(most), this.#most.room(most)];
    for (let n = 0; n < groups.length; n++) {
      const group = groups[n] as number;
      const value = values[n] as number;
      if (group < 0 || Number.isNaN(value) || (mask !== null && mask[n] === 0)) continue;
      if (value < (least[group] as number)) least[group] = value;
      if (value > (greater[group] as number)) greater[group] = value;
    }
  }

  merge(into: number, from: number): void {
    for (const totals of [this.#counts, this.#sums]) {
      const all = totals.room(Math.max(into, from));
      all[into] = (all[into] as number) + (all[from] as number);
    }
    const least = this.#least.room(Math.max(into, from));
    least[into] = Math.min(least[into] as number, least[from] as number);
    const most = this.#most.room(Math.max(into, from));
    most[into] = Math.max(most[into] as number, most[from] as number);
  }

  cell(group: number): Cell {
    if (this.aggregate === 'min' || this.aggregate === 'max') {
      const value = (this.aggregate === 'min' ? this.#least : this.#most).all[group] ?? Number.NaN;
      return Number.isFinite(value) ? this.#toValue(value) : null;
    }
    const sum = this.#sums.all[group] ?? 0;
    if (!Number.isSafeInteger(sum)) throw new Inexact();
    if (this.aggregate === 'sum') return this.#toValue(sum);
    const counted = this.#counts.all[group] ?? 0;
    return counted === 0 ? null : this.#toValue(sum) / counted;
  }
}

/** A sum is too large for a double to be exact. The raw road answers then. */
export class Inexact extends Error {}

/** Collects the values of each group. */
abstract class Collecting implements Accumulator {
  protected readonly lists: List[] = [];
  readonly of: string;
  readonly masked: Masked;
  constructor(of: string, masked: Masked) {
    this.of = of;
    this.masked = masked;
  }

  abstract cell(group: number): Cell;

  add(rows: Rows, groups: Int32Array): void {
    const { values, isCode } = rows.field(this.of);
    const mask = this.masked(rows);
    const { weights } = rows.frame;
    for (let n = 0; n < groups.length; n++) {
      const group = groups[n] as number;
      const value = values[n] as number;
      if (group < 0 || Number.isNaN(value) || (isCode && value === 0) || (mask !== null && mask[n] === 0)) continue;
      this.collect(group, value, weights === null ? 1 : (weights[n] as number), rows);
    }
  }

  protected collect(group: number, value: number, times: number, _rows: Rows): void {
    this.lists[group] ??= new List();
    const list = this.lists[group] as List;
    for (let n = 0; n < times; n++) list.push(value);
  }

  merge(into: number, from: number): void {
    const source = this.lists[from];
    if (source === undefined) return;
    this.lists[into] ??= new List();
    const list = this.lists[into] as List;
    for (let n = 0; n < source.length; n++) list.push(source.all[n] as number);
  }
}

class Distinct extends Collecting {
  #seen = new Uint8Array(0);
  #isNumber = false;

  protected override collect(group: number, value: number, _times: number, rows: Rows): void {
    this.#isNumber = !rows.field(this.of).isCode;
    super.collect(group, value, 1, rows);
  }

  /** Marks the values in a table that all groups share, and clears it again. */
  cell(group: number): Cell {
    const list = this.lists[group];
    if (list === undefined) return 0;
    if (this.#isNumber) return new Set(list.all.subarray(0, list.length)).size;
    const { all, length } = list;
    let size = this.#seen.length;
    for (let n = 0; n < length; n++) if ((all[n] as number) >= size) size = 2 * (all[n] as number) + 1;
    if (size > this.#seen.length) this.#seen = new Uint8Array(size);
    const seen = this.#seen;
    let distinct = 0;
    for (let n = 0; n < length; n++) {
      distinct += 1 - (seen[all[n] as number] as number);
      seen[all[n] as number] = 1;
    }
    for (let n = 0; n < length; n++) seen[all[n] as number] = 0;
    return distinct;
  }
}

class Percentile extends Collecting {
  #toValue: (stored: number) => number = (stored) => stored;
  readonly fraction: number;
  constructor(of: string, fraction: number, masked: Masked) {
    super(of, masked);
    this.fraction = fraction;
  }

  override add(rows: Rows, groups: Int32Array): void {
    this.#toValue = rows.field(this.of).toValue as (stored: number) => number;
    super.add(rows, groups);
  }

  /** Interpolates as `percentile_cont` does. */
  cell(group: number): Cell {
    const list = this.lists[group];
    if (list === undefined || list.length === 0) return null;
    const sorted = list.all.subarray(0, list.length).sort();
    const place = this.fraction * (list.length - 1);
    const low = this.#toValue(sorted[Math.floor(place)] as number);
    const high = this.#toValue(sorted[Math.ceil(place)] as number);
    return low + (high - low) * (place - Math.floor(place));
  }
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

/** A number for each group. */
class Totals {
  all = new Float64Array(0);
  readonly initial: number;
  constructor(initial = 0) {
    this.initial = initial;
    this.room(15);
  }

  /** Makes room for a group. */
  room(group: number): Float64Array {
    if (group < this.all.length) return this.all;
    const longer = new Float64Array(2 * (group + 1)).fill(this.initial);
    longer.set(this.all);
    this.all = longer;
    return longer;
  }
}

function greatest(groups: Int32Array): number {
  let most = 0;
  for (let n = 0; n < groups.length; n++) if ((groups[n] as number) > most) most = groups[n] as number;
  return most;
}

function count(totals: Totals, { frame }: Rows, groups: Int32Array, mask: Mask): void {
  const counts = totals.room(greatest(groups));
  const { weights } = frame;
  for (let n = 0; n < groups.length; n++) {
    const group = groups[n] as number;
    if (group < 0 || (mask !== null && mask[n] === 0)) continue;
    counts[group] = (counts[group] as number) + (weights === null ? 1 : (weights[n] as number));
  }
}
