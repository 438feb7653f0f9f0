import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { type Scope, visible } from '../scope.js';
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
export const bots = (db: Database, scope: Scope): Promise<Bot[]> =>
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

/** The teams of the conversations in scope, most conversations first, then by id. */
export const teams = (db: Database, scope: Scope): Promise<Team[]> =>
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
