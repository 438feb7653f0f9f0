import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { unprepared } from '../../database/unprepared.js';
import { condition } from '../condition.js';
import type { Value } from '../filter.js';
import type { Cell } from '../measure.js';
import { besidePresence, presentIn } from '../presence.js';
import type { AsOf, Query, TableRow } from '../query.js';
import { cellsOf } from './cells.js';
import type { Context } from './dataset.js';
import { sourceOf } from './fields.js';
import { bucketOf, keysOf, type Part, rowsOf, selected, union } from './groups.js';
import { ranked } from './ranked.js';

export type { Part } from './groups.js';

/** The result: the rows of each part, `most` + 1 in all at most, so that the caller can tell when there are more. */
export interface Found {
  parts: TableRow[][];
  mixedCurrencies: boolean;
  present: boolean[];
}

/**
 * The raw road: one statement over the facts. It can answer every query, and every other road must agree with it. An
 * axis is a list of instants: the database only compares and knows nothing of buckets and time zones.
 */
export async function raw(db: Database, query: Query, parts: Part[], asOf: AsOf, most: number): Promise<Found> {
  const found = await db.read<Line>((sql) => {
    const pending = statement(sql, query, parts, asOf, most);
    return query.isAdHoc ? unprepared(pending) : pending;
  }, 'heavy');
  const present = presentIn(found, query.presence ?? []);
  const lines = found.filter(({ q_part }) => q_part !== null);
  const rowOf = (line: Line): TableRow => ({
    bucket: (line.q_bucket as number) - 1,
    keys: query.groupBy.map((_, n) => line[`k${n}`] as Value),
    cells: query.measures.map((_, n) => line[`m${n}`] as Cell),
    ...(query.ranking ? { rank: line.q_rank as number | null } : {}),
  });
  return {
    parts: parts.map((_, n) => lines.filter(({ q_part }) => q_part === n).map(rowOf)),
    mixedCurrencies: lines.some(({ q_mixed }) => q_mixed === true),
    present,
  };
}

type Line = Record<string, Value>;

function statement(sql: Sql, query: Query, parts: Part[], asOf: AsOf, most: number) {
  const window = {
    from: Math.min(...parts.map((part) => part.window.from)),
    to: Math.max(...parts.map((part) => part.window.to)),
    zone: query.window.zone,
  };
  const context = { asOf, window };
  const groups = query.ranking ? ranked(sql, query, query.ranking, parts, context) : all(sql, query, parts, context);
  // Materialized, so that the limit, which is only a guard, does not make the planner favour a fast start.
  const first = sql`select * from groups limit ${most + 1}`;
  return sql<Line[]>`with ${groups} ${besidePresence(sql, query.scope, query.presence ?? [], first, sql`groups`)}`;
}

/** All groups: the expression `groups`, directly over the rows. */
function all(sql: Sql, query: Query, parts: Part[], context: Context): Fragment {
  const source = sourceOf(sql, query.dataset, context);
  const { values, from, names } = keysOf(sql, query.groupBy, source.fields);
  const cells = cellsOf(sql, query.measures, source);
  const counted = parts.map(
    (part, n) => sql`
      select ${n}::integer as q_part, ${bucketOf(sql, query, part, context)} as q_bucket${values}${selected(sql, cells)}
      from ${rowsOf(sql, query, part)}${from}${cells.join}
      where ${condition(sql, query.where, source.fields)}
      group by q_bucket${names}`,
  );
  return sql`groups as materialized (${union(sql, counted)})`;
}
