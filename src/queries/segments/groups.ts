import type { Value } from '../filter.js';
import { bucketAt, HOUR, isUncut, precisionOf } from './axis.js';
import type { ColumnName } from './columns.js';
import type { Mask } from './masks.js';
import type { Plan } from './plan.js';
import type { Rows } from './rows.js';
import type { Words } from './words.js';

/** Up to so many combinations of bucket and keys are looked up in a table. */
const TABLE = 1 << 22;

/** Beyond so many different values of a number, or groups, the raw road answers. */
const MAX_NUMBERS = 4_096;
const MAX_GROUPS = 1 << 20;

/** There are more groups than this road is made for. */
export class TooManyGroups extends Error {}

/** One group: a bucket of a part, with the values of the query's dimensions. */
export interface Group {
  part: number;
  bucket: number;
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

  /** The group of each row in one part; -1 for rows that are not counted. Null if there are none. */
  of(rows: Rows, part: number, where: Mask): Int32Array | null {
    const buckets = this.#bucketsOf(rows, part);
    if (buckets === null) return null;
    const groups = buckets;
    if (where !== null) for (let n = 0; n < groups.length; n++) if (where[n] === 0) groups[n] = -1;
    const { groupBy } = this.plan.query;
    const keys = groupBy.map((name, n) => this.#codesOf(rows, name, n));
    this.#sizes ??= this.#sizesOf(rows);
    const sizes = this.#sizes;
    if (this.#table !== null) {
      const table = this.#table;
      for (let n = 0; n < groups.length; n++) {
        let combination = groups[n] as number;
        if (combination < 0) continue;
        for (let k = 0; k < keys.length; k++)
          combination = combination * (sizes[k] as number) + ((keys[k] as Codes)[n] as number);
        let group = (table[combination] as number) - 1;
        if (group < 0) {
          group = this.#add(combination);
          table[combination] = group + 1;
        }
        groups[n] = group;
      }
      return groups;
    }
    for (let n = 0; n < groups.length; n++) {
      let combination = groups[n] as number;
      if (combination < 0) continue;
      for (let k = 0; k < keys.length; k++)
        combination = combination * (sizes[k] as number) + ((keys[k] as Codes)[n] as number);
      let group = this.#map.get(combination);
      if (group === undefined) {
        group = this.#add(combination);
        this.#map.set(combination, group);
      }
      groups[n] = group;
    }
    return groups;
  }

  /** One more group, for others to be merged into. */
  extra(): number {
    return this.#add(-1);
  }

  at(group: number): Group {
    let rest = this.#combinations[group] as number;
    const keys: Value[] = [];
    for (let n = this.plan.query.groupBy.length - 1; n >= 0; n--) {
      const size = (this.#sizes as number[])[n] as number;
      const code = rest % size;
      rest = Math.floor(rest / size);
      keys.unshift(this.#keyOf(n, code));
    }
    const part = rest >= (this.#offsets[1] ?? Number.POSITIVE_INFINITY) ? 1 : 0;
    return { part, bucket: rest - (this.#offsets[part] as number), keys };
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
    const all = sizes.reduce((product, size) => product * size, this.#buckets);
    if (all > Number.MAX_SAFE_INTEGER) throw new TooManyGroups();
    if (all <= TABLE) this.#table = new Int32Array(all);
    return sizes;
  }

  #codesOf(rows: Rows, name: string, n: number): Codes {
    const { values, isCode } = rows.field(name);
    if (isCode) return values;
    const { codes, values: known } = this.#numbers[n] as NumberCodes;
    const own = new Int32Array(values.length);
    for (let row = 0; row < own.length; row++) {
      const value = values[row] as number;
      if (Number.isNaN(value)) continue;
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

  /** The bucket of each row, in the sequence of all parts; null if none is in one. */
  #bucketsOf(rows: Rows, part: number): Int32Array | null {
    const axis = this.plan.axes[part] as Plan['axes'][number];
    const { from, to } = rows.frame;
    const offset = this.#offsets[part] as number;
    if (isUncut(axis, from, to)) {
      const bucket = bucketAt(axis, from);
      return bucket < 0 ? null : new Int32Array(rows.length).fill(bucket + offset);
    }
    const buckets = new Int32Array(rows.length);
    const hours = rows.column('hour');
    const first = from / HOUR;
    const ofHour = new Int32Array((to - from) / HOUR).fill(UNKNOWN);
    let times: Float64Array | null = null;
    for (let n = 0; n < buckets.length; n++) {
      const hour = (hours[n] as number) - first;
      let bucket = ofHour[hour] as number;
      if (bucket === UNKNOWN) {
        const start = from + hour * HOUR;
        bucket = isUncut(axis, start, start + HOUR) ? bucketAt(axis, start) : CUT;
        ofHour[hour] = bucket;
      }
      if (bucket === CUT) {
        times ??= this.#preciseTimes(rows);
        bucket = bucketAt(axis, times[n] as number);
      }
      buckets[n] = bucket < 0 ? -1 : bucket + offset;
    }
    return buckets;
  }

  #preciseTimes(rows: Rows): Float64Array {
    const { from, to } = rows.frame;
    const inside = (this.plan.cuts[0] as number[]).filter((cut) => cut > from && cut < to);
    const precision = precisionOf(inside);
    if (precision > 0) rows.column('minute');
    if (precision > 1) rows.column('millisecond');
    return rows.times();
  }
}

const UNKNOWN = -3;
const CUT = -2;

type Codes = ArrayLike<number>;

/** Codes from 1 for the values of a number, as they come. */
interface NumberCodes {
  codes: Map<number, number>;
  values: number[];
}
