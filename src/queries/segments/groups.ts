import type { Value } from '../filter.js';
import { type Axis, bucketAt, HOUR, isUncut } from './axis.js';
import { NONE, type Values } from './decode.js';
import type { Plan } from './plan.js';
import type { Rows } from './rows.js';
import type { ColumnName } from './section.js';
import type { Words } from './words.js';

/** Up to so many combinations of bucket and keys are looked up in a table. */
const TABLE = 1 << 22;

/** Beyond so many different values of a number, or groups, the raw road answers. */
const MAX_NUMBERS = 4_096;
const MAX_GROUPS = 1 << 20;

/** There are more groups than this road is made for. */
export class TooManyGroups extends Error {
  override message = 'it has too many groups for segments';
}

/** The groups of the rows of a segment. */
export interface Grouped {
  /** The group of each row, -1 for rows that are not counted; null if all rows are in the group `one`. */
  each: Int32Array | Float64Array | null;
  one: number;
  /** No group has a greater number. */
  most: number;
}

/** One group: a bucket of a part, with the values of the query's dimensions. */
export interface Group {
  part: number;
  bucket: number;
  /** The same number for the same keys. */
  place: number;
  keys: Value[];
}

/** Numbers the groups of a query as rows bring them. */
export class Groups {
  /** Combinations of bucket and keys, by the number of their group. */
  readonly #combinations: number[] = [];
  readonly #numbers: NumberCodes[];
  /** The first bucket of each part in one sequence. */
  readonly #offsets: number[] = [];
  readonly #buckets: number;
  #table: Int32Array | null = null;
  readonly #map = new Map<number, number>();
  #sizes: number[] | null = null;
  /** The combinations of keys in one bucket. */
  #each = 1;
  readonly #keys = new Map<number, Value[]>();
  #toValues: ((stored: number) => Value)[] = [];

  readonly plan: Plan;
  readonly words: Map<ColumnName, Words>;
  constructor(plan: Plan, words: Map<ColumnName, Words>) {
    this.plan = plan;
    this.words = words;
    let buckets = 0;
    for (const { edges } of plan.parts) {
      this.#offsets.push(buckets);
      buckets += edges.length - 1;
    }
    this.#buckets = buckets;
    this.#numbers = plan.query.groupBy.map(() => ({ codes: new Map(), values: [] }));
  }

  get length(): number {
    return this.#combinations.length;
  }

  /** The groups of rows in one part; null if none of them is counted. */
  of(rows: Rows, part: number): Grouped | null {
    const axis = this.plan.axes[part] as Axis;
    const { from, to } = rows.frame;
    const { groupBy } = this.plan.query;
    this.#sizes ??= this.#sizesOf(rows);
    const offset = this.#offsets[part] as number;
    let bucket = -1;
    if (isUncut(axis, from, to)) {
      bucket = bucketAt(axis, from);
      if (bucket < 0) return null;
      if (groupBy.length === 0) return { one: this.#groupOf(bucket + offset), each: null, most: this.length };
    }
    const each = this.#table === null ? rows.arena.doubles(rows.length) : rows.arena.integers(rows.length);
    const codes = groupBy.map((name, k) => this.#codesOf(rows, name, k));
    const [first, ...more] = codes;
    if (bucket < 0) this.#setBuckets(each, rows, axis, offset);
    else if (first !== undefined) begin(each, first, (bucket + offset) * (this.#sizes[0] as number));
    for (const [k, values] of (bucket < 0 ? codes : more).entries()) {
      combine(each, values, this.#sizes[bucket < 0 ? k : k + 1] as number);
    }
    this.#number(each);
    return { one: -1, each, most: this.length };
  }

  /** Puts the number of its group in place of each combination. */
  #number(each: Codes): void {
    const table = this.#table;
    for (let n = 0; n < each.length; n++) {
      const combination = each[n] as number;
      if (combination < 0) continue;
      const group = table === null ? -1 : (table[combination] as number) - 1;
      each[n] = group >= 0 ? group : this.#groupOf(combination);
    }
  }

  /** The group of a combination, a new one if it is the first. */
  #groupOf(combination: number): number {
    const known = this.#table === null ? this.#map.get(combination) : (this.#table[combination] as number) - 1;
    if (known !== undefined && known >= 0) return known;
    const group = this.#add(combination);
    if (this.#table === null) this.#map.set(combination, group);
    else this.#table[combination] = group + 1;
    return group;
  }

  /** One more group, for others to be merged into. */
  extra(): number {
    return this.#add(-1);
  }

  at(group: number): Group {
    const combination = this.#combinations[group] as number;
    const bucket = Math.floor(combination / this.#each);
    const part = bucket >= (this.#offsets[1] ?? Number.POSITIVE_INFINITY) ? 1 : 0;
    const place = combination - bucket * this.#each;
    let keys = this.#keys.get(place);
    if (keys === undefined) {
      const sizes = this.#sizes as number[];
      keys = [];
      for (let n = sizes.length - 1, rest = place; n >= 0; rest = Math.floor(rest / (sizes[n] as number)), n--) {
        keys.unshift(this.#keyOf(n, rest % (sizes[n] as number)));
      }
      this.#keys.set(place, keys);
    }
    return { part, bucket: bucket - (this.#offsets[part] as number), place, keys };
  }

  #add(combination: number): number {
    if (this.#combinations.length >= MAX_GROUPS) throw new TooManyGroups();
    return this.#combinations.push(combination) - 1;
  }

  #keyOf(n: number, code: number): Value {
    const name = this.plan.query.groupBy[n] as string;
    const words = this.#wordsOf[n];
    if (words !== null && words !== undefined) return words.textOf(code);
    if (code === 0) return null;
    const value = (this.#numbers[n] as NumberCodes).values[code - 1];
    if (value === undefined) throw new TypeError(`${name} has no value ${code}`);
    return (this.#toValues[n] as (stored: number) => Value)(value);
  }

  #wordsOf: (Words | null)[] = [];

  /** The sizes of the dimensions, known with the first rows: all words have arrived then. */
  #sizesOf(rows: Rows): number[] {
    const sizes = this.plan.query.groupBy.map((name, n) => {
      const { codes, toValue } = rows.field(name);
      this.#wordsOf[n] = codes;
      this.#toValues[n] = toValue;
      return codes === null ? MAX_NUMBERS : codes.size;
    });
    this.#each = sizes.reduce((product, size) => product * size, 1);
    const all = this.#each * this.#buckets;
    if (all > Number.MAX_SAFE_INTEGER) throw new TooManyGroups();
    if (all <= TABLE) this.#table = new Int32Array(all);
    return sizes;
  }

  #codesOf(rows: Rows, name: string, n: number): Values {
    const { values, isCode } = rows.field(name);
    if (isCode) return values;
    const { codes, values: known } = this.#numbers[n] as NumberCodes;
    const own = rows.arena.integers(values.length);
    for (let row = 0; row < own.length; row++) {
      const value = values[row] as number;
      if (value === NONE) {
        own[row] = 0;
        continue;
      }
      let code = codes.get(value);
      if (code === undefined) {
        code = known.push(value);
        if (code >= MAX_NUMBERS) throw new TooManyGroups();
        codes.set(value, code);
      }
      own[row] = code;
    }
    return own;
  }

  /** Sets the bucket of each row, in the sequence of all parts; -1 for none. */
  #setBuckets(buckets: Codes, rows: Rows, axis: Axis, offset: number): void {
    const { from, to } = rows.frame;
    const hours = rows.column('hour');
    const first = from / HOUR;
    const ofHour = new Int32Array((to - from) / HOUR).fill(UNKNOWN);
    let timeOf: ((row: number) => number) | null = null;
    for (let n = 0; n < buckets.length; n++) {
      const hour = (hours[n] as number) - first;
      let bucket = ofHour[hour] as number;
      if (bucket === UNKNOWN) {
        const start = from + hour * HOUR;
        bucket = isUncut(axis, start, start + HOUR) ? bucketAt(axis, start) : CUT;
        ofHour[hour] = bucket;
      }
      if (bucket === CUT) {
        timeOf ??= this.#preciseTimes(rows);
        bucket = bucketAt(axis, timeOf(n));
      }
      buckets[n] = bucket < 0 ? -1 : bucket + offset;
    }
  }

  /** The times of rows, of which every part must be there that decides on which side of a cut a row is. */
  #preciseTimes(rows: Rows): (row: number) => number {
    const { from, to } = rows.frame;
    const isInside = (cut: number) => cut > from && cut < to;
    if (this.plan.cuts[1]?.some(isInside)) rows.column('minute');
    if (this.plan.cuts[2]?.some(isInside)) rows.column('millisecond');
    return rows.timeOf();
  }
}

/** Begins combinations in one bucket with the codes of the first dimension. */
function begin(combinations: Codes, codes: Values, from: number): void {
  for (let n = 0; n < combinations.length; n++) combinations[n] = from + (codes[n] as number);
}

/** Adds the codes of a dimension to combinations; -1 stays. */
function combine(combinations: Codes, codes: Values, size: number): void {
  for (let n = 0; n < combinations.length; n++) {
    const combination = combinations[n] as number;
    if (combination >= 0) combinations[n] = combination * size + (codes[n] as number);
  }
}

const UNKNOWN = -3;
const CUT = -2;

type Codes = Int32Array | Float64Array;

/** Codes from 1 for the values of a number, as they come. */
interface NumberCodes {
  codes: Map<number, number>;
  values: number[];
}
