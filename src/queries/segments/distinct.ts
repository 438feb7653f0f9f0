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
export class CodeSet {
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
