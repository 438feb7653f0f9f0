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
  scope: text('org, team or user: who is seen to take part'),
  conversation_id: text('the conversation'),
  account_id: text('the account'),
  team_id: text('the team of a team row'),
  agent_id: text('the agent of a user row'),
  agent_organization_id: text('the organization of a user row: that of the latest message of the agent'),
  chatted_organization_ids: texts('of an org row: organizations whose agents wrote'),
  chat_type: text('visitor, operator, group, task or external'),
  chat_initiator: text('who began: visitor, operator, autosuggest or rule'),
  room_ids: texts('rooms it was held in'),
  visitor_ids: texts('visitors who took part'),
  visitor_session_ids: texts('their sessions'),
  agent_message_count: whole('messages of agents: those of the agent, of the team, or all'),
  user_message_count: whole('messages of visitors'),
  order_count: whole('orders: all, or those since the team or agent joined'),
  sales: whole('what those orders are worth'),
  subscription_sales: whole('what the subscriptions among them are worth'),
  currency: text('splits rows by the currency of their orders'),
  is_test: text('whether it is a test: true or false'),
  ...clockDimensions,
  organization_ids: internal(texts('organizations that may see the row')),
} as const;

const numbers = {
  agent_message_count: number('count', 'messages of agents: those of the agent, of the team, or all'),
  user_message_count: number('count', 'messages of visitors'),
  order_count: number('count', 'orders: all, or those since the team or agent joined'),
  sales: number('money', 'what those orders are worth'),
  subscription_sales: number('money', 'what the subscriptions among them are worth'),
} as const;

/**
 * The names that clients know the dimensions by: those of giosg, whose users are our agents and whose visitors are our users.
 * The reporting dialect and `/v1/query` share them.
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

/** Dimensions, by the names of clients, whose distinct values the dialects count. */
export const identifiers = ['chat_session_id', 'visitor_ids', 'visitor_session_ids'] as const;

const measures = {
  count: { description: 'rows', unit: 'count', measure: { aggregate: 'count' } },
} as const satisfies Record<string, NamedMeasure<keyof typeof dimensions, keyof typeof numbers>>;

export const participations = {
  description:
    'a conversation seen as its account (scope org), as one team, or as one agent that wrote in it (scope user)',
  counts_at: 'the start_time of its conversation',
  dimensions,
  numbers,
  measures,
} as const satisfies DatasetDefinition;
