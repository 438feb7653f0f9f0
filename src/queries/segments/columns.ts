import type { Fragment, Sql } from '../../database/connect.js';
import type { DimensionOf, NumberOf } from '../catalogue.js';

/** How a column of the segments is stored: what the database computes from a conversation `c`, and how it is encoded. */
export interface StoredColumn {
  /** `code`: a text, stored as its number in the dictionary, 0 for none. `number`: a whole number or a boolean. */
  kind: 'code' | 'number';
  value: (sql: Sql) => Fragment;
  /** Stored as runs of equal values; segments are sorted by these columns, in this order. */
  isRun?: true;
  /** Values may have fractions, which cannot be stored. A segment with one lacks this column. */
  isExact?: false;
}

const code = (value: (sql: Sql) => Fragment): StoredColumn => ({ kind: 'code', value });
const number = (value: (sql: Sql) => Fragment): StoredColumn => ({ kind: 'number', value });
const flag = (value: (sql: Sql) => Fragment): StoredColumn => ({
  kind: 'number',
  value: (sql) => sql`${value(sql)}::integer`,
});
const run = (column: StoredColumn): StoredColumn => ({ ...column, isRun: true });

/** Whole milliseconds since 1970. A double holds them exactly, and is much faster here than a numeric. */
const epoch = (sql: Sql, time: Fragment) => sql`(date_part('epoch', ${time}) * 1000)::bigint`;
const hours = (sql: Sql) => sql`floor(date_part('epoch', c.start_time) / 3600)::bigint`;

const stored = {
  bot: run(code((sql) => sql`c.bot_id`)),
  bot_version: run(code((sql) => sql`c.bot_version`)),
  channel: run(code((sql) => sql`c.channel`)),
  /** Since 1970. */
  hour: run(number(hours)),
  /** Of the hour. */
  minute: number((sql) => sql`date_part('minute', c.start_time)::bigint`),
  /** Of the minute. */
  millisecond: number((sql) => sql`(date_part('millisecond', c.start_time))::bigint`),
  team_id: code((sql) => sql`c.team_id`),
  language: code((sql) => sql`c.language`),
  desk_id: code((sql) => sql`c.desk_id`),
  integration_id: code((sql) => sql`c.integration_id`),
  campaign_id: code((sql) => sql`c.campaign_id`),
  campaign_source: code((sql) => sql`c.campaign_source`),
  brain_id: code((sql) => sql`c.brain_id`),
  user_id: code((sql) => sql`c.user_id`),
  chat_type: code((sql) => sql`c.chat_type`),
  chat_initiator: code((sql) => sql`c.chat_initiator`),
  is_test: flag((sql) => sql`c.is_test`),
  is_contained: flag((sql) => sql`c.is_contained`),
  is_covered: flag((sql) => sql`c.is_covered`),
  is_meaningful: flag((sql) => sql`c.is_meaningful`),
  has_collection: flag((sql) => sql`c.has_collection`),
  has_collection_sources: flag((sql) => sql`c.has_collection_sources`),
  /** Whether an explicit close is in effect. */
  is_closed: flag((sql) => sql`(c.closed_at is not null)`),
  /** Milliseconds since 1970; the next three are lengths of time in milliseconds. */
  last_activity: number((sql) => epoch(sql, sql`c.last_activity`)),
  duration: number((sql) => sql`greatest(0, ${epoch(sql, sql`c.end_time`)} - ${epoch(sql, sql`c.start_time`)})`),
  first_response: { ...number((sql) => sql`c.first_response_seconds * 1000`), isExact: false },
  resolution: number(
    (sql) => sql`case when c.closed_at is not null
      then greatest(0, ${epoch(sql, sql`c.closed_at`)} - ${epoch(sql, sql`c.start_time`)}) end`,
  ),
  rating: number((sql) => sql`c.rating`),
  user_messages: number((sql) => sql`c.user_messages`),
  bot_messages: number((sql) => sql`c.bot_messages`),
  agent_messages: number((sql) => sql`c.agent_messages`),
  thumbs_up: number((sql) => sql`c.thumbs_up`),
  thumbs_down: number((sql) => sql`c.thumbs_down`),
  goal_achieved: number((sql) => sql`c.goal_achieved`),
  user_sentiment: number((sql) => sql`c.user_sentiment`),
  csat_brain: number((sql) => sql`c.csat_brain`),
  csat_human_agent: number((sql) => sql`c.csat_human_agent`),
} satisfies Record<string, StoredColumn>;

/** Names of the stored columns; each is a column of `conversation_segments`. */
export type ColumnName = keyof typeof stored;
export const columns: Record<ColumnName, StoredColumn> = stored;
export const columnNames = Object.keys(stored) as ColumnName[];

/** How a field of the catalogue is read from stored columns. */
export type SegmentField =
  /** The text behind a code. */
  | { as: 'text'; column: ColumnName }
  | { as: 'boolean'; column: ColumnName }
  /** The sum of columns, divided by `unit`; null if one is null. */
  | { as: 'number'; columns: ColumnName[]; unit: number }
  /** Open or closed at the time of the request. */
  | { as: 'state' }
  /** A part of the local time. */
  | { as: 'clock'; part: 'hour_of_day' | 'day_of_week' };

const text = (column: ColumnName): SegmentField => ({ as: 'text', column });
const truth = (column: ColumnName): SegmentField => ({ as: 'boolean', column });
const sum = (...from: ColumnName[]): SegmentField => ({ as: 'number', columns: from, unit: 1 });
const seconds = (column: ColumnName): SegmentField => ({ as: 'number', columns: [column], unit: 1000 });

/**
 * The dimensions and numbers of conversations that segments know. Those that are missing here (lists, ids of conversations,
 * texts about a person, and the lowest confidence, which is no whole number) are answered by the raw road.
 */
export const fields: Partial<Record<DimensionOf<'conversations'> | NumberOf<'conversations'>, SegmentField>> = {
  bot_id: text('bot'),
  bot_version: text('bot_version'),
  channel: text('channel'),
  team_id: text('team_id'),
  language: text('language'),
  desk_id: text('desk_id'),
  integration_id: text('integration_id'),
  campaign_id: text('campaign_id'),
  campaign_source: text('campaign_source'),
  brain_id: text('brain_id'),
  user_id: text('user_id'),
  chat_type: text('chat_type'),
  chat_initiator: text('chat_initiator'),
  is_test: truth('is_test'),
  is_contained: truth('is_contained'),
  is_covered: truth('is_covered'),
  is_meaningful: truth('is_meaningful'),
  has_collection: truth('has_collection'),
  has_collection_sources: truth('has_collection_sources'),
  state: { as: 'state' },
  hour_of_day: { as: 'clock', part: 'hour_of_day' },
  day_of_week: { as: 'clock', part: 'day_of_week' },
  rating: sum('rating'),
  goal_achieved: sum('goal_achieved'),
  user_sentiment: sum('user_sentiment'),
  csat_brain: sum('csat_brain'),
  csat_human_agent: sum('csat_human_agent'),
  duration_seconds: seconds('duration'),
  first_response_seconds: seconds('first_response'),
  resolution_seconds: seconds('resolution'),
  duration_ms: sum('duration'),
  last_activity_ms: sum('last_activity'),
  messages: sum('user_messages', 'bot_messages', 'agent_messages'),
  user_messages: sum('user_messages'),
  bot_messages: sum('bot_messages'),
  agent_messages: sum('agent_messages'),
  thumbs_up: sum('thumbs_up'),
  thumbs_down: sum('thumbs_down'),
};
