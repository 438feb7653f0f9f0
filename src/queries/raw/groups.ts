import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import type { Fields } from '../condition.js';
import type { Query } from '../query.js';
import type { Window } from '../time/window.js';
import type { Cells } from './cells.js';
import { type Context, iso } from './dataset.js';
import { rawDatasets } from './fields.js';

/** A range to count and the edges of its buckets. */
export interface Part {
  window: Window;
  edges: number[];
}

/** The rows of a dataset in a window. */
export function rowsOf(sql: Sql, query: Query, { window }: Part): Fragment {
  // One branch for each dataset, so that the types of dataset and query agree.
  switch (query.dataset) {
    case 'conversations':
      return rawDatasets.conversations.rows(sql, query, window);
    case 'participations':
      return rawDatasets.participations.rows(sql, query, window);
    case 'messages':
      return rawDatasets.messages.rows(sql, query, window);
    case 'transitions':
      return rawDatasets.transitions.rows(sql, query, window);
  }
}

/** The bucket of a row, from 1. */
export function bucketOf(sql: Sql, { dataset }: Query, { edges }: Part, context: Context): Fragment {
  if (edges.length <= 2) return sql`1`;
  const time = rawDatasets[dataset].time(sql, context);
  // Inside a subquery the list is cast once, not for every row.
  return sql`width_bucket(${time}, (select ${edges.map(iso)}::text[]::timestamptz[]))`;
}

/** The keys of the groups as `k0`, `k1`, ...: the select list, the joins for lists, and the names. */
export function keysOf(sql: Sql, groupBy: readonly string[], fields: Fields) {
  const values = groupBy.map((name, n) => {
    const { many, value } = fields(name);
    return sql`, ${many ? sql(`u${n}`) : value} as ${sql(`k${n}`)}`;
  });
  const from = groupBy.map((name, n) => {
    const { many, value } = fields(name);
    return many ? eachOf(sql, value, n) : sql``;
  });
  const names = groupBy.map((_, n) => sql`, ${sql(`k${n}`)}`);
  return { values: concat(sql, values), from: concat(sql, from), names: concat(sql, names) };
}

/** A multi-valued dimension gives one group for each value, and the null group if it is empty. */
const eachOf = (sql: Sql, list: Fragment, n: number): Fragment =>
  sql` cross join lateral unnest(case when cardinality(${list}) = 0 then array[null] else ${list} end) as ${sql(`u${n}`)}`;

/** The numbers of a group as `m0`, `m1`, ... */
export const selected = (sql: Sql, { cells, mixed }: Cells): Fragment =>
  sql`${concat(
    sql,
    cells.map((cell, n) => sql`, ${cell} as ${sql(`m${n}`)}`),
  )}, ${mixed} as q_mixed`;

export function union(sql: Sql, [first, ...rest]: Fragment[]): Fragment {
  const more = rest.map((one) => sql` union all ${one}`);
  return sql`${first as Fragment}${concat(sql, more)}`;
}
