import { clock, code, flag, number, run, type StoredColumn, seconds, sum, text, timedBy, truth } from './columns.js';
import type { Section } from './section.js';

const columns = {
  bot: run(code((sql) => sql`c.bot_id`)),
  bot_version: run(code((sql) => sql`c.bot_version`)),
  channel: run(code((sql) => sql`c.channel`)),
  sender: run(code((sql) => sql`e.sender`)),
  ...timedBy((sql) => sql`e.time`),
  /** Of bots and agents: those of users would be many more texts about persons. */
  sender_id: code((sql) => sql`case when e.sender <> 'user' then e.actor_id end`),
  user_id: code((sql) => sql`case when e.sender = 'user' then coalesce(e.actor_id, c.user_id) else c.user_id end`),
  intent: code((sql) => sql`(e.body->>'intent') collate "C"`),
  collection_id: code((sql) => sql`(e.body->>'collection_id') collate "C"`),
  team_id: code((sql) => sql`c.team_id`),
  language: code((sql) => sql`c.language`),
  desk_id: code((sql) => sql`c.desk_id`),
  integration_id: code((sql) => sql`c.integration_id`),
  campaign_id: code((sql) => sql`c.campaign_id`),
  campaign_source: code((sql) => sql`c.campaign_source`),
  is_test: flag((sql) => sql`c.is_test`),
  /** In milliseconds. */
  response: { ...number((sql) => sql`e.response_seconds * 1000`), isExact: false },
  /** Of the conversation. */
  user_messages: number((sql) => sql`c.user_messages`),
  /** The number of the conversation in its segment, from 1. */
  conversation: number((sql) => sql`dense_rank() over (partition by u.unit order by c.conversation_id)`),
} satisfies Record<string, StoredColumn>;

/**
 * The messages of the conversations of a segment, at their own times. Lists and confidences, which are no whole numbers, are
 * answered by the raw road.
 */
export const messages: Section<'messages', keyof typeof columns> = {
  prefix: 'm_',
  rows: (sql, account) => sql`
    join events e on e.account_id = ${account}::uuid and e.conversation_id = c.conversation_id and e.type = 'message'`,
  columns,
  hasOwnTimes: true,
  restricted: { teams: 'team_id', bots: 'bot_id' },
  fields: {
    conversation_id: { as: 'conversation', column: 'conversation' },
    bot_id: text('bot'),
    bot_version: text('bot_version'),
    channel: text('channel'),
    sender: text('sender'),
    sender_id: { as: 'text', column: 'sender_id', except: { dimension: 'sender', value: 'user' } },
    user_id: text('user_id'),
    intent: text('intent'),
    collection_id: text('collection_id'),
    team_id: text('team_id'),
    language: text('language'),
    desk_id: text('desk_id'),
    integration_id: text('integration_id'),
    campaign_id: text('campaign_id'),
    campaign_source: text('campaign_source'),
    is_test: truth('is_test'),
    ...clock,
    response_seconds: seconds('response'),
    user_messages: sum('user_messages'),
  },
};
