/** Conversations at chosen times, and the account's segments as a test looks at them. */
import type { Test } from 'tap';
import type { Sql } from '../../src/database/connect.js';
import { parseTimeouts, type Timeouts } from '../../src/queries/timeouts.js';
import type { Event } from '../fold/fold.js';
import type { World } from '../harness.js';
import { NOW, WHOLE } from './questions.js';
import { compare, queryOf } from './roads.js';

const timeouts = parseTimeouts('24h') as Timeouts;

/** So small that segments of single bots and hours come soon. */
export const SMALL = { own: 3, large: 8 };

/** Conversations that start at this time, a message of each. */
export const starting = (time: number, ids: string[], bot: string | null = 'shop'): Event[] =>
  ids.map((id) => ({
    id: `m ${time}`,
    type: 'message',
    time: new Date(time).toISOString(),
    conversation_id: id,
    sender: 'user',
    sender_id: `user of ${id}`,
    text: 'hello',
    conversation: { bot_id: bot, channel: 'web' },
  }));

export const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);

/** The number of marks, of all accounts. */
export const marks = async (sql: Sql) => (await sql`select from segment_marks`).length;

/** Asks both roads, and says by which kind of segments the fast one answered. */
export async function asked(t: Test, w: World, body: object, asOf = { now: NOW, timeouts }): Promise<string> {
  const query = queryOf({ ...WHOLE, ...body }, NOW);
  if (query === null) throw new Error('no such query');
  const compared = await compare(w.db, query, asOf);
  t.ok(compared?.isRight, JSON.stringify(body), { compared });
  return String(compared?.road);
}

export const byBot = { bucket: '1h', group_by: ['bot_id'], measures: ['conversations', 'users'] };
