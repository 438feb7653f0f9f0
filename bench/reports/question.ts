import type { Fragment, Sql } from '../../src/database/connect.js';
import { ACCOUNT } from '../service.js';
import { bot, type Range, version } from './world.js';

/** One operation, as a client asks it and as somebody would ask PostgreSQL for the same numbers. */
export interface Question {
  /** The operation of the contract, the function, or the dataset. */
  of: string;
  /** What is asked of it. */
  name: string;
  ask(range: Range): { method: 'GET' | 'POST'; path: string; body?: object };
  /** Where in the answer the numbers are whose sum is compared: a path with `*` for every item of a list. */
  told: string;
  /** SQL over the same tables; the sum of its column `n` is compared. */
  byHand(sql: Sql, range: Range): PromiseLike<readonly object[]>;
}

/** The sum of the numbers at a path; what is missing or null adds nothing. */
export function sumAt(value: unknown, path: readonly string[]): number {
  const [key, ...rest] = path;
  if (key === undefined) return value === null || value === undefined ? 0 : Number(value);
  if (value === null || typeof value !== 'object') return 0;
  const items = key === '*' ? Object.values(value) : [(value as Record<string, unknown>)[key]];
  return items.reduce((sum: number, item) => sum + sumAt(item, rest), 0);
}

export const instants = ({ from, to }: Range) => ({ from: `${from}T00:00:00Z`, to: `${to}T00:00:00Z` });

/** Rows `c` of conversations that started in a range. */
export function conversationsOf(sql: Sql, range: Range, where: Fragment = sql``): Fragment {
  const { from, to } = instants(range);
  return sql`from conversations c
    where c.account_id = ${ACCOUNT} and not c.withdrawn and c.start_time >= ${from} and c.start_time < ${to}${where}`;
}

/** Rows `e` of messages of a range, with their conversations `c`. Nobody who knows the tables leaves the two bounds out. */
export function messagesOf(sql: Sql, range: Range, where: Fragment = sql``): Fragment {
  const { from, to } = instants(range);
  return sql`from conversations c
    join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
    where c.account_id = ${ACCOUNT} and not c.withdrawn and c.last_content_time >= ${from} and c.first_time < ${to}
      and e.time >= ${from} and e.time < ${to}${where}`;
}

/** Rows `e` of events of some types, with the conversations `c` that started in a range. */
export function eventsOf(sql: Sql, range: Range, types: string[], where: Fragment = sql``): Fragment {
  const { from, to } = instants(range);
  return sql`from conversations c
    join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = any(${types}::text[])
    where c.account_id = ${ACCOUNT} and not c.withdrawn and c.start_time >= ${from} and c.start_time < ${to}${where}`;
}

export const ofBot = (sql: Sql): Fragment => sql` and c.bot_id = ${bot} and c.bot_version = ${version}`;
