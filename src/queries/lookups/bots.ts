import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { noteRoad } from '../../database/meter.js';
import type { DimensionOf } from '../catalogue.js';
import { byCodePoint } from '../order.js';
import type { QueryOf, TableRow } from '../query.js';
import { type Scope, visible } from '../scope.js';
import { segments } from '../segments/segments.js';
import { EVER } from '../time/window.js';
import { milliseconds } from './conversation.js';

/** The number of conversations and the times of the first and last one, as instants. */
interface Usage {
  conversations: number;
  first_start_time: number;
  last_start_time: number;
}

/**
 * A bot that conversations currently belong to, with their other attributes: lists in code-point order without missing
 * values.
 */
export interface Bot extends Usage {
  bot_id: string;
  bot_versions: string[];
  channel_types: string[];
  languages: string[];
  team_ids: string[];
}

/** A team that conversations currently belong to. */
export interface Team extends Usage {
  team_id: string;
  bot_ids: string[];
}

/** The distinct values of a text column in code-point order (the collation of the columns is "C"), without null. */
const listOf = (sql: Sql, column: string): Fragment =>
  sql`coalesce(jsonb_agg(distinct ${sql(column)} order by ${sql(column)}) filter (where ${sql(column)} is not null), '[]')`;

/** The bots of the conversations in scope, most conversations first, then by id. */
export async function bots(db: Database, scope: Scope): Promise<Bot[]> {
  const kinds = await kindsOf(db, scope, ['bot_id', 'bot_version', 'channel', 'language', 'team_id']);
  if (kinds === null) return rawBots(db, scope);
  return listed(kinds, (bot_id, [versions, channels, languages, teams], usage) => ({
    bot_id,
    bot_versions: versions ?? [],
    channel_types: channels ?? [],
    languages: languages ?? [],
    team_ids: teams ?? [],
    ...usage,
  }));
}

/** The teams of the conversations in scope, most conversations first, then by id. */
export async function teams(db: Database, scope: Scope): Promise<Team[]> {
  const kinds = await kindsOf(db, scope, ['team_id', 'bot_id']);
  if (kinds === null) return rawTeams(db, scope);
  return listed(kinds, (team_id, [bots], usage) => ({ team_id, bot_ids: bots ?? [], ...usage }));
}

/** The conversations in scope by kind, from segments; null if they cannot answer. The first dimension has a value. */
async function kindsOf(
  db: Database,
  scope: Scope,
  groupBy: DimensionOf<'conversations'>[],
): Promise<TableRow[] | null> {
  const [dimension] = groupBy as [DimensionOf<'conversations'>];
  const window = { ...EVER, zone: 'UTC' };
  const query: QueryOf<'conversations'> = {
    dataset: 'conversations',
    scope,
    window,
    bucket: null,
    measures: [{ aggregate: 'count' }, { aggregate: 'min', of: 'start_ms' }, { aggregate: 'max', of: 'start_ms' }],
    groupBy,
    where: { op: 'not', of: { op: 'in', dimension, values: [null] } },
  };
  const asOf = { now: 0, timeouts: { initial: null, channels: new Map() } }; // nothing here depends on it
  const found = await segments(db, query, [{ window, edges: [EVER.from, EVER.to] }], asOf);
  noteRoad('reason' in found ? 'raw' : 'segments');
  return 'reason' in found ? null : (found.parts[0] ?? []);
}

/** An entry for each value of the first dimension, with the sorted values of the others. */
function listed<Entry extends Usage>(
  kinds: TableRow[],
  entryOf: (id: string, lists: string[][], usage: Usage) => Entry,
): Entry[] {
  const found = new Map<string, { lists: Set<string>[]; usage: Usage }>();
  for (const { keys, cells } of kinds) {
    const [id, ...others] = keys;
    const [conversations = 0, first = 0, last = 0] = cells.map(Number);
    const entry = found.get(String(id)) ?? {
      lists: others.map(() => new Set<string>()),
      usage: { conversations: 0, first_start_time: first, last_start_time: last },
    };
    found.set(String(id), entry);
    for (const [n, value] of others.entries()) if (value !== null) entry.lists[n]?.add(String(value));
    entry.usage.conversations += conversations;
    entry.usage.first_start_time = Math.min(entry.usage.first_start_time, first);
    entry.usage.last_start_time = Math.max(entry.usage.last_start_time, last);
  }
  return [...found]
    .sort(([a, x], [b, y]) => y.usage.conversations - x.usage.conversations || byCodePoint(a, b))
    .map(([id, { lists, usage }]) =>
      entryOf(
        id,
        lists.map((list) => [...list].sort(byCodePoint)),
        usage,
      ),
    );
}

/** The same from the conversations. */
export const rawBots = (db: Database, scope: Scope): Promise<Bot[]> =>
  // Grouped twice: the inner query hashes all conversations into a few rows, and only those are sorted for the lists.
  db.read<Bot>(
    (sql) => sql<Bot[]>`
      with kinds as (
        select c.bot_id, c.bot_version, c.channel, c.language, c.team_id,
          count(*) as conversations, min(c.start_time) as first_start, max(c.start_time) as last_start
        from conversations c
        where ${visible(sql, scope)} and c.bot_id is not null
        group by 1, 2, 3, 4, 5
      )
      select bot_id,
        ${listOf(sql, 'bot_version')} as bot_versions,
        ${listOf(sql, 'channel')} as channel_types,
        ${listOf(sql, 'language')} as languages,
        ${listOf(sql, 'team_id')} as team_ids,
        sum(conversations)::bigint as conversations,
        ${milliseconds(sql, sql`min(first_start)`)} as first_start_time,
        ${milliseconds(sql, sql`max(last_start)`)} as last_start_time
      from kinds group by bot_id order by conversations desc, bot_id`,
    'heavy',
  );

/** The same from the conversations. */
export const rawTeams = (db: Database, scope: Scope): Promise<Team[]> =>
  db.read<Team>(
    (sql) => sql<Team[]>`
      with kinds as (
        select c.team_id, c.bot_id,
          count(*) as conversations, min(c.start_time) as first_start, max(c.start_time) as last_start
        from conversations c
        where ${visible(sql, scope)} and c.team_id is not null
        group by 1, 2
      )
      select team_id,
        ${listOf(sql, 'bot_id')} as bot_ids,
        sum(conversations)::bigint as conversations,
        ${milliseconds(sql, sql`min(first_start)`)} as first_start_time,
        ${milliseconds(sql, sql`max(last_start)`)} as last_start_time
      from kinds group by team_id order by conversations desc, team_id`,
    'heavy',
  );
