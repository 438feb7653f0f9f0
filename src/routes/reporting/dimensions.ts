import type { Names } from '../../http/filters/names.js';
import { type DimensionOf, fieldOf } from '../../queries/catalogue.js';

/** The dimension of the core behind each name of the dialect. Its users are our agents, its visitors our users. */
const dimensions = {
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
} as const satisfies Record<string, DimensionOf<'participations'>>;

/** The dimensions by the names of the dialect. */
export const names: Names<DimensionOf<'participations'>> = new Map(
  Object.entries(dimensions).map(([own, name]) => [
    own,
    { name, ...(fieldOf('participations', name) as NonNullable<ReturnType<typeof fieldOf>>) },
  ]),
);
