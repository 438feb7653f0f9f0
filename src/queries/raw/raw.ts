import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { catalogue, type Dimensions } from '../catalogue.js';
import type { Cell, Measure, Moment, Query, Row, Value } from '../query.js';
import { inScope } from '../scope.js';
import { condition } from './condition.js';

/**
 * The raw road: one statement over the rows themselves. Complete and always right; every other road must agree with it.
 * `edges` are the axis; buckets and zones end there, the database only compares instants.
 * Gives at most `most` + 1 rows, so that a caller sees when there are more.
 */
export async function raw(db: Database, query: Query, edges: number[], moment: Moment, most: number): Promise<Row[]> {
  const rows = await db.read<Record<string, Value>>((sql) => statement(sql, query, edges, moment, most));
  return rows.map((row) => ({
    bucket: (row.bucket as number) - 1,
    keys: query.groupBy.map((_, n) => row[`k${n}`] as Value),
    cells: query.measures.map((_, n) => row[`m${n}`] as Cell),
  }));
}

function statement(sql: Sql, query: Query, edges: number[], moment: Moment, most: number) {
  const dimensions = catalogue[query.dataset];
  const { from, to } = query.window;
  const times = edges.map((edge) => new Date(edge).toISOString());
  // Inside a sub-select the list is cast once, not for every row.
  const bucket = edges.length > 2 ? sql`width_bucket(c.start_time, (select ${times}::text[]::timestamptz[]))` : sql`1`;
  const keys = query.groupBy.map((name, n) => sql`, ${key(sql, name, n, dimensions, moment)} as ${sql(`k${n}`)}`);
  const cells = query.measures.map((measure, n) => sql`, ${cell(sql, measure, dimensions, moment)} as ${sql(`m${n}`)}`);
  const lists = query.groupBy.map((name, n) => unnested(sql, name, n, dimensions, moment));
  const groups = query.groupBy.map((_, n) => sql`, ${sql(`k${n}`)}`);
  // Materialized, so that the limit, which only guards, does not make the planner hurry to the first rows.
  return sql<Record<string, Value>[]>`
    with groups as materialized (
    select ${bucket} as bucket${concat(sql, keys)}${concat(sql, cells)}
    from conversations c${concat(sql, lists)}
    where ${inScope(sql, query.scope)} and not c.withdrawn
      and c.start_time >= ${new Date(from).toISOString()}::timestamptz and c.start_time < ${new Date(to).toISOString()}::timestamptz
      and ${condition(sql, query.where, dimensions, moment)}
    group by bucket${concat(sql, groups)}
    )
    select * from groups limit ${most + 1}`;
}

/** A dimension of many values makes a group of each; an empty one is the null group. */
function unnested(sql: Sql, name: string, n: number, dimensions: Dimensions, moment: Moment): Fragment {
  const dimension = dimensions[name];
  if (!dimension?.many) return sql``;
  const list = dimension.sql(sql, moment);
  return sql` cross join lateral unnest(case when cardinality(${list}) = 0 then array[null] else ${list} end) as ${sql(`u${n}`)}`;
}

function key(sql: Sql, name: string, n: number, dimensions: Dimensions, moment: Moment): Fragment {
  const dimension = dimensions[name] as Dimensions[string];
  return dimension.many ? sql`${sql(`u${n}`)}` : dimension.sql(sql, moment);
}

function cell(sql: Sql, measure: Measure, dimensions: Dimensions, moment: Moment): Fragment {
  if (measure.aggregate === 'count') return sql`count(*)`;
  const value = (dimensions[measure.of] as Dimensions[string]).sql(sql, moment);
  switch (measure.aggregate) {
    case 'sum':
      return sql`coalesce(sum(${value}), 0)::numeric`;
    case 'avg':
      return sql`avg(${value})`;
    case 'min':
      return sql`min(${value})`;
    case 'max':
      return sql`max(${value})`;
    case 'distinct':
      return sql`count(distinct ${value})`;
  }
}
