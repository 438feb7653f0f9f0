import type { Faults } from '../../http/faults.js';
import { catalogue, type Dimension } from '../../queries/catalogue.js';

/** The dimension of the catalogue behind each name of the dialect. Its users are our agents, its visitors our users. */
const names: Readonly<Record<string, string>> = {
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
};

/** What can be asked of a name: `name` in the catalogue, and what it is there. */
export interface Named {
  name: string;
  dimension: Dimension;
}

const known = new Map<unknown, Named>(
  Object.entries(names).map(([own, name]) => [own, { name, dimension: catalogue.participations[name] as Dimension }]),
);

/** The dimension that a request names; null, with a fault, where there is none. */
export function readDimension(value: unknown, path: string, faults: Faults): Named | null {
  const found = known.get(value);
  if (found !== undefined) return found;
  faults.add(path, value === undefined ? 'is needed' : `is not a dimension: they are ${Object.keys(names).join(', ')}`);
  return null;
}

/** More than there are dimensions. */
const MAX_LIST = 100;

/** The dimensions of a list; those that there are not are faults. */
export function readDimensions(
  value: unknown,
  path: string,
  faults: Faults,
): { field: string; named: Named; path: string }[] {
  if (!Array.isArray(value) || value.length > MAX_LIST) {
    faults.add(path, `must be a list of up to ${MAX_LIST} dimensions`);
    return [];
  }
  return value.flatMap((field: unknown, n) => {
    const named = readDimension(field, `${path}[${n}]`, faults);
    return named === null ? [] : [{ field: field as string, named, path: `${path}[${n}]` }];
  });
}
