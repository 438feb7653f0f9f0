import type { Fragment, Sql } from '../database/connect.js';
import type { Dataset, Moment } from './query.js';
import { stateIn } from './state.js';

/** What can be asked of a row: grouped by, filtered on, and, for numbers, aggregated. */
export interface Dimension {
  means: string;
  type: 'text' | 'number' | 'boolean';
  /** A list of values rather than one. */
  many?: true;
  /** Its value in SQL. `c` is the row. */
  sql: (sql: Sql, moment: Moment) => Fragment;
  /** Of money: the currencies that the orders behind it name, sorted; null where they name none. */
  currencies?: (sql: Sql) => Fragment;
}

export type Dimensions = Record<string, Dimension>;

const text = (means: string, sql: Dimension['sql']): Dimension => ({ means, type: 'text', sql });
const number = (means: string, sql: Dimension['sql']): Dimension => ({ means, type: 'number', sql });
const money = (means: string, sql: Dimension['sql'], currencies: Dimension['currencies']): Dimension => ({
  ...number(means, sql),
  currencies,
});
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

/**
 * One row a conversation seen as its account (scope org), as one team or as one agent that wrote in it (scope user). It
 * counts at the conversation's `start_time`.
 */
const participations: Dimensions = {
  scope: text('org, team or user: who is seen to take part', (sql) => sql`c.scope collate "C"`),
  conversation_id: text('the conversation', (sql) => sql`c.conversation_id`),
  account_id: text('the account', (sql) => sql`c.account_id::text collate "C"`),
  team_id: text('the team of a team row', (sql) => sql`c.team_id`),
  agent_id: text('the agent of a user row', (sql) => sql`c.agent_id`),
  agent_organization_id: text(
    'the organization of a user row: that of the agent’s latest message',
    (sql) => sql`c.agent_organization_id`,
  ),
  chatted_organization_ids: texts(
    'of an org row: organizations whose agents wrote',
    (sql) => sql`c.chatted_organization_ids`,
  ),
  organization_ids: texts('organizations that may see the row', (sql) => sql`c.organization_ids`),
  chat_type: text('visitor, operator, group, task or external', (sql) => sql`c.chat_type`),
  chat_initiator: text('who began: visitor, operator, autosuggest or rule', (sql) => sql`c.chat_initiator`),
  room_ids: texts('rooms it was held in', (sql) => sql`c.room_ids`),
  visitor_ids: texts('visitors who took part', (sql) => sql`c.visitor_ids`),
  visitor_session_ids: texts('their sessions', (sql) => sql`c.visitor_session_ids`),
  agent_message_count: number('messages of agents: the agent’s, the team’s, or all', (sql) => sql`c.agent_messages`),
  user_message_count: number('messages of visitors', (sql) => sql`c.user_messages`),
  order_count: number('orders: all, or those since the team or agent joined', (sql) => sql`c.order_count`),
  sales: money(
    'what those orders are worth',
    (sql) => sql`c.sales`,
    (sql) => sql`c.currencies`,
  ),
  subscription_sales: money(
    'what the subscriptions among them are worth',
    (sql) => sql`c.subscription_sales`,
    (sql) => sql`c.subscription_currencies`,
  ),
  currency: text('splits rows by the currency of their orders', (sql) => sql`c.currency`),
  is_test: text('whether it is a test: true or false', (sql) => sql`c.is_test::text collate "C"`),
};

export const catalogue: Record<Dataset, Dimensions> = { conversations, participations };
