import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { only } from '../../database/rows.js';
import { building } from './build.js';
import { type Section, sections, spanOf, storedName } from './section.js';
import { unitsOf } from './units.js';

/** How segments are cut. */
export interface Sizes {
  /** A bot with so many conversations on a day has a segment of its own; fewer would not be worth a row. */
  own: number;
  /** A segment of a day with so many is cut into its hours, so that a busy day is not built whole each time. */
  large: number;
  /**
   * One statement builds segments of so many conversations, or of conversations with so many events, or a single one: what
   * it sorts on disk grows with them, and is limited.
   */
  most?: number;
}

const usual: Sizes = { own: 500, large: 20_000 };
const MOST = 100_000;

/** What a builder of segments has to know: that of an earlier version, which would leave columns as they were, is refused. */
const LAYOUT = 3;

/** The timeout of one statement in milliseconds. */
const PATIENCE = 600_000;

/** What one refresh built. */
export interface Refreshed {
  /** Whether another process was at it, so that nothing was built. */
  isBusy: boolean;
  /** The day of the segments, as PostgreSQL writes it. */
  day: string | null;
  segments: number;
  conversations: number;
}

/**
 * Builds the marked segments of one day of an account, the day that has waited longest. All statements of the transaction
 * see the same snapshot: the marks that it takes belong to the conversations that it reads. A transaction that commits later
 * leaves its marks standing. A second process that takes the same marks fails, and changes nothing; the lock only saves it the
 * work. Null if nothing is marked.
 */
export const refresh = (db: Database, account: string, sizes = usual): Promise<Refreshed | null> =>
  db.transaction(async (sql): Promise<Refreshed | null> => {
    // A plan that is kept from when the tables were small would read them whole for each text, now that they are large.
    const { locked } = only(
      await sql<{ locked: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${`segments of ${account}`}, 0)) as locked,
          set_config('plan_cache_mode', 'force_custom_plan', true)`,
    );
    if (!locked) return { isBusy: true, day: null, segments: 0, conversations: 0 };
    const [waiting] = await sql<{ day: string }[]>`
      select date_trunc('day', hour, 'UTC')::text as day from segment_marks
      where account_id = ${account}::uuid order by mark_id limit 1`;
    if (waiting === undefined) return null;
    const { day } = waiting;
    const taken = await sql<Mark[]>`
      with taken as (
        delete from segment_marks
        where account_id = ${account}::uuid and hour >= ${day}::text::timestamptz
          and hour < ${day}::text::timestamptz + interval '24 hours'
        returning bot_id, hour
      )
      select distinct bot_id, hour::text from taken`;
    if (taken.length === 0) return null;
    return { isBusy: false, day, ...(await build(sql, account, day, taken, sizes)) };
  }, PATIENCE);

export type Mark = { bot_id: string; hour: string };

/** Builds the segments of a day that hold these marked hours. Whether they are exact is up to the transaction. */
export async function build(
  sql: Sql,
  account: string,
  day: string,
  taken: readonly Mark[],
  sizes: Sizes,
): Promise<{ segments: number; conversations: number }> {
  await arrange(sql, account, day, taken, sizes);
  const units = await sql<Unit[]>`
    with ${marked(sql, account, day, taken)}
    select bot_id, from_time::text, to_time::text from units`;
  await sql`
    insert into conversation_segments (account_id, bot_id, from_time, to_time, version, row_count, layout)
    select ${account}::uuid, bot_id, from_time, to_time, 0, 0, ${LAYOUT}::integer from (${listed(sql, units)}) u
    on conflict (account_id, bot_id, from_time) do nothing`;
  for (const some of await inParts(sql, account, units, sizes.most ?? MOST)) {
    for (const section of Object.values<Section>(sections)) await fill(sql, account, day, some, section);
  }
  const { conversations } = only(
    await sql<{ conversations: number }[]>`
      select coalesce(sum(s.row_count), 0)::integer as conversations from (${listed(sql, units)}) u
      join conversation_segments s on s.account_id = ${account}::uuid and s.bot_id = u.bot_id and s.from_time = u.from_time`,
  );
  return { segments: units.length, conversations };
}

/** A segment to build. Times are as PostgreSQL writes them. */
type Unit = { bot_id: string; from_time: string; to_time: string };

/** The same units in lists that one statement builds. */
async function inParts(sql: Sql, account: string, units: readonly Unit[], most: number): Promise<Unit[][]> {
  const size = sql`greatest(count(*), coalesce(sum(c.event_count), 0))::bigint`;
  const started = sql`c.account_id = ${account}::uuid and c.start_time >= u.from_time and c.start_time < u.to_time`;
  const sized = await sql<(Unit & { size: number })[]>`
    select u.bot_id, u.from_time::text, u.to_time::text,
      case u.bot_id when '' then (select ${size} from conversations c where ${started}) -- of all bots, which is too many
        else (select ${size} from conversations c where ${started} and c.bot_id = u.bot_id) end as size
    from (${listed(sql, units)}) u order by u.bot_id, u.from_time`;
  const parts: Unit[][] = [];
  let left = 0;
  for (const { size, ...unit } of sized) {
    if (parts.length === 0 || size > left) {
      parts.push([]);
      left = most;
    }
    parts.at(-1)?.push(unit);
    left -= size;
  }
  return parts;
}

/** Builds one section of these segments of a day. */
async function fill(sql: Sql, account: string, day: string, units: readonly Unit[], section: Section): Promise<void> {
  const names = Object.keys(section.columns);
  const columns = names.map((name) => sql`, ${sql(storedName(section, name))} = ${sql(`b.${name}`)}`);
  const activity = section.prefix === '' ? sql`, latest_activity = b.latest_activity` : sql``;
  const { from, to } = spanOf(section);
  const span = section.hasOwnTimes ? sql`, ${sql(from)} = ${sql(`b.${from}`)}, ${sql(to)} = ${sql(`b.${to}`)}` : sql``;
  const missing = await sql<{ dimension: string; value: string; code: number }[]>`
    with ${kept(sql, account, day)},
    units as materialized (select row_number() over () as unit, u.* from (${listed(sql, units)}) u),
    own as materialized (select bot_id, from_time from kept where bot_id <> ''),
    ${building(sql, account, section, names, { bots: null, most: null })}, filled as (
      update conversation_segments s
      set version = s.version + 1,
        ${sql(storedName(section, 'row_count'))} = b.row_count${activity}${span}${concat(sql, columns)}
      from built b
      where s.account_id = ${account}::uuid and s.bot_id = b.bot_id and s.from_time = b.from_time
    )
    select dimension, value, code from missing`;
  await sql`
    insert into dictionary (account_id, dimension, value, code)
    select ${account}::uuid, m.* from unnest(
      ${missing.map(({ dimension }) => dimension)}::text[], ${missing.map(({ value }) => value)}::text[],
      ${missing.map(({ code }) => code)}::integer[]
    ) m
    on conflict do nothing -- a word that this snapshot does not see is a conflict of transactions then, and no error of ours`;
}

const listed = (sql: Sql, units: readonly Unit[]) => sql`
  select l.bot_id collate "C" as bot_id, l.from_time, l.to_time from unnest(
    ${units.map(({ bot_id }) => bot_id)}::text[], ${units.map(({ from_time }) => from_time)}::text[]::timestamptz[],
    ${units.map(({ to_time }) => to_time)}::text[]::timestamptz[]
  ) l (bot_id, from_time, to_time)`;

const marksOf = (sql: Sql, taken: readonly Mark[]) => sql`
  select u.bot_id collate "C" as bot_id, u.hour from unnest(
    ${taken.map(({ bot_id }) => bot_id)}::text[], ${taken.map(({ hour }) => hour)}::text[]::timestamptz[]
  ) u (bot_id, hour)`;

/** The expression `kept`: the segments of a day. */
const kept = (sql: Sql, account: string, day: string) => sql`
  kept as materialized (
    select bot_id, from_time, to_time, row_count, version from conversation_segments
    where account_id = ${account}::uuid
      and from_time >= ${day}::text::timestamptz and from_time < ${day}::text::timestamptz + interval '24 hours'
  )`;

/** The expressions `kept`, `units` and `own` of a day: what was marked, and what `arrange` made anew. */
const marked = (sql: Sql, account: string, day: string, taken: readonly Mark[]) => sql`
  ${kept(sql, account, day)}, units as materialized (
    select row_number() over () as unit, u.bot_id, u.from_time, u.to_time from (
      select bot_id, from_time, to_time from (${unitsOf(sql, marksOf(sql, taken))}) m
      union
      select bot_id, from_time, to_time from kept where version = 0
    ) u
  ), own as materialized (select bot_id, from_time from kept where bot_id <> '')`;

/**
 * Decides which segments a day has, before they are built: rows with version 0 are to be filled. A decision stands: a bot
 * with a segment of its own keeps it, and so does a segment that was cut into hours.
 */
async function arrange(
  sql: Sql,
  account: string,
  day: string,
  taken: readonly Mark[],
  { own, large }: Sizes,
): Promise<void> {
  const start = sql`${day}::text::timestamptz`;
  const ofDay = sql`account_id = ${account}::uuid and from_time >= ${start} and from_time < ${start} + interval '24 hours'`;
  const bots = [...new Set(taken.map(({ bot_id }) => bot_id))].filter((bot) => bot !== '');
  const promoted = await sql`
    insert into conversation_segments (account_id, bot_id, from_time, to_time, version, row_count, layout)
    select ${account}::uuid, b.bot_id, ${start}, ${start} + interval '24 hours', 0, 0, ${LAYOUT}::integer
    from unnest(${bots}::text[]) b (bot_id)
    where not exists (select from conversation_segments s where ${ofDay} and s.bot_id = b.bot_id)
      and not exists (select from conversation_segments s where ${ofDay} and s.bot_id = '' and s.to_time < ${start} + interval '24 hours')
      and (
        select count(*) from (
          select from conversations c where c.account_id = ${account}::uuid and c.bot_id = b.bot_id
            and c.start_time >= ${start} and c.start_time < ${start} + interval '24 hours' limit ${own}
        ) c
      ) = ${own}
    returning bot_id`;
  if (promoted.length > 0) await sql`update conversation_segments set version = 0 where ${ofDay} and bot_id = ''`;
  await sql`
    with ${marked(sql, account, day, taken)}, large as (
      select u.bot_id from units u
      where u.to_time = u.from_time + interval '24 hours' and (
        select count(*) from (
          select from conversations c where c.account_id = ${account}::uuid and c.bot_id = u.bot_id
            and c.start_time >= u.from_time and c.start_time < u.to_time limit ${large}
        ) c
      ) = ${large} or u.bot_id = '' and u.to_time = u.from_time + interval '24 hours' and (
        select count(*) from (
          select from conversations c where c.account_id = ${account}::uuid
            and c.start_time >= u.from_time and c.start_time < u.to_time
            and not exists (select from own o where o.bot_id = c.bot_id) limit ${large}
        ) c
      ) = ${large}
    )
    insert into conversation_segments (account_id, bot_id, from_time, to_time, version, row_count, layout)
    select ${account}::uuid, l.bot_id, ${start} + n * interval '1 hour', ${start} + (n + 1) * interval '1 hour', 0, 0, ${LAYOUT}::integer
    from large l cross join generate_series(0, 23) n
    on conflict (account_id, bot_id, from_time) do update set to_time = excluded.to_time, version = 0`;
}

/** The accounts that have marks, found one after the other: there are many marks, of few accounts. */
export async function markedAccounts(db: Database): Promise<string[]> {
  const accounts: string[] = [];
  for (;;) {
    const after = accounts.at(-1);
    const [next] = await db.read<{ account_id: string }>(
      (sql) => sql`
        select account_id from segment_marks
        ${after === undefined ? sql`` : sql`where account_id > ${after}::uuid`} order by account_id limit 1`,
    );
    if (next === undefined) return accounts;
    accounts.push(next.account_id);
  }
}
