import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { unprepared } from '../../database/unprepared.js';
import { fieldOf } from '../catalogue.js';
import { condition } from '../condition.js';
import type { Value } from '../filter.js';
import type { Cell } from '../measure.js';
import { besidePresence, presentIn } from '../presence.js';
import type { AsOf, Query, Ranking, TableRow } from '../query.js';
import type { Window } from '../time/window.js';
import { type Cells, cellsOf } from './cells.js';
import { type Context, iso } from './dataset.js';
import { fieldsOf, rawDatasets } from './fields.js';

/** A range to count and the edges of its buckets. */
export interface Part {
  window: Window;
  edges: number[];
}

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
    const asked = statement(sql, query, parts, asOf, most);
    return query.isAdHoc ? unprepared(asked) : asked;
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
  const { values, from, names } = keysOf(sql, query, context);
  const cells = cellsOf(sql, query.dataset, query.measures, context);
  const counted = parts.map(
    (part, n) => sql`
      select ${n}::integer as q_part, ${bucketOf(sql, query, part, context)} as q_bucket${values}${selected(sql, cells)}
      from ${rowsOf(sql, query, part)}${from}${cells.join}
      where ${condition(sql, query.where, fieldsOf(sql, query.dataset, context))}
      group by q_bucket${names}`,
  );
  return sql`groups as materialized (${union(sql, counted)})`;
}

/**
 * The groups of a ranking. Rows are gathered and numbered once; a row has a line for each of its groups. A group is
 * identified by `q_key`, its values as JSON, which also compares equal for missing values.
 */
function ranked(sql: Sql, query: Query, { by, limit, others }: Ranking, parts: Part[], context: Context): Fragment {
  const { values, from, names } = keysOf(sql, query, context);
  const gathered = parts.map(
    (part, n) => sql`
      select c.*, ${n}::integer as q_part, ${bucketOf(sql, query, part, context)} as q_bucket
      from ${rowsOf(sql, query, part)}
      where ${condition(sql, query.where, fieldsOf(sql, query.dataset, context))}`,
  );
  const cells = cellsOf(sql, query.dataset, query.measures, context);
  const of = by.map(({ measure }) => query.measures[measure] as Query['measures'][number]);
  const whole = cellsOf(sql, query.dataset, of, context, sql`c.q_part = 0`);
  const scores = whole.cells.map((cell, n) => sql`, ${cell} as ${sql(`s${n}`)}`);
  const byScores = by.map(
    ({ direction }, n) => sql`${sql(`s${n}`)} ${direction === 'asc' ? sql`asc` : sql`desc`} nulls last, `,
  );
  const collated = query.groupBy.map((name, n) => {
    const comma = n === 0 ? sql`` : sql`, `;
    const collation = fieldOf(query.dataset, name)?.type === 'text' ? sql` collate "C"` : sql``;
    return sql`${comma}${sql(`k${n}`)}${collation} nulls last`;
  });
  const within = limit === null ? sql`true` : sql`r.q_rank <= ${limit}`;
  const blanks = query.groupBy.map(() => sql`, null`);
  const rest = sql`
      union all
      select c.q_part, c.q_bucket${concat(sql, blanks)}${selected(sql, cells)}, null
      from gathered c${cells.join}
      where c.q_row in (select l.q_row from lines l join ranks r on r.q_key = l.q_key where r.q_rank > ${limit ?? 0})
      group by c.q_part, c.q_bucket`;
  return sql`
    gathered as materialized (
      select c.*, row_number() over () as q_row from (${union(sql, gathered)}) c
    ), lines as materialized (
      select c.*, to_jsonb(c.q_keys)::text as q_key from (
        select c.*${values}, jsonb_build_array(${listed(sql, query, context)}) as q_keys from gathered c${from}
      ) c
    ), ranks as materialized (
      select q_key, row_number() over (order by ${concat(sql, byScores)}${concat(sql, collated)}) as q_rank
      from (select c.q_key${names}${concat(sql, scores)} from lines c${whole.join} group by c.q_key${names}) scored
    ), groups as materialized (
      select c.q_part, c.q_bucket${names}${selected(sql, cells)}, r.q_rank
      from lines c join ranks r on r.q_key = c.q_key and ${within}${cells.join}
      group by c.q_part, c.q_bucket${names}, r.q_rank${others && limit !== null ? rest : sql``}
    )`;
}

function rowsOf(sql: Sql, query: Query, { window }: Part): Fragment {
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
function bucketOf(sql: Sql, { dataset }: Query, { edges }: Part, context: Context): Fragment {
  if (edges.length <= 2) return sql`1`;
  const time = rawDatasets[dataset].time(sql, context);
  // Inside a sub-select the list is cast once, not for every row.
  return sql`width_bucket(${time}, (select ${edges.map(iso)}::text[]::timestamptz[]))`;
}

/** The keys of the groups as `k0`, `k1`, ...: the select list, the joins for lists, and the names. */
function keysOf(sql: Sql, { dataset, groupBy }: Query, context: Context) {
  const fields = fieldsOf(sql, dataset, context);
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

/** The same keys, as arguments. */
function listed(sql: Sql, { dataset, groupBy }: Query, context: Context): Fragment {
  const fields = fieldsOf(sql, dataset, context);
  return concat(
    sql,
    groupBy.map((name, n) => {
      const { many, value } = fields(name);
      return sql`${n === 0 ? sql`` : sql`, `}${many ? sql(`u${n}`) : value}`;
    }),
  );
}

/** A multi-valued dimension gives one group for each value, and the null group if it is empty. */
const eachOf = (sql: Sql, list: Fragment, n: number): Fragment =>
  sql` cross join lateral unnest(case when cardinality(${list}) = 0 then array[null] else ${list} end) as ${sql(`u${n}`)}`;

const selected = (sql: Sql, { cells, mixed }: Cells): Fragment =>
  sql`${concat(
    sql,
    cells.map((cell, n) => sql`, ${cell} as ${sql(`m${n}`)}`),
  )}, ${mixed} as q_mixed`;

function union(sql: Sql, [first, ...rest]: Fragment[]): Fragment {
  const more = rest.map((one) => sql` union all ${one}`);
  return sql`${first as Fragment}${concat(sql, more)}`;
}
