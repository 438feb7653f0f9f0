import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import { condition } from '../condition.js';
import { dimensionsIn } from '../filter.js';
import { filtersOf, type Measure } from '../measure.js';
import type { Query, Ranking } from '../query.js';
import { cellsOf } from './cells.js';
import type { Context } from './dataset.js';
import { type Source, sourceOf } from './fields.js';
import { bucketOf, keysOf, type Part, rowsOf, selected, union } from './groups.js';

/**
 * The groups of a ranking: the expression `groups`. Rows are gathered once, with only the needed columns, because whole
 * rows would spill to disk. A row has a line for each of its groups. A group is identified by `q_key`, a record of its
 * values: records also compare equal if the same values are missing.
 */
export function ranked(sql: Sql, query: Query, ranking: Ranking, parts: Part[], context: Context): Fragment {
  const rows = sourceOf(sql, query.dataset, context);
  const { columns, source } = gatheredOf(sql, query, rows);
  const gathered = parts.map(
    (part, n) => sql`
      select ${n}::integer as q_part, ${bucketOf(sql, query, part, context)} as q_bucket${columns}
      from ${rowsOf(sql, query, part)}
      where ${condition(sql, query.where, rows.fields)}`,
  );
  const { values, from } = keysOf(sql, query.groupBy, source.fields);
  const keys = query.groupBy.map((_, n) => sql`${sql(`k${n}`)}`);
  const of = ranking.by.map(({ measure }) => query.measures[measure] as Measure);
  const whole = cellsOf(sql, of, source, sql`c.q_part = 0`);
  const scores = whole.cells.map((cell, n) => sql`, ${cell} as ${sql(`s${n}`)}`);
  const byScores = ranking.by.map(
    ({ direction }, n) => sql`${sql(`s${n}`)} ${direction === 'asc' ? sql`asc` : sql`desc`} nulls last, `,
  );
  const byKeys = query.groupBy.map((name, n) => {
    const collation = source.fields(name).type === 'text' ? sql` collate "C"` : sql``;
    return sql`${sql(`k${n}`)}${collation} nulls last`;
  });
  return sql`
    gathered as materialized (
      select c.*${isSplit(query, source) ? sql`, row_number() over () as q_row` : sql``} from (${union(sql, gathered)}) c
    ), lines as not materialized (
      select c.*, row(${listed(sql, keys)}) as q_key from (select c.*${values} from gathered c${from}) c
    ), ranks as materialized (
      select row(${listed(sql, keys)}) as q_key, row_number() over (order by ${concat(sql, byScores)}${listed(sql, byKeys)}) as q_rank
      from (select ${listed(sql, keys)}${concat(sql, scores)} from lines c${whole.join} group by ${listed(sql, keys)}) c
    ), groups as materialized (${counted(sql, query, ranking, source)}
    )`;
}

/** Whether a row can be in several groups, so that some may be shown and others not. */
const isSplit = ({ groupBy }: Query, { fields }: Source) => groupBy.some((name) => fields(name).many === true);

/**
 * The needed fields of the rows as columns `f0`, `f1`, ..., the currencies behind sums of money as `y0`, ..., and the
 * source that reads them.
 */
function gatheredOf(sql: Sql, { groupBy, measures }: Query, rows: Source): { columns: Fragment; source: Source } {
  const names = [...new Set([...groupBy, ...measures.flatMap(namesIn)])];
  const columns = names.map((name, n) => {
    const currencies = rows.currencies(name);
    const more = currencies === null ? sql`` : sql`, ${currencies} as ${sql(`y${n}`)}`;
    return sql`, ${rows.fields(name).value} as ${sql(`f${n}`)}${more}`;
  });
  return {
    columns: concat(sql, columns),
    source: {
      fields: (name) => ({ ...rows.fields(name), value: sql`c.${sql(`f${names.indexOf(name)}`)}` }),
      currencies: (name) => (rows.currencies(name) === null ? null : sql`c.${sql(`y${names.indexOf(name)}`)}`),
    },
  };
}

/** The fields that a measure uses. */
const namesIn = (measure: Measure): string[] => [
  ...('of' in measure && measure.of !== undefined ? [measure.of] : []),
  ...filtersOf(measure).flatMap(dimensionsIn),
];

/** The shown groups with their numbers, and the remaining groups as one group without keys and rank, if requested. */
function counted(sql: Sql, query: Query, { limit, others }: Ranking, source: Source): Fragment {
  const cells = cellsOf(sql, query.measures, source);
  const places = query.groupBy.map((_, n) => n);
  const isShown = limit === null ? sql`true` : sql`r.q_rank <= ${limit}`;
  if (others && limit !== null && !isSplit(query, source)) {
    const keys = places.map((n) => sql`, case when ${isShown} then l.${sql(`k${n}`)} end as ${sql(`g${n}`)}`);
    return sql`
      select c.q_part, c.q_bucket${concat(
        sql,
        places.map((n) => sql`, c.${sql(`g${n}`)} as ${sql(`k${n}`)}`),
      )}${selected(sql, cells)}, c.q_rank
      from (
        select l.*${concat(sql, keys)}, case when ${isShown} then r.q_rank end as q_rank
        from lines l join ranks r on r.q_key = l.q_key
      ) c${cells.join}
      group by c.q_part, c.q_bucket${concat(
        sql,
        places.map((n) => sql`, c.${sql(`g${n}`)}`),
      )}, c.q_rank`;
  }
  const keys = places.map((n) => sql`, c.${sql(`k${n}`)}`);
  const rest = sql`
      union all
      select c.q_part, c.q_bucket${concat(
        sql,
        places.map(() => sql`, null`),
      )}${selected(sql, cells)}, null
      from gathered c${cells.join}
      where c.q_row in (select l.q_row from lines l join ranks r on r.q_key = l.q_key where r.q_rank > ${limit ?? 0})
      group by c.q_part, c.q_bucket`;
  return sql`
      select c.q_part, c.q_bucket${concat(sql, keys)}${selected(sql, cells)}, c.q_rank
      from (select l.*, r.q_rank from lines l join ranks r on r.q_key = l.q_key where ${isShown}) c${cells.join}
      group by c.q_part, c.q_bucket${concat(sql, keys)}, c.q_rank${others && limit !== null ? rest : sql``}`;
}

/** Joins expressions with commas. */
const listed = (sql: Sql, items: Fragment[]): Fragment =>
  concat(
    sql,
    items.map((item, n) => (n === 0 ? item : sql`, ${item}`)),
  );
