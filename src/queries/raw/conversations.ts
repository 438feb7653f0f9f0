import type { Sql } from '../../database/connect.js';
import { type ScalarAttributes, scalarAttributes } from '../ingest/fields.js';
import { visible } from '../scope.js';
import { stateIn } from '../state.js';
import { type Column, clockColumns, type RawDataset, within } from './dataset.js';

const start: Column = (sql) => sql`c.start_time`;

/** The attributes with a single value: each is the column with its name. */
const attributeColumns = Object.fromEntries(
  scalarAttributes.map((name) => [name, (sql: Sql) => sql`c.${sql(name)}`]),
) as unknown as Record<keyof ScalarAttributes, Column>;

/** The columns of `c` that conversations and their messages share. */
export const sharedColumns = {
  conversation_id: (sql: Sql) => sql`c.conversation_id`,
  bot_id: (sql: Sql) => sql`c.bot_id`,
  bot_version: (sql: Sql) => sql`c.bot_version`,
  team_id: (sql: Sql) => sql`c.team_id`,
  channel: (sql: Sql) => sql`c.channel`,
  language: (sql: Sql) => sql`c.language`,
  desk_id: (sql: Sql) => sql`c.desk_id`,
  integration_id: (sql: Sql) => sql`c.integration_id`,
  campaign_id: (sql: Sql) => sql`c.campaign_id`,
  campaign_source: (sql: Sql) => sql`c.campaign_source`,
  user_id: (sql: Sql) => sql`c.user_id`,
  agent_ids: (sql: Sql) => sql`c.agent_ids`,
  is_test: (sql: Sql) => sql`c.is_test`,
};

export const conversations: RawDataset<'conversations'> = {
  rows: (sql, { scope }, window) =>
    sql`(select c.* from conversations c where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}) c`,
  time: start,
  dimensions: {
    ...attributeColumns,
    ...sharedColumns,
    tags: (sql) => sql`c.tags`,
    state: (sql, { asOf }) => stateIn(sql, asOf),
    rating: (sql) => sql`c.rating`,
    ...clockColumns(start),
    rule_ids: (sql) => sql`c.rule_ids`,
    has_collection: (sql) => sql`c.has_collection`,
    has_collection_sources: (sql) => sql`c.has_collection_sources`,
    intents: (sql) => sql`array(
      select distinct (e.body->>'intent') collate "C" from events e
      where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message' and e.body ? 'intent')`,
  },
  numbers: {
    duration_seconds: (sql) => sql`greatest(0, extract(epoch from c.end_time - c.start_time))`,
    first_response_seconds: (sql) => sql`c.first_response_seconds`,
    resolution_seconds: (sql) =>
      sql`case when c.closed_at is not null then greatest(0, extract(epoch from c.closed_at - c.start_time)) end`,
    rating: (sql) => sql`c.rating`,
    messages: (sql) => sql`(c.user_messages + c.bot_messages + c.agent_messages)`,
    user_messages: (sql) => sql`c.user_messages`,
    bot_messages: (sql) => sql`c.bot_messages`,
    agent_messages: (sql) => sql`c.agent_messages`,
    duration_ms: (sql) => sql`greatest(0, extract(epoch from c.end_time - c.start_time) * 1000)::bigint`,
    min_confidence: (sql) => sql`c.min_confidence`,
    last_activity_ms: (sql) => sql`(extract(epoch from c.last_activity) * 1000)::bigint`,
    start_ms: (sql) => sql`(extract(epoch from c.start_time) * 1000)::bigint`,
    thumbs_up: (sql) => sql`c.thumbs_up`,
    thumbs_down: (sql) => sql`c.thumbs_down`,
  },
};
