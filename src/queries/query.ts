import type { Scope } from './scope.js';
import type { Bucket } from './time/bucket.js';
import type { Window } from './time/window.js';
import type { Timeouts } from './timeouts.js';

export type Dataset = 'conversations' | 'participations';

/** A value of a dimension. Money may come as decimal text, so that it stays exact. */
export type Value = string | number | boolean | null;

/**
 * A condition over the dimensions of a dataset, in two-valued logic: a condition on a missing value is false, and `not`
 * is its complement. On a dimension of many values, any of them may match.
 */
export type Filter = { op: 'and' | 'or'; of: Filter[] } | { op: 'not'; of: Filter } | Test;

/** A condition on one dimension. */
export type Test =
  /** Equal to one of the values; null among them matches a missing value. No values match nothing. */
  | { op: 'in'; dimension: string; values: Value[] }
  | { op: 'bound'; dimension: string; lower?: Bound; upper?: Bound }
  /** `pattern` as SQL's LIKE, with backslash as escape. */
  | { op: 'like'; dimension: string; pattern: string }
  /** `pattern` as `parsePattern` of pattern.ts gives it, found anywhere in the value. */
  | { op: 'regex'; dimension: string; pattern: string };

export interface Bound {
  value: string | number;
  strict: boolean;
}

/**
 * What to compute over the rows of a group. `distinct` counts the values that are there; of a dimension of many values,
 * those of all rows. `avg`, `min` and `max` of nothing are null.
 */
export type Measure = { aggregate: 'count' } | { aggregate: 'sum' | 'avg' | 'min' | 'max' | 'distinct'; of: string };

/** What every dialect turns its request into. */
export interface Query {
  dataset: Dataset;
  scope: Scope;
  window: Window;
  /** Null: one bucket, the whole window. */
  bucket: Bucket | null;
  measures: Measure[];
  groupBy: string[];
  where: Filter;
}

/** What an answer depends on besides the events: one moment for the whole request, and when a conversation expires. */
export interface Moment {
  now: number;
  timeouts: Timeouts;
}

/** The filter that lets everything pass. */
export const everything: Filter = { op: 'and', of: [] };

/** A number of the answer. What must stay exact beyond a double is decimal text. */
export type Cell = number | string | null;

export interface Row {
  /** Which bucket of the axis, from 0. */
  bucket: number;
  /** Values of `groupBy`, in its order. */
  keys: Value[];
  /** Values of `measures`, in their order. */
  cells: Cell[];
}

/** The answer to a Query: only groups with rows are there, in no order that a dialect may rely on. */
export interface Table {
  /** The start of each bucket, and the end of the last: one more than there are buckets. */
  edges: number[];
  rows: Row[];
  /** Whether money of two named currencies went into one cell. It is added as it was sent. */
  mixedCurrencies: boolean;
}

/** The dimensions that a filter names. */
export function dimensionsIn(filter: Filter): string[] {
  if ('dimension' in filter) return [filter.dimension];
  return filter.op === 'not' ? dimensionsIn(filter.of) : filter.of.flatMap(dimensionsIn);
}
