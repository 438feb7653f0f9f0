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

/** A query of one dataset. Names are keys of its catalogue and never become SQL text. */
export interface QueryOf<D extends Dataset> {
  dataset: D;
  scope: Scope;
  window: Window;
  /** Null for a single bucket: the whole window. */
  bucket: Bucket | null;
  measures: MeasureOf<D>[];
  groupBy: DimensionOf<D>[];
  where: FilterOf<D>;
  /** Presence checks to make in the same snapshot. */
  presence?: Presence[];
  /** Which groups to return, and in which order. Without it, all groups in no defined order. */
  ranking?: Ranking;
  /** A second range to count in the same snapshot, for comparison. */
  before?: { window: Window; bucket: Bucket | null };
  /** The client composed this query, so its statement is not worth preparing. */
  isAdHoc?: true;
}

/** What every dialect turns its request into. */
export type Query = { [D in Dataset]: QueryOf<D> }[Dataset];

/**
 * The order of groups: by measures over the whole window, nulls last, then by their keys (texts by code point, numbers
 * by value, false before true, nulls last). Groups that exist only in `before` rank with the measures of no rows.
 */
export interface Ranking {
  /** Indexes into `measures`. */
  by: { measure: number; direction: 'asc' | 'desc' }[];
  /** The number of groups to return; null for all. */
  limit: number | null;
  /** Whether the rows of the remaining groups form one more group, in which each row counts once. */
  others: boolean;
}

/**
 * What an answer depends on besides the events: the time of the request, and the timeouts after which conversations
 * expire.
 */
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
  /** The rank of the group, from 1; null for the remaining groups together. Only with a ranking. */
  rank?: number | null;
}

/** Rows along an axis. */
export interface Series {
  /** The start of each bucket and the end of the last one: n + 1 instants for n buckets. */
  edges: number[];
  /** Without groups, one row for every bucket; with groups, one for each non-empty combination of group and bucket. */
  rows: TableRow[];
}

/** How a query was answered, and what was read for it. */
export type Work =
  /** Segments, the conversations in them, and the bytes of their columns that were fetched. */
  | { road: 'segments'; segments: number; rows: number; bytes: number }
  /** Why segments could not answer, and the rows that the database returned. */
  | { road: 'raw'; reason: string; rows: number };

/** The answer to a query. */
export interface Table extends Series {
  work: Work;
  /** Whether amounts in different currencies were added in one cell. They are not converted. */
  mixedCurrencies: boolean;
  /** Results of `presence`, in its order. */
  present: boolean[];
  /** The series of the range before, if the query has one. */
  before?: Series;
}
