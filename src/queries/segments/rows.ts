import type { Value } from '../filter.js';
import type { Arena } from './arena.js';
import type { LocalClock } from './axis.js';
import { HOUR } from './axis.js';
import type { Column, Values } from './decode.js';
import type { Frame } from './frame.js';
import type { Plan } from './plan.js';
import { type ColumnName, fieldNamed } from './section.js';
import type { Words } from './words.js';

/** The values of a field for the rows of a segment. */
export interface FieldValues {
  /** Codes of words, 0 for null; or numbers, `NONE` for null. */
  values: Values;
  isCode: boolean;
  /** The words behind codes, if the query asked for them. */
  codes: Words | null;
  /** The value of the catalogue's field behind a number. */
  toValue(stored: number): Value;
  /** How many stored units a number of the catalogue has. */
  unit: number;
}

const NOTHING = new Int32Array(0);
const same = (stored: number): Value => stored;
const truth = (stored: number): Value => stored === 1;
const stateNamed = (stored: number): Value => (stored === 1 ? 'closed' : 'open');

/** The rows of one segment, through which fields are read; each is computed once. */
export class Rows {
  readonly length: number;
  readonly #known = new Map<string, FieldValues>();

  readonly frame: Frame;
  readonly plan: Plan;
  readonly words: Map<ColumnName, Words>;
  readonly arena: Arena;

  constructor(frame: Frame, plan: Plan, words: Map<ColumnName, Words>, arena: Arena) {
    this.arena = arena;
    this.frame = frame;
    this.plan = plan;
    this.words = words;
    this.length = frame.length;
  }

  field(name: string): FieldValues {
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    const found = this.#compute(name);
    this.#known.set(name, found);
    return found;
  }

  /** A text as it is stored, with its words; null if only its decoded values are there. */
  storedText(name: string): { column: Column; words: Words } | null {
    const field = fieldNamed(this.plan.section, name);
    if (field?.as !== 'text') return null;
    const column = this.frame.stored?.get(field.column);
    const words = this.words.get(field.column);
    return column === undefined || words === undefined ? null : { column, words };
  }

  column(name: ColumnName): Values {
    const column = this.frame.columns.get(name);
    if (column === undefined) throw new MissingColumn(name);
    return column;
  }

  /** The start of a row, as far as its parts are there. */
  timeOf(): (row: number) => number {
    const hour = this.column('hour');
    const minute = this.frame.columns.get('minute') ?? NOTHING;
    const millisecond = this.frame.columns.get('millisecond') ?? NOTHING;
    return (row) => (hour[row] as number) * HOUR + (minute[row] ?? 0) * 60_000 + (millisecond[row] ?? 0);
  }

  #compute(name: string): FieldValues {
    const field = fieldNamed(this.plan.section, name);
    if (field === undefined) throw new TypeError(`segments have no ${name}`);
    switch (field.as) {
      case 'text':
        return {
          values: this.column(field.column),
          isCode: true,
          codes: this.words.get(field.column) ?? null,
          toValue: same,
          unit: 1,
        };
      case 'boolean':
        return {
          values: this.column(field.column),
          isCode: false,
          codes: null,
          toValue: field.isText ? (stored) => String(truth(stored)) : truth,
          unit: 1,
        };
      case 'conversation':
        return { values: this.#numbered(field.column), isCode: true, codes: null, toValue: same, unit: 1 };
      case 'number': {
        const { unit } = field;
        const toValue = unit === 1 ? same : (stored: number) => stored / unit;
        return { values: this.column(field.column), isCode: false, codes: null, toValue, unit };
      }
      case 'state':
        return { values: this.#states(), isCode: false, codes: null, toValue: stateNamed, unit: 1 };
      case 'start': {
        const timeOf = this.timeOf();
        const values = this.arena.doubles(this.length);
        for (let n = 0; n < values.length; n++) values[n] = timeOf(n);
        return { values, isCode: false, codes: null, toValue: same, unit: 1 };
      }
      case 'clock': {
        const clock = this.plan.clock as LocalClock;
        const timeOf = this.timeOf();
        const of = field.part === 'hour_of_day' ? clock.hourOfDay : clock.dayOfWeek;
        const values = this.arena.integers(this.length);
        for (let n = 0; n < values.length; n++) values[n] = of(timeOf(n));
        return { values, isCode: false, codes: null, toValue: same, unit: 1 };
      }
    }
  }

  /** Numbers of conversations, which continue those of the segments before. */
  #numbered(name: ColumnName): Values {
    const own = this.column(name);
    const numbers = this.arena.integers(own.length);
    for (let n = 0; n < numbers.length; n++) numbers[n] = (own[n] as number) + this.frame.before;
    return numbers;
  }

  /** 1 for closed, 0 for open. Without its columns a segment is closed as a whole. */
  #states(): Int32Array {
    const closed = this.frame.columns.get('is_closed');
    const states = this.arena.integers(this.length);
    if (closed === undefined) return states.fill(1);
    const { now, timeouts } = this.plan.asOf;
    if (!this.plan.expires) {
      for (let n = 0; n < states.length; n++) states[n] = closed[n] as number;
      return states;
    }
    const cutoff = (timeout: number | null) => (timeout === null ? Number.NEGATIVE_INFINITY : now - timeout);
    const activity = this.column('last_activity');
    const latest = this.arena.doubles(this.length).fill(cutoff(timeouts.initial));
    for (const [channel, test] of this.plan.channels) {
      const codes = this.column('channel');
      const passing = (this.words.get('channel') as Words).passing(test);
      const own = cutoff(timeouts.channels.get(channel) ?? null);
      for (let n = 0; n < latest.length; n++) if (passing[codes[n] as number]) latest[n] = own;
    }
    for (let n = 0; n < states.length; n++) {
      states[n] = closed[n] === 1 || (activity[n] as number) <= (latest[n] as number) ? 1 : 0;
    }
    return states;
  }
}

/** A segment could not store a column, because a value has a fraction. The raw road answers then. */
export class MissingColumn extends Error {
  constructor(name: string) {
    super(`segments lack ${name} where a value has a fraction`);
  }
}
