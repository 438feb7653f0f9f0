import {
  clockDimensions,
  type DatasetDefinition,
  internal,
  type NamedMeasure,
  number,
  text,
  texts,
  whole,
} from './dataset.js';

const dimensions = {
  scope: text('whose participation the row describes: org, team or user'),
  conversation_id: text('the conversation'),
  account_id: text('the account'),
  team_id: text('the team of a team row'),
  agent_id: text('the agent of a user row'),
  agent_organization_id: text('the organization of a user row, from the latest message of the agent'),
  chatted_organization_ids: texts('organizations whose agents wrote, on an org row'),
  chat_type: text('visitor, operator, group, task or external'),
  chat_initiator: text('who started the conversation: visitor, operator, autosuggest or rule'),
  room_ids: texts('rooms of the conversation'),
  visitor_ids: texts('visitors who took part'),
  visitor_session_ids: texts('their sessions'),
  agent_message_count: whole('agent messages: of this agent, of this team, or of all agents'),
  user_message_count: whole('visitor messages'),
  order_count: whole('orders: all of them on an org row, else those after the team or agent joined'),
  sales: whole('total value of those orders'),
  subscription_sales: whole('total value of the subscriptions among those orders'),
  currency: text('the currency of the orders; a row is split by it'),
  is_test: text('whether the conversation is a test: true or false'),
  ...clockDimensions,
  organization_ids: internal(texts('organizations that may see the row')),
} as const;

const numbers = {
  agent_message_count: number('count', 'agent messages: of this agent, of this team, or of all agents'),
  user_message_count: number('count', 'visitor messages'),
  order_count: number('count', 'orders: all of them on an org row, else those after the team or agent joined'),
  sales: number('money', 'total value of those orders'),
  subscription_sales: number('money', 'total value of the subscriptions among those orders'),
} as const;

/**
 * Client names of the dimensions. They are giosg's, whose users are our agents and whose visitors are our users. The
 * reporting dialect and `/v1/query` share them.
 */
export const participationNames = {
  chat_initiator: 'chat_initiator',
  chat_session_id: 'conversation_id',
  chat_type: 'chat_type',
  chatted_organization_ids: 'chatted_organization_ids',
  order_count: 'order_count',
  owner_organization_id: 'account_id',
  room_ids: 'room_ids',
  sales: 'sales',
  scope: 'scope',
  subscription_sales: 'subscription_sales',
  team_id: 'team_id',
  user_id: 'agent_id',
  user_message_count: 'agent_message_count',
  user_organization_id: 'agent_organization_id',
  visitor_ids: 'visitor_ids',
  visitor_message_count: 'user_message_count',
  visitor_session_ids: 'visitor_session_ids',
  currency: 'currency',
  is_test: 'is_test',
} as const satisfies Record<string, keyof typeof dimensions>;

/** Client names of the dimensions whose distinct values can be counted. */
export const identifiers = ['chat_session_id', 'visitor_ids', 'visitor_session_ids'] as const;

const measures = {
  count: { description: 'rows', unit: 'count', measure: { aggregate: 'count' } },
} as const satisfies Record<string, NamedMeasure<keyof typeof dimensions, keyof typeof numbers>>;

export const participations = {
  description:
    'the participation of the account (scope org), of one team or of one agent (scope user) in a conversation',
  counts_at: 'the start_time of its conversation',
  dimensions,
  numbers,
  measures,
} as const satisfies DatasetDefinition;
