import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import { condition } from '../condition.js';
import { isPresent } from '../presence.js';
import { iso } from '../raw/dataset.js';
import { DAY } from './axis.js';
import { building } from './build.js';
import type { Plan, Vocabulary } from './plan.js';
import { type ColumnName, type Section, spanOf, storedName } from './section.js';
import { unitsOf } from './units.js';

/** Beyond so many segments, or conversations in them, that are out of date, a query goes the raw road. */
const MAX_STALE = 40;
const MAX_STALE_ROWS = 200_000;

/** Beyond so many words, too. */
export const MAX_WORDS = 20_000;

/** The size of the obstacle if segments are out of date and nothing worse; a greater one leaves the query to the raw road. */
export const STALE = 1;

/** With more cuts, times are fetched for every segment: a test of each would take longer. */
const MANY_CUTS = 32;

/**
 * The statement that reads what a plan needs. Its rows are, by the first column: 0, a word of a vocabulary; 1, once, the size
 * of the obstacle (0 for none) and what of the query is present; 2, a segment with the columns `all`. Only
 * with `isBuilding` it builds the segments that are out of date; without it, there are no segments if one is.
 */
export function statement(sql: Sql, plan: Plan, all: ColumnName[], isBuilding: boolean) {
  const { query, section, bots, vocabularies } = plan;
  const account = query.scope.account;
  const span = spanOf(section);
  const isIn = rangeOf(sql, plan);
  const marks = sql`select bot_id, hour from segment_marks where account_id = ${account}::uuid and ${isIn.marked}${
    bots === null ? sql`` : sql` and bot_id = any(${bots}::text[])`
  }`;
  const stored = (columns: Fragment, isWanted: Fragment) => sql`
    select ${columns} from conversation_segments s
    where s.account_id = ${account}::uuid and ${isWanted}${
      bots === null ? sql`` : sql` and s.bot_id = any(${[...bots, '']}::text[])`
    }`;
  const needless =
    bots === null
      ? sql``
      : sql` and (s.bot_id <> '' or date_trunc('day', s.from_time, 'UTC') not in (${ownDays(sql, account, bots, isIn.stored('o'))}))`;
  const times = sql`${milliseconds(sql, `s.${span.from}`)}, ${milliseconds(sql, `s.${span.to}`)}`;
  const shipped = (nameOf: (name: ColumnName) => string) =>
    concat(
      sql,
      all.map((name) => sql`, ${shippedOf(sql, plan, name, nameOf)}`),
    );
  const nulls = concat(
    sql,
    all.map(() => sql`, null::bytea`),
  );
  const presence = (query.presence ?? []).map(
    (one) => sql` || case when ${isPresent(sql, query.scope, one)} then '1' else '0' end`,
  );
  const needed = all.filter((name) => fetchOf(plan, name) !== 'never' || (section.hasOwnTimes && name === 'hour'));
  const built = all.map((name) => (needed.includes(name) ? sql`, ${sql(name)}` : sql`, null::bytea as ${sql(name)}`));
  const head = isBuilding
    ? sql`
      marked as materialized (${marks}),
      kept as materialized (${stored(sql`bot_id, from_time, to_time, row_count`, isIn.beside)}),
      stale as materialized (${unitsOf(sql, sql`select * from marked`)}),
      obstacle as materialized (
        select (count(*) > ${MAX_STALE} or coalesce(sum(row_count), 0) > ${MAX_STALE_ROWS}
          or exists (select from pending_marks))::integer * ${STALE + 1} as size from stale
      ),
      units as materialized (
        select row_number() over () as unit, s.* from stale s where (select size from obstacle) = 0
      ),
      own as materialized (select bot_id, from_time from kept where bot_id <> ''),
      ${building(sql, account, section, needed, { bots, most: MAX_STALE_ROWS })}`
    : sql`obstacle as materialized (
        select exists (${marks})::integer * ${STALE} + exists (select from pending_marks)::integer * ${STALE + 1} as size
      )`;
  const unmarked = isBuilding
    ? sql` and not exists (select from stale t where t.bot_id = s.bot_id and t.from_time = s.from_time)
      union all
      select 2, ${times}, s.row_count, '', ''${shipped((name) => name)}
      from (select ${sql(span.from)}, ${sql(span.to)}, row_count, latest_activity${concat(sql, built)} from built) s`
    : sql``;
  const obstacle = isBuilding
    ? sql`((select size from obstacle) + (select size from excess) * ${STALE + 1})`
    : sql`(select size from obstacle)`;
  return sql`
    with ${head}
    select 0 as kind, 0::bigint as a, 0::bigint as b, 0 as c, ''::text as d, ''::text as e${nulls} where false
    ${concat(
      sql,
      vocabularies.map((vocabulary, n) => wordsOf(sql, account, vocabulary, n, nulls, isBuilding)),
    )}
    union all
    select 1, 0, 0, ${obstacle}, '', ''${concat(sql, presence)}${nulls}
    union all
    ${stored(sql`2, ${times}, ${sql(`s.${storedName(section, 'row_count')}`)}, '', ''${shipped((name) => storedName(section, name))}`, isIn.stored('s'))}${needless} and ${obstacle} = 0${unmarked}`;
}

/** The days on which all these bots have segments of their own: that of the other bots has none of their rows then. */
const ownDays = (sql: Sql, account: string, bots: string[], isWanted: Fragment) => sql`
  select date_trunc('day', o.from_time, 'UTC') from conversation_segments o
  where o.account_id = ${account}::uuid and o.bot_id = any(${bots}::text[]) and o.bot_id <> '' and ${isWanted}
  group by 1 having count(distinct o.bot_id) = ${new Set(bots).size}`;

/** What concerns the range of a query. */
interface Range {
  marked: Fragment;
  /** Segments, named `s` or `o`. */
  stored(name: string): Fragment;
  /** Segments `s` on the days of those marks. */
  beside: Fragment;
}

/** Rows with times of their own are looked for in segments of any day. */
function rangeOf(sql: Sql, { section, parts }: Plan): Range {
  const from = Math.min(...parts.map(({ window }) => window.from));
  const to = Math.max(...parts.map(({ window }) => window.to));
  if (section.hasOwnTimes) {
    const span = spanOf(section);
    return {
      marked: sql`(messages_from is null or messages_from < ${iso(to)}::timestamptz and messages_to >= ${iso(from)}::timestamptz)`,
      stored: (name) =>
        sql`${sql(`${name}.${span.from}`)} < ${iso(to)}::timestamptz and ${sql(`${name}.${span.to}`)} > ${iso(from)}::timestamptz`,
      beside: sql`date_trunc('day', s.from_time, 'UTC') in (select date_trunc('day', m.hour, 'UTC') from marked m)`,
    };
  }
  const inRange = (time: Fragment) =>
    sql`${time} >= ${iso(Math.floor(from / DAY) * DAY)}::timestamptz and ${time} < ${iso(Math.ceil(to / DAY) * DAY)}::timestamptz`;
  const stored = (name: string) => inRange(sql`${sql(`${name}.from_time`)}`);
  return { marked: inRange(sql`hour`), stored, beside: stored('s') };
}

/**
 * What the text of the statement without building depends on; null where it depends on more, such as the patterns of a
 * filter.
 */
export function shapeOf(plan: Plan, all: ColumnName[]): string | null {
  const { query, bots, vocabularies } = plan;
  const tests = vocabularies.flatMap((vocabulary) => vocabulary.tests);
  if ((query.presence ?? []).length > 0 || tests.some(({ op }) => op !== 'in')) return null;
  return JSON.stringify([
    query.dataset,
    all.map((name) => [name, fetchOf(plan, name)]),
    bots !== null,
    vocabularies.map((vocabulary) => [
      vocabulary.isWhole,
      vocabulary.tests.map((test) => test.op === 'in' && [test.values.length === 1, test.values.includes(null)]),
    ]),
  ]);
}

/** When a column is fetched: from every segment, from those that a cut divides, from those of late activity, or never. */
function fetchOf(plan: Plan, name: ColumnName): 'always' | 'cut' | 'late' | 'never' {
  const least = TIMES.indexOf(name);
  if (least === -1) {
    const isOnlyForState = name === 'is_closed' || (name === 'last_activity' && !plan.columns.includes(name));
    // Without a look at the clock where the answer does not depend on it.
    return isOnlyForState && earliestExpiry(plan) !== null ? 'late' : 'always';
  }
  if (plan.columns.includes(name) || (plan.clock !== null && least <= plan.clock.precision)) return 'always';
  const { length } = plan.cuts[least] as number[];
  return length === 0 ? 'never' : length > MANY_CUTS ? 'always' : 'cut';
}

/** A column of a segment `s`, or null where the query does not need it. */
function shippedOf(sql: Sql, plan: Plan, name: ColumnName, nameOf: (name: ColumnName) => string): Fragment {
  const column = sql`s.${sql(nameOf(name))}`;
  switch (fetchOf(plan, name)) {
    case 'always':
      return column;
    case 'never':
      return sql`null::bytea`;
    case 'cut':
      return sql`case when ${isCut(sql, plan.section, plan.cuts[TIMES.indexOf(name)] as number[])} then ${column} end`;
    case 'late':
      return sql`case when s.latest_activity > ${earliestExpiry(plan)}::text::timestamptz then ${column} end`;
  }
}

const TIMES: readonly ColumnName[] = ['hour', 'minute', 'millisecond'];

const milliseconds = (sql: Sql, name: string) => sql`(date_part('epoch', ${sql(name)}) * 1000)::bigint`;

/** Whether one of these instants divides a segment `s`. */
function isCut(sql: Sql, section: Section, instants: number[]): Fragment {
  const { from, to } = spanOf(section);
  const list = sql`(select ${instants.map(iso)}::text[]::timestamptz[])`;
  return sql`width_bucket(${sql(`s.${from}`)}, ${list}) <> width_bucket(${sql(`s.${to}`)} - interval '1 millisecond', ${list})`;
}

/** The time of activity up to which every conversation has expired; null if some never expire. */
function earliestExpiry({ asOf: { now, timeouts } }: Plan): string | null {
  const all = [timeouts.initial, ...timeouts.channels.values()];
  const longest = Math.max(...all.map((timeout) => timeout ?? Number.POSITIVE_INFINITY));
  const instant = now - longest;
  return instant > -60_000_000_000_000 ? iso(instant) : null;
}

/** The rows of a vocabulary: its number, the code, the word, and a flag for each test. */
function wordsOf(
  sql: Sql,
  account: string,
  { column, tests, isWhole }: Vocabulary,
  n: number,
  nulls: Fragment,
  isBuilding: boolean,
): Fragment {
  const field = { type: 'text', value: sql`w.value` } as const;
  const flags = tests.map((test) => sql` || case when ${condition(sql, test, () => field)} then '1' else '0' end`);
  const listed = tests.flatMap((test) =>
    test.op === 'in' ? test.values.filter((value) => value !== null).map(String) : [],
  );
  const only = isWhole ? sql`` : sql` and w.value = any(${listed}::text[])`;
  return sql`
    union all
    select 0, ${n}::bigint, w.code, 0, w.value, ''${concat(sql, flags)}${nulls}
    from (
      select * from (
        select w.code, w.value from dictionary w where w.account_id = ${account}::uuid and w.dimension = ${column}::text${only}
        limit ${MAX_WORDS + 1}
      ) w
      ${isBuilding ? sql`union all select w.code, w.value from missing w where w.dimension = ${column}::text${only}` : sql``}
    ) w`;
}
