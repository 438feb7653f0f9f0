import type { Filter } from '../filter.js';
import type { Measure } from '../measure.js';

/** A property of a row that can be grouped by, filtered on and counted distinct. */
export interface Dimension {
  /** A short description, as `/v1/catalogue` shows it. */
  description: string;
  type: 'text' | 'number' | 'boolean';
  /** A list of values rather than one. */
  many?: true;
  /** Used by the dialects only; the catalogue does not list it. */
  internal?: true;
}

export type Unit = 'seconds' | 'ratio' | 'count' | 'money' | null;

/** A number of a row that can be aggregated and filtered on. */
export interface NumberField {
  description: string;
  unit: Unit;
  internal?: true;
}

/** A predefined measure. */
export interface NamedMeasure<Dim extends string = string, Num extends string = string> {
  description: string;
  unit: Unit;
  measure: Measure<Dim, Num>;
}

/**
 * A dataset: what its names mean. How a value is computed is defined separately by each execution road (`raw/` has one
 * table for each dataset).
 */
export interface DatasetDefinition {
  /** What a row is. */
  description: string;
  /** The time at which a row counts. */
  counts_at: string;
  dimensions: Record<string, Dimension>;
  numbers: Record<string, NumberField>;
  measures: Record<string, NamedMeasure>;
}

export const text = (description: string): Dimension & { type: 'text' } => ({ description, type: 'text' });
export const texts = (description: string) => ({ description, type: 'text', many: true }) as const;
export const boolean = (description: string) => ({ description, type: 'boolean' }) as const;
export const whole = (description: string) => ({ description, type: 'number' }) as const;
export const internal = <T extends object>(field: T): T & { internal: true } => ({ ...field, internal: true });

export const number = (unit: Unit, description: string): NumberField => ({ description, unit });

/** The hour and weekday at which a row counts, in the time zone of the query. */
export const clockDimensions = {
  hour_of_day: whole('the local hour, 0 to 23'),
  day_of_week: whole('the local weekday, 1 (Monday) to 7'),
};

/** The condition that a dimension equals a value. */
export const is = <Name extends string>(dimension: Name, value: string | number | boolean): Filter<Name> => ({
  op: 'in',
  dimension,
  values: [value],
});

/** The condition that a number is greater than a value. */
export const above = <Name extends string>(dimension: Name, value: number): Filter<Name> => ({
  op: 'bound',
  dimension,
  lower: { value, strict: true },
});
