import type { Value } from '../filter.js';
import type { LocalClock } from './axis.js';
import { HOUR } from './axis.js';
import type { ColumnName } from './columns.js';
import type { Values } from './decode.js';
import type { Frame } from './frame.js';
import { fieldNamed, type Plan } from './plan.js';
import type { Words } from './words.js';

/** The values of a field for the rows of a segment. */
export interface FieldValues {
  /** Codes of words, 0 for null; or numbers, `NaN` for null. */
  values: Values;
  isCode: boolean;
  /** The words behind codes, if the query asked for them. */
  codes: Words | null;
  /** The value of the catalogue's field behind a number. */
  toValue(stored: number): Value;
}

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
  constructor(frame: Frame, plan: Plan, words: Map<ColumnName, Words>) {
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

  column(name: ColumnName): Values {
    const column = this.frame.columns.get(name);
    if (column === undefined) throw new MissingColumn(name);
    return column;
  }

  /** The start of a row, as far as its parts are there. */
  times(): Float64Array {
    const hour = this.column('hour');
    const minute = this.frame.columns.get('minute');
    const millisecond = this.frame.columns.get('millisecond');
    const times = new Float64Array(this.length);
    for (let n = 0; n < times.length; n++) times[n] = (hour[n] as number) * HOUR;
    if (minute !== undefined)
      for (let n = 0; n < times.length; n++) times[n] = (times[n] as number) + (minute[n] as number) * 60_000;
    if (millisecond !== undefined)
      for (let n = 0; n < times.length; n++) times[n] = (times[n] as number) + (millisecond[n] as number);
    return times;
  }

  #compute(name: string): FieldValues {
    const field = fieldNamed(name);
    if (field === undefined) throw new TypeError(`segments have no ${name}`);
    switch (field.as) {
      case 'text':
        return {
          values: this.column(field.column),
          isCode: true,
          codes: this.words.get(field.column) ?? null,
          toValue: same,
        };
      case 'boolean':
        return { values: this.column(field.column), isCode: false, codes: null, toValue: truth };
      case 'number': {
        const [first, ...more] = field.columns.map((column) => this.column(column));
        let values = first as Values;
        if (more.length > 0) {
          values = Float64Array.from(values);
          for (const column of more)
            for (let n = 0; n < values.length; n++) values[n] = (values[n] as number) + (column[n] as number);
        }
        const { unit } = field;
        return { values, isCode: false, codes: null, toValue: unit === 1 ? same : (stored) => stored / unit };
      }
      case 'state':
        return { values: this.#states(), isCode: false, codes: null, toValue: stateNamed };
      case 'clock': {
        const clock = this.plan.clock as LocalClock;
        const times = this.times();
        const of = field.part === 'hour_of_day' ? clock.hourOfDay : clock.dayOfWeek;
        for (let n = 0; n < times.length; n++) times[n] = of(times[n] as number);
        return { values: times, isCode: false, codes: null, toValue: same };
      }
    }
  }

  /** 1 for closed, 0 for open. Without its columns a segment is closed as a whole. */
  #states(): Float64Array {
    const closed = this.frame.columns.get('is_closed');
    const states = new Float64Array(this.length).fill(1);
    if (closed === undefined) return states;
    const { now, timeouts } = this.plan.asOf;
    const cutoff = (timeout: number | null) => (timeout === null ? Number.NEGATIVE_INFINITY : now - timeout);
    const activity = this.column('last_activity');
    const latest = new Float64Array(this.length).fill(cutoff(timeouts.initial));
    for (const [channel, test] of this.plan.channels) {
      const codes = this.column('channel');
      const passing = (this.words.get('channel') as Words).passing(test);
      const own = cutoff(timeouts.channels.get(channel) ?? null);
      for (let n = 0; n < latest.length; n++) if (passing[codes[n] as number]) latest[n] = own;
    }
    for (let n = 0; n < states.length; n++) {
      if (closed[n] !== 1 && (activity[n] as number) > (latest[n] as number)) states[n] = 0;
    }
    return states;
  }
}

/** A segment could not store a column, because a value has a fraction. The raw road answers then. */
export class MissingColumn extends Error {
  constructor(name: string) {
    super(`a segment has no ${name}`);
  }
}
