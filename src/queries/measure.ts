import type { Filter } from './filter.js';

/** A number of the answer; decimal text where a double would not be exact. */
export type Cell = number | string | null;

/**
 * What to compute over the rows of a group. `filter` restricts this measure only. `count` with `of` counts the rows in
 * which that field is not null. `distinct` counts distinct values; for a multi-valued dimension, the values of all
 * rows. `percentile` interpolates between the two nearest ranks (`p` from 0 to 100). `share` is the fraction of the
 * rows, from 0 to 1, in which `where` holds.
 */
export type Measure<Dim extends string = string, Num extends string = string> = (
  | { aggregate: 'count'; of?: Dim | Num }
  | { aggregate: 'sum' | 'avg' | 'min' | 'max'; of: Num }
  | { aggregate: 'percentile'; of: Num; p: number }
  | { aggregate: 'distinct'; of: Dim }
  | { aggregate: 'share'; where: Filter<Dim | Num> }
) & { filter?: Filter<Dim | Num> | undefined };

/** The value of a measure over no rows: 0 for counts and sums, null for everything else. */
export const cellOfNothing = ({ aggregate }: Measure): Cell =>
  aggregate === 'count' || aggregate === 'sum' || aggregate === 'distinct' ? 0 : null;

/** The filters of a measure. */
export const filtersOf = (measure: Measure): Filter[] => [
  ...(measure.filter === undefined ? [] : [measure.filter]),
  ...(measure.aggregate === 'share' ? [measure.where] : []),
];
