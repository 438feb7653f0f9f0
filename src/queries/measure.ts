import type { Filter } from './filter.js';

/** A number of the answer. What must stay exact beyond a double is decimal text. */
export type Cell = number | string | null;

/**
 * What to compute over the rows of a group. `filter` narrows this measure alone.
 *
 * `count` with `of` counts the rows in which it is known. `distinct` counts the values that are there; of a dimension of many
 * values, those of all rows. `percentile` interpolates between the two nearest ranks (`p` from 0 to 100). `share` is the part
 * of the rows, from 0 to 1, in which `where` holds.
 */
export type Measure<Dim extends string = string, Num extends string = string> = (
  | { aggregate: 'count'; of?: Dim | Num }
  | { aggregate: 'sum' | 'avg' | 'min' | 'max'; of: Num }
  | { aggregate: 'percentile'; of: Num; p: number }
  | { aggregate: 'distinct'; of: Dim }
  | { aggregate: 'share'; where: Filter<Dim | Num> }
) & { filter?: Filter<Dim | Num> | undefined };

/** What a measure is over no rows at all: counts and sums are 0, everything else is null. */
export const cellOfNothing = ({ aggregate }: Measure): Cell =>
  aggregate === 'count' || aggregate === 'sum' || aggregate === 'distinct' ? 0 : null;

/** The filters of a measure. */
export const filtersOf = (measure: Measure): Filter[] => [
  ...(measure.filter === undefined ? [] : [measure.filter]),
  ...(measure.aggregate === 'share' ? [measure.where] : []),
];
