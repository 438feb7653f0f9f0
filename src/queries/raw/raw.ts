import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { unprepared } from '../../database/unprepared.js';
import { catalogue, type Dimension } from '../catalogue.js';
import type { Cell, Measure, Moment, Query, Row, Table, Value } from '../query.js';
import { condition } from './condition.js';
import { rowsOf } from './rows.js';

/**
 * The raw road: one statement over the rows themselves. Complete and always right; every other road must agree with it.
 * `edges` are the axis; buckets and zones end there, the database only compares instants.
 * Gives at most `most` + 1 rows, so that a caller sees when there are more.
 */
export async function raw(db: Database, query: Query, edges: number[], moment: Moment, most: number): Promise<Table> {
  const found = await db.read<Found>((sql) => unprepared(statement(sql, query, edges, moment, most)));
  const rows: Row[] = found.map((row) => ({
    bucket: (row.bucket as number) - 1,
    keys: query.groupBy.map((_, n) => row[`k${n}`] as Value),
    cells: query.measures.map((_, n) => row[`m${n}`] as Cell),
  }));
  return { edges, rows, mixedCurrencies: found.some((row) => row.mixed === true) };
}

type Found = Record<string, Value>;

function statement(sql: Sql, query: Query, edges: number[], moment: Moment, most: number) {
  const dimensions = catalogue[query.dataset];
  const dimension = (name: string) => dimensions[name] as Dimension;
  const times = edges.map((edge) => new Date(edge).toISOString());
  // Inside a sub-select the list is cast once, not for every row.
  const bucket = edges.length > 2 ? sql`width_bucket(c.start_time, (select ${times}::text[]::timestamptz[]))` : sql`1`;

  const keys = query.groupBy.map((name, n) => {
    const value = dimension(name).many ? sql`${sql(`u${n}`)}` : dimension(name).sql(sql, moment);
    return sql`, ${value} as ${sql(`k${n}`)}`;
  });
  const groups = query.groupBy.map((_, n) => sql`, ${sql(`k${n}`)}`);
  const unnested = query.groupBy.map((name, n) =>
    dimension(name).many ? valuesOf(sql, dimension(name).sql(sql, moment), n) : sql``,
  );

  const lists = query.measures
    .filter((measure): measure is DistinctOf => measure.aggregate === 'distinct' && dimension(measure.of).many === true)
    .map(({ of }) => of);
  const cells = query.measures.map((measure, n) => {
    const value = 'of' in measure ? dimension(measure.of).sql(sql, moment) : sql``;
    const at = measure.aggregate === 'distinct' ? lists.indexOf(measure.of) : -1;
    const cell = at === -1 ? aggregate(sql, measure, value, lists.length > 0) : sql`count(distinct ${sql(`v.v${at}`)})`;
    return sql`, ${cell} as ${sql(`m${n}`)}`;
  });
  const money = query.measures.flatMap((measure) =>
    'of' in measure && measure.aggregate !== 'distinct' ? (dimension(measure.of).currencies?.(sql) ?? []) : [],
  );

  const listed = lists.map((name) => dimension(name).sql(sql, moment));
  // Materialized, so that the limit, which only guards, does not make the planner hurry to the first rows.
  return sql<Found[]>`
    with groups as materialized (
      select ${bucket} as bucket${concat(sql, keys)}${concat(sql, cells)}, ${mixed(sql, money)} as mixed
      from ${rowsOf(sql, query)}${concat(sql, unnested)}${together(sql, listed)}
      where ${condition(sql, query.where, dimensions, moment)}
      group by bucket${concat(sql, groups)}
    )
    select * from groups limit ${most + 1}`;
}

type DistinctOf = Extract<Measure, { of: string }>;

/** A dimension of many values makes a group of each; an empty one is the null group. */
const valuesOf = (sql: Sql, list: Fragment, n: number): Fragment =>
  sql` cross join lateral unnest(case when cardinality(${list}) = 0 then array[null] else ${list} end) as ${sql(`u${n}`)}`;

/**
 * The values of several lists side by side, as many lines a row as its longest list has, and one where all are empty: so
 * that each can be counted distinct in one pass. Everything else is counted on the first line of a row alone.
 */
function together(sql: Sql, lists: Fragment[]): Fragment {
  const [first, ...rest] = lists;
  if (first === undefined) return sql``;
  const more = rest.map((list) => sql`, ${list}`);
  const names = lists.map((_, n) => sql`${sql(`v${n}`)}, `);
  return sql` left join lateral unnest(${first}${concat(sql, more)}) with ordinality as v (${concat(sql, names)}line) on true`;
}

/** `isRepeated`: rows come in several lines, see `together`. */
function aggregate(sql: Sql, measure: Measure, value: Fragment, isRepeated: boolean): Fragment {
  const once = isRepeated ? sql` filter (where coalesce(v.line, 1) = 1)` : sql``;
  switch (measure.aggregate) {
    case 'count':
      return sql`count(*)${once}`;
    case 'sum':
      return sql`coalesce(sum(${value})${once}, 0)::numeric`;
    case 'avg':
      return sql`avg(${value})${once}`;
    case 'min':
      return sql`min(${value})${once}`;
    case 'max':
      return sql`max(${value})${once}`;
    case 'distinct':
      return sql`count(distinct ${value})${once}`;
  }
}

/** Whether one of these sums went over orders of two currencies. A row's currencies are sorted. */
function mixed(sql: Sql, lists: Fragment[]): Fragment {
  const each = lists.map((list) => sql`min((${list})[1]) is distinct from max((${list})[cardinality(${list})]) or `);
  return sql`(${concat(sql, each)}false)`;
}
