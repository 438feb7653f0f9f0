import type { Fragment, Sql } from '../database/connect.js';
import type { Dataset, Moment } from './query.js';
import { stateIn } from './state.js';

/** What can be asked of a row: grouped by, filtered on, and, for numbers, aggregated. */
export interface Dimension {
  means: string;
  type: 'text' | 'number' | 'boolean';
  /** A list of values rather than one. */
  many?: true;
  /** Its value in SQL. `c` is the row's conversation. */
  sql: (sql: Sql, moment: Moment) => Fragment;
}

export type Dimensions = Record<string, Dimension>;

const text = (means: string, sql: Dimension['sql']): Dimension => ({ means, type: 'text', sql });
const number = (means: string, sql: Dimension['sql']): Dimension => ({ means, type: 'number', sql });
const texts = (means: string, sql: Dimension['sql']): Dimension => ({ means, type: 'text', many: true, sql });

/** One row a conversation. It counts at its `start_time`, in every measure. */
const conversations: Dimensions = {
  conversation_id: text('the conversation', (sql) => sql`c.conversation_id`),
  team_id: text('the conversation’s team', (sql) => sql`c.team_id`),
  bot_id: text('the bot', (sql) => sql`c.bot_id`),
  bot_version: text('the bot’s version', (sql) => sql`c.bot_version`),
  desk_id: text('the desk, or environment', (sql) => sql`c.desk_id`),
  integration_id: text('the integration', (sql) => sql`c.integration_id`),
  channel: text('where it was held: web, whatsapp, ...', (sql) => sql`c.channel`),
  language: text('its language', (sql) => sql`c.language`),
  campaign_id: text('the campaign', (sql) => sql`c.campaign_id`),
  campaign_source: text('the campaign’s source', (sql) => sql`c.campaign_source`),
  user_id: text('the visitor or customer', (sql) => sql`c.user_id`),
  agent_ids: texts('agents who wrote or joined', (sql) => sql`c.agent_ids`),
  state: text('open or closed, at the moment of the request', (sql, moment) => stateIn(sql, moment)),
  is_test: { means: 'whether it is a test', type: 'boolean', sql: (sql) => sql`c.is_test` },
  message_count: number('messages of all senders', (sql) => sql`(c.user_messages + c.bot_messages + c.agent_messages)`),
  duration_ms: number(
    'milliseconds from start to end, never below 0',
    (sql) => sql`greatest(0, extract(epoch from c.end_time - c.start_time) * 1000)::bigint`,
  ),
};

export const catalogue: Record<Dataset, Dimensions> = { conversations, participations: {} };
