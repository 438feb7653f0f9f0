import type { Dataset, DimensionOf, NumberOf } from './catalogue.js';
import type { Filter, Value } from './filter.js';
import type { Cell, Measure } from './measure.js';
import type { Presence } from './presence.js';
import type { Scope } from './scope.js';
import type { Bucket } from './time/bucket.js';
import type { Window } from './time/window.js';
import type { Timeouts } from './timeouts.js';

export type MeasureOf<D extends Dataset> = Measure<DimensionOf<D>, NumberOf<D>>;
export type FilterOf<D extends Dataset> = Filter<DimensionOf<D> | NumberOf<D>>;

/** A query of one dataset. Names are keys of its catalogue, never text for SQL. */
export interface QueryOf<D extends Dataset> {
  dataset: D;
  scope: Scope;
  window: Window;
  /** Null: one bucket, the whole window. */
  bucket: Bucket | null;
  measures: MeasureOf<D>[];
  groupBy: DimensionOf<D>[];
  where: FilterOf<D>;
  /** What to look up in the same snapshot. */
  presence?: Presence[];
  /** Which groups to answer, and in which order; without it, all of them in no order that can be relied on. */
  ranking?: Ranking;
  /** A second range, counted in the same snapshot. */
  before?: { window: Window; bucket: Bucket | null };
  /** Its shape is the client's own: its statement is not worth keeping prepared. */
  isAdHoc?: true;
}

/** What every dialect turns its request into. */
export type Query = { [D in Dataset]: QueryOf<D> }[Dataset];

/**
 * The order of groups: by measures over the whole window, nulls last, then by their values (texts by code point, numbers by
 * size, false before true, nulls last). Groups of `before` alone take part with what nothing shows.
 */
export interface Ranking {
  /** Places in `measures`. */
  by: { measure: number; direction: 'asc' | 'desc' }[];
  /** The first so many groups. */
  limit: number | null;
  /** Whether the rows with a group that is not shown make one more group, each row once. */
  others: boolean;
}

/** What an answer depends on besides the events: one moment for the whole request, and when a conversation expires. */
export interface AsOf {
  now: number;
  timeouts: Timeouts;
}

export interface TableRow {
  /** Which bucket of the axis, from 0. */
  bucket: number;
  /** Values of `groupBy`, in its order. */
  keys: Value[];
  /** Values of `measures`, in their order. */
  cells: Cell[];
  /** The place of the group in the ranking, from 1; null for the other groups together. Only with a ranking. */
  rank?: number | null;
}

/** Rows along an axis. */
export interface Series {
  /** The start of each bucket, and the end of the last: one more than there are buckets. */
  edges: number[];
  /** Without groups, a row for every bucket; with them, a row for each group and bucket that has something. */
  rows: TableRow[];
}

/** The answer to a query. */
export interface Table extends Series {
  /** Whether money of two named currencies went into one cell. It is added as it was sent. */
  mixedCurrencies: boolean;
  /** Answers to `presence`, in its order. */
  present: boolean[];
  /** The same of the range before, where the query has one. */
  before?: Series;
}
