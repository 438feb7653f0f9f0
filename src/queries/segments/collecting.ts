import type { Cell } from '../measure.js';
import type { Accumulator, Masked } from './cells.js';
import { NONE, type Values } from './decode.js';
import type { Grouped } from './groups.js';
import type { Mask } from './masks.js';
import type { Rows } from './rows.js';

/** The number of different values of a field in each group. */
export class Distinct implements Accumulator {
  readonly #sets: (CodeSet | Set<number>)[] = [];
  readonly #of: string;
  readonly #masked: Masked;

  constructor(of: string, masked: Masked) {
    this.#of = of;
    this.#masked = masked;
  }

  add(rows: Rows, { one, each }: Grouped): void {
    const { values, isCode } = rows.field(this.#of);
    const mask = this.#masked(rows);
    if (each === null) {
      const set = this.#setOf(one, isCode);
      if (set instanceof CodeSet) addAll(set, values, mask);
      else for (let n = 0; n < values.length; n++) if (isTaken(values, mask, n)) set.add(values[n] as number);
      return;
    }
    for (let n = 0; n < values.length; n++) {
      const group = each[n] as number;
      const value = values[n] as number;
      if (group < 0 || (mask !== null && mask[n] === 0) || value === (isCode ? 0 : NONE)) continue;
      (this.#sets[group] ?? this.#setOf(group, isCode)).add(value);
    }
  }

  #setOf(group: number, isCode: boolean): CodeSet | Set<number> {
    const set = this.#sets[group] ?? (isCode ? new CodeSet() : new Set<number>());
    this.#sets[group] = set;
    return set;
  }

  merge(into: number, from: number): void {
    const source = this.#sets[from];
    if (source === undefined) return;
    const set = this.#setOf(into, source instanceof CodeSet);
    for (const value of source.values()) set.add(value);
  }

  cell(group: number): number {
    return this.#sets[group]?.size ?? 0;
  }
}

const isTaken = (values: Values, mask: Mask, n: number) => values[n] !== NONE && (mask === null || mask[n] === 1);

function addAll(set: CodeSet, values: Values, mask: Mask): void {
  for (let n = 0; n < values.length; n++) {
    const code = values[n] as number;
    if (code !== 0 && (mask === null || mask[n] === 1)) set.add(code);
  }
}

/**
 * Codes, from 1: a list while they are few, else a bit for each, whichever is smaller. Many small groups cost what their
 * values do, and large ones no more than a bit for each code.
 */
class CodeSet {
  #list: Int32Array | null = new Int32Array(8);
  #length = 0;
  #most = 0;
  #bits = EMPTY;

  add(code: number): void {
    const list = this.#list;
    if (list === null) {
      const word = code >>> 5;
      if (word >= this.#bits.length) this.#widen(word);
      this.#bits[word] = (this.#bits[word] as number) | (1 << (code & 31));
      return;
    }
    if (this.#length === list.length) {
      this.#grow(list);
      this.add(code);
      return;
    }
    list[this.#length++] = code;
    if (code > this.#most) this.#most = code;
  }

  /** A longer list, or bits once they need no more room. */
  #grow(list: Int32Array): void {
    if (2 * list.length < this.#most >>> 5) {
      this.#list = new Int32Array(2 * list.length);
      this.#list.set(list);
      return;
    }
    this.#toBits(list);
  }

  #toBits(list: Int32Array): void {
    this.#list = null;
    this.#bits = new Int32Array((this.#most >>> 5) + 1);
    for (let n = 0; n < this.#length; n++) this.add(list[n] as number);
  }

  #widen(word: number): void {
    const wider = new Int32Array(Math.max(word + 1, this.#bits.length + (this.#bits.length >> 1)));
    wider.set(this.#bits);
    this.#bits = wider;
  }

  get size(): number {
    if (this.#list !== null) return different(this.#list.subarray(0, this.#length), this.#most);
    let size = 0;
    for (let n = 0; n < this.#bits.length; n++) size += ones(this.#bits[n] as number);
    return size;
  }

  *values(): Generator<number> {
    if (this.#list !== null) yield* this.#list.subarray(0, this.#length);
    else {
      for (let word = 0; word < this.#bits.length; word++) {
        const bits = this.#bits[word] as number;
        for (let bit = 0; bits !== 0 && bit < 32; bit++) if ((bits >>> bit) & 1) yield 32 * word + bit;
      }
    }
  }
}

const EMPTY = new Int32Array(0);

/** The number of bits that are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x5555_5555);
  const nibbles = (pairs & 0x3333_3333) + ((pairs >>> 2) & 0x3333_3333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f_0f0f, 0x0101_0101) >>> 24;
}

let seen = new Uint8Array(1024);

/** The number of different codes of a list: marked in a table that all lists share, and cleared again. */
function different(codes: Int32Array, most: number): number {
  if (most >= seen.length) seen = new Uint8Array(2 * most);
  let size = 0;
  for (let n = 0; n < codes.length; n++) {
    const code = codes[n] as number;
    size += 1 - (seen[code] as number);
    seen[code] = 1;
  }
  for (let n = 0; n < codes.length; n++) seen[codes[n] as number] = 0;
  return size;
}

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
function neighbours(all: Float64Array, first: number, second: number): [number, number] {
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
