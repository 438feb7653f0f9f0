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
  const found = await db.read<Found>((sql) => {
    const asked = statement(sql, query, edges, moment, most);
    return query.dataset === 'participations' ? unprepared(asked) : asked; // of these, clients write the shape themselves
  }, 'heavy');
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
  const isMany = (name: string) => dimensions[name]?.many === true;
  const sqlOf = (name: string) => (dimensions[name] as Dimension).sql(sql, moment);
  const times = edges.map((edge) => new Date(edge).toISOString());
  // Inside a sub-select the list is cast once, not for every row.
  const bucket = edges.length > 2 ? sql`width_bucket(c.start_time, (select ${times}::text[]::timestamptz[]))` : sql`1`;

  const keys = query.groupBy.map((name, n) => {
    const key = isMany(name) ? sql`${sql(`u${n}`)}` : sqlOf(name);
    return sql`, ${key} as ${sql(`k${n}`)}`;
  });
  const groups = query.groupBy.map((_, n) => sql`, ${sql(`k${n}`)}`);
  const unnested = query.groupBy.map((name, n) => (isMany(name) ? eachOf(sql, sqlOf(name), n) : sql``));

  const distinct = query.measures.flatMap((measure) => (measure.aggregate === 'distinct' ? measure.of : []));
  const lists = [...new Set(distinct)].filter(isMany);
  const once = lists.length === 0 ? sql`` : sql` filter (where coalesce(v.line, 1) = 1)`;
  const cells = query.measures.map((measure, n) => {
    const list = measure.aggregate === 'distinct' ? lists.indexOf(measure.of) : -1;
    const value = 'of' in measure ? sqlOf(measure.of) : sql``;
    const cell = list === -1 ? aggregate(sql, measure, value, once) : sql`count(distinct ${sql(`v.v${list}`)})`;
    return sql`, ${cell} as ${sql(`m${n}`)}`;
  });
  const money = query.measures.flatMap((measure) =>
    'of' in measure && measure.aggregate !== 'distinct' ? (dimensions[measure.of]?.currencies?.(sql) ?? []) : [],
  );

  // Materialized, so that the limit, which only guards, does not make the planner hurry to the first rows.
  return sql<Found[]>`
    with groups as materialized (
      select ${bucket} as bucket${concat(sql, keys)}${concat(sql, cells)}, ${isMixed(sql, money)} as mixed
      from ${rowsOf(sql, query)}${concat(sql, unnested)}${sideBySide(sql, lists.map(sqlOf))}
      where ${condition(sql, query.where, dimensions, moment)}
      group by bucket${concat(sql, groups)}
    )
    select * from groups limit ${most + 1}`;
}

/** A dimension of many values makes a group of each; an empty one is the null group. */
const eachOf = (sql: Sql, list: Fragment, n: number): Fragment =>
  sql` cross join lateral unnest(case when cardinality(${list}) = 0 then array[null] else ${list} end) as ${sql(`u${n}`)}`;

/**
 * The values of lists side by side, so that each can be counted distinct in one pass: a row comes in as many lines as its
 * longest list has, in one where all are empty. Everything else is counted on its first line alone.
 */
function sideBySide(sql: Sql, lists: Fragment[]): Fragment {
  const [first, ...rest] = lists;
  if (first === undefined) return sql``;
  const more = rest.map((list) => sql`, ${list}`);
  const names = lists.map((_, n) => sql`${sql(`v${n}`)}, `);
  return sql` left join lateral unnest(${first}${concat(sql, more)}) with ordinality as v (${concat(sql, names)}line) on true`;
}

/** `once` filters rows that come in several lines. */
function aggregate(sql: Sql, measure: Measure, value: Fragment, once: Fragment): Fragment {
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

/** Whether the orders behind one of these sums name two currencies. A row's currencies are sorted. */
function isMixed(sql: Sql, lists: Fragment[]): Fragment {
  const each = lists.map((list) => sql`min((${list})[1]) is distinct from max((${list})[cardinality(${list})]) or `);
  return sql`(${concat(sql, each)}false)`;
}
