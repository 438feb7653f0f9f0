import type { Sql } from '../../database/connect.js';
import { visible } from '../scope.js';
import { sharedColumns } from './conversations.js';
import { type Column, clockColumns, iso, type RawDataset, within } from './dataset.js';

const time: Column = (sql) => sql`c.time`;

/**
 * The messages of the raw road. There is no index on the time of a message, so that ingest maintains only the primary
 * key of events. A message is found through its conversation: only conversations that overlap the window, from their
 * first event to their last message or step, can contain one.
 */
export const messages: RawDataset<'messages'> = {
  rows: (sql, { scope }, window) => sql`(
    select ${ofConversation(sql)}, e.time, e.sender, e.actor_id as sender_id, e.response_seconds, e.body,
      case when e.sender = 'user' then coalesce(e.actor_id, c.user_id) else c.user_id end as user_id
    from conversations c
    join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
    where ${visible(sql, scope)} and c.last_content_time >= ${iso(window.from)}::timestamptz
      and c.first_time < ${iso(window.to)}::timestamptz and ${within(sql, sql`e.time`, window)}
  ) c`,
  time,
  dimensions: {
    ...sharedColumns,
    sender: (sql) => sql`c.sender`,
    sender_id: (sql) => sql`c.sender_id`,
    intent: (sql) => sql`(c.body->>'intent') collate "C"`,
    collection_id: (sql) => sql`(c.body->>'collection_id') collate "C"`,
    tags: (sql) => sql`array(select distinct tag collate "C" from jsonb_array_elements_text(c.body->'tags') tag)`,
    ...clockColumns(time),
  },
  numbers: {
    response_seconds: (sql) => sql`c.response_seconds`,
    user_messages: (sql) => sql`c.user_messages`,
    confidence: (sql) => sql`(c.body->>'confidence')::numeric`,
  },
};

const ofConversation = (sql: Sql) => sql`c.account_id, c.conversation_id, c.bot_id, c.bot_version, c.team_id, c.channel,
      c.language, c.desk_id, c.integration_id, c.campaign_id, c.campaign_source, c.agent_ids, c.is_test, c.user_messages`;
