import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import { type ColumnName, columnOf, type Section, spanOf } from './section.js';

/**
 * The SQL that builds a section of segments from conversations: one text, which the refresher stores the result of and the reader uses
 * directly for segments that are out of date. It expects two expressions:
 *
 * - `units` (unit, bot_id, from_time, to_time): the segments to build. bot_id '' stands for all bots without a segment of
 *   their own on that day. `bots` are those that a query is about, null for all;
 * - `own` (bot_id, from_time): the segments of single bots that exist on those days.
 *
 * and gives `built` (bot_id, from_time, to_time, row_count, latest_activity, the columns, and the span of a section with times
 * of its own, for which the hour is one of the columns), beside `missing` (dimension,
 * value, code): values that the dictionary lacks, with numbers that are valid in this statement alone. With more than `most`
 * conversations nothing is built, and the `size` of `excess` is 1.
 */
export function building(
  sql: Sql,
  account: string,
  section: Section,
  names: readonly ColumnName[],
  { bots, most }: { bots: string[] | null; most: number | null },
): Fragment {
  const found = sql`
      select u.unit, c.last_activity as latest${values(sql, section, names)}
      from units u cross join lateral (
        select * from conversations c
        where c.account_id = ${account}::uuid and c.bot_id = u.bot_id
          and c.start_time >= u.from_time and c.start_time < u.to_time and not c.withdrawn
        offset 0 -- one look-up for each segment: the planner cannot know how few rows a range of time has
      ) c${section.rows(sql, account)}
      where u.bot_id <> ''
      union all
      select u.unit, c.last_activity${values(sql, section, names)}
      from units u cross join lateral (
        select * from conversations c
        where c.account_id = ${account}::uuid and c.start_time >= u.from_time and c.start_time < u.to_time and not c.withdrawn
        offset 0
      ) c${section.rows(sql, account)}
      where u.bot_id = ''${bots === null ? sql`` : sql` and c.bot_id = any(${bots}::text[])`}
        and not exists (
          select from own o where o.bot_id = c.bot_id and o.bot_id <> ''
            and date_trunc('day', o.from_time, 'UTC') = date_trunc('day', u.from_time, 'UTC')
        )`;
  // What is stored of segments does not tell how many conversations have come since: they are counted while they are read.
  const source =
    most === null
      ? sql`source as materialized (${found})`
      : sql`
    found as materialized (select * from (${found}) f limit ${most + 1}),
    excess as materialized (select (count(*) > ${most})::integer as size from found),
    source as materialized (select * from found where (select size from excess) = 0)`;
  return sql`${source}, ${numbered(sql, account, section, names)}, ${encoded(sql, section, names)}`;
}

/** The value of each column of a row, under the name of the column. */
const values = (sql: Sql, section: Section, names: readonly ColumnName[]) =>
  concat(
    sql,
    names.map((name) => sql`, ${columnOf(section, name).value(sql)} as ${sql(name)}`),
  );

/**
 * `missing`, and `coded`: the source with numbers in place of texts. Each text is looked up once: the dictionary is too large
 * to be read whole.
 */
function numbered(sql: Sql, account: string, section: Section, names: readonly ColumnName[]): Fragment {
  const codes = names.filter((name) => columnOf(section, name).kind === 'code');
  const words = codes.map(
    (name) => sql`
    ${sql(`words_${name}`)} as materialized (
      select s.value, d.code as known, (
          select coalesce(max(code), 0) from dictionary where account_id = ${account}::uuid and dimension || '' = ${name}::text
        ) + row_number() over (partition by d.code is null order by s.value) as added
      from (select distinct ${sql(name)} as value from source where ${sql(name)} is not null) s
      left join lateral (
        select code from dictionary d
        where d.account_id = ${account}::uuid and d.dimension = ${name}::text and d.value = s.value
        offset 0 -- one look-up for each text: the planner cannot know how few of the words they are
      ) d on true
    ),`,
  );
  const unknown = codes.map(
    (name) => sql`
      union all
      select ${name}::text, value, added from ${sql(`words_${name}`)} where known is null`,
  );
  const selected = names.map((name) => {
    const { kind, isExact } = columnOf(section, name);
    const word = (of: string) => sql(`w_${name}.${of}`);
    if (kind === 'code') return sql`, coalesce(${word('known')}, ${word('added')}, 0)::bigint as ${sql(name)}`;
    if (isExact !== false) return sql`, ${sql(`s.${name}`)}::bigint as ${sql(name)}`;
    return sql`, trunc(${sql(`s.${name}`)})::bigint as ${sql(name)},
      ${sql(`s.${name}`)} <> trunc(${sql(`s.${name}`)}) as ${sql(`cut_${name}`)}`;
  });
  const joins = codes.map(
    (name) => sql`
      left join ${sql(`words_${name}`)} ${sql(`w_${name}`)} on ${sql(`w_${name}.value`)} = ${sql(`s.${name}`)}`,
  );
  return sql`${concat(sql, words)}
    missing (dimension, value, code) as materialized (
      select ''::text collate "C", ''::text collate "C", 0::bigint where false${concat(sql, unknown)}
    ), coded as materialized (
      select s.unit, s.latest${concat(sql, selected)} from source s${concat(sql, joins)}
    )`;
}

/** A column is plain if it has less than so many bytes of values for each run, which takes eight. */
const RUN = 4;

/**
 * `built`. A plain column is a byte, the number of bytes of each value; eight bytes, the least value, or 1 for codes; and the
 * values: 0 for null, else the distance from the least, plus one. Without bytes for each value all are equal: null if 0
 * follows, else the least. A column of runs is the byte 255 and, for each run, its value and its first row in four bytes; with
 * too many runs, as the hours of many small bots have, it is plain.
 */
function encoded(sql: Sql, section: Section, names: readonly ColumnName[]): Fragment {
  const runs = names.filter((name) => columnOf(section, name).isRun);
  const bounds = names.map(
    (name) => sql`, min(${sql(name)}) as ${sql(`lo_${name}`)}, max(${sql(name)}) as ${sql(`hi_${name}`)},
      bool_or(${sql(name)} is null) as ${sql(`no_${name}`)}`,
  );
  const inexact = names.filter((name) => columnOf(section, name).isExact === false);
  const cuts = inexact.map((name) => sql`, coalesce(bool_or(${sql(`cut_${name}`)}), false) as ${sql(`cut_${name}`)}`);
  const widths = names.map((name) => {
    const [lo, hi, no] = [sql(`lo_${name}`), sql(`hi_${name}`), sql(`no_${name}`)];
    const base = columnOf(section, name).kind === 'code' ? sql`1::bigint` : sql`coalesce(${lo}, 0)`;
    const most = columnOf(section, name).kind === 'code' ? sql`${hi}` : sql`(${hi} - ${lo} + 1)`;
    const isConstant = sql`${lo} is null or (${lo} = ${hi} and not ${no})`;
    return sql`, case when ${isConstant} then coalesce(${lo}, 0) else ${base} end as ${sql(`lo_${name}`)},
      ${lo} is null as ${sql(`no_${name}`)},
      case when ${isConstant} then 0 when ${most} < 256 then 1 when ${most} < 65536 then 2 when ${most} < 16777216 then 3
        when ${most} < 4294967296 then 4 when ${most} < 1099511627776 then 5 else 6 end as ${sql(`w_${name}`)}`;
  });
  const span = spanOf(section);
  const [from, to] = [sql(span.from), sql(span.to)];
  const spanned = section.hasOwnTimes
    ? sql`, to_timestamp(min(hour) * 3600) as ${from}, to_timestamp((max(hour) + 1) * 3600) as ${to}`
    : sql``;
  const order = Object.keys(section.columns)
    .filter((name) => runs.includes(name))
    .map((name) => sql`, ${sql(`c.${name}`)}`);
  const starts = runs.map(
    (name) => sql`, ${sql(`c.${name}`)} is distinct from lag(${sql(`c.${name}`)}) over w as ${sql(`new_${name}`)}`,
  );
  const bytes = names.map((name) => {
    const [lo, no, w] = [
      sql`min(${sql(`lo_${name}`)})`,
      sql`bool_or(${sql(`no_${name}`)})`,
      sql`min(${sql(`w_${name}`)})`,
    ];
    const each =
      columnOf(section, name).kind === 'code'
        ? sql`${sql(name)}`
        : sql`coalesce(${sql(name)} - ${sql(`lo_${name}`)} + 1, 0)`;
    const column = sql`substring(int4send(${w}) from 4) || int8send(${lo})
        || case when ${w} = 0 then case when ${no} then '\\x00'::bytea else '\\x01' end
          else string_agg(substring(int8send(${each}) from 9 - ${sql(`w_${name}`)}), '') end`;
    if (columnOf(section, name).isExact === false) {
      return sql`, case when not bool_or(${sql(`cut_${name}`)}) then ${column} end as ${sql(name)}`;
    }
    if (!runs.includes(name)) return sql`, ${column} as ${sql(name)}`;
    const isNew = sql`filter (where ${sql(`new_${name}`)})`;
    return sql`, case when ${RUN} * count(*) ${isNew} <= greatest(${RUN}, ${w} * count(*))
        then '\\xff'::bytea || string_agg(int4send(${sql(name)}::integer) || int4send(place::integer), '') ${isNew}
        else ${column} end as ${sql(name)}`;
  });
  return sql`
    bounds as materialized (
      select unit${concat(sql, bounds)}${concat(sql, cuts)} from coded group by unit
    ), widths as materialized (
      select unit${concat(sql, widths)}${concat(
        sql,
        inexact.map((name) => sql`, ${sql(`cut_${name}`)}`),
      )} from bounds
    ), sorted as (
      select c.unit, c.latest, row_number() over w - 1 as place${concat(sql, starts)}${concat(
        sql,
        names.map((name) => sql`, ${sql(`c.${name}`)}`),
      )}${concat(
        sql,
        names.map((name) => sql`, ${sql(`b.lo_${name}`)}, ${sql(`b.no_${name}`)}, ${sql(`b.w_${name}`)}`),
      )}${concat(
        sql,
        inexact.map((name) => sql`, ${sql(`b.cut_${name}`)}`),
      )}
      from coded c join widths b using (unit)
      window w as (partition by c.unit order by c.unit${concat(sql, order)})
    ), columns as (
      select unit, count(*)::integer as row_count, max(latest) as latest_activity${spanned}${concat(sql, bytes)}
      from sorted group by unit
    ), built as materialized (
      select u.bot_id, u.from_time, u.to_time, coalesce(c.row_count, 0) as row_count, c.latest_activity${
        section.hasOwnTimes ? sql`, c.${from}, c.${to}` : sql``
      }${concat(
        sql,
        names.map((name) => sql`, ${sql(`c.${name}`)}`),
      )}
      from units u left join columns c using (unit)
    )`;
}
