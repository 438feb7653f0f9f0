import type { Cell, Measure } from '../measure.js';
import type { TimeSlice } from '../time-slice.js';
import { NONE, type Values } from './decode.js';
import { Distinct } from './distinct.js';
import type { Grouped } from './groups.js';
import { both, type Mask, maskOf } from './masks.js';
import { Percentile, type Room } from './percentile.js';
import type { Rows } from './rows.js';

/** Computes one measure for many groups at once. */
export interface Accumulator {
  add(rows: Rows, grouped: Grouped): void;
  /** Adds what is known of one group to another. */
  merge(into: number, from: number): void;
  cell(group: number): Cell;
  /** Does what the cell of a group needs if it takes long, in slices of time. */
  select?(group: number, slice: TimeSlice): Promise<void>;
}

export function accumulatorOf(measure: Measure, room: Room): Accumulator {
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
      return new Percentile(measure.of, measure.p / 100, masked, room);
    default:
      return new Numbers(measure.of, measure.aggregate, masked);
  }
}

/** The rows that a measure takes of those that match the query. */
export type Masked = (rows: Rows) => Mask;

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

  add(rows: Rows, { one, each, most }: Grouped): void {
    const counts = this.#counts.room(most);
    const { weights } = rows.frame;
    const mask = this.#masked(rows);
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

  add(rows: Rows, { one, each, most }: Grouped): void {
    const { values, toValue } = rows.field(this.#of);
    this.#toValue = toValue as (stored: number) => number;
    const mask = this.#masked(rows);
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

/** A sum is too large for a double to be exact. The raw road answers then. */
export class Inexact extends Error {
  override message = 'a sum is too large to be added exactly';
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
