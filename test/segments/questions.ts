/** What the comparing readers ask. */

import type { Query } from '../../src/queries/query.js';
import { plan } from '../../src/queries/run.js';
import { planOf } from '../../src/queries/segments/plan.js';
import type { Timeouts } from '../../src/queries/timeouts.js';
import { parseTimeouts } from '../../src/queries/timeouts.js';
import type { Random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';
import { ACCOUNT } from '../harness.js';
import { randomQuery } from '../query/random.js';
import { conversationRows, messageRows, participationRows } from '../query/rows.js';
import { DAYS, FIRST, moving } from './moving.js';
import { queryOf } from './roads.js';

const DAY = 86_400_000;
export const NOW = FIRST + (DAYS + 1) * DAY;
const day = (n: number) => new Date(FIRST + n * DAY).toISOString().slice(0, 10);
export const WHOLE = { dataset: 'conversations', start_time: day(0), end_time: day(DAYS) };
const MESSAGES = { ...WHOLE, dataset: 'messages' };

const p = (percent: number, of: string) => ({ aggregate: 'percentile', p: percent, of });
const fixed: object[] = [
  { ...WHOLE, bucket: '1h', group_by: ['bot_id', 'channel'], measures: ['conversations'] },
  { ...WHOLE, measures: ['conversations', 'users'] },
  { ...WHOLE, bucket: '1d', time_zone: 'Asia/Kolkata', measures: ['conversations', 'users', 'messages'] },
  {
    ...WHOLE,
    group_by: ['bot_id'],
    measures: [
      { aggregate: 'sum', of: 'duration_seconds' },
      { aggregate: 'avg', of: 'duration_seconds' },
      'avg_resolution_seconds',
      'csat',
    ],
  },
  { ...WHOLE, group_by: ['state'], measures: ['conversations', 'open', 'closed', 'contained'] },
  { ...WHOLE, group_by: ['bot_version'], measures: [p(50, 'duration_seconds'), p(90, 'messages'), p(99, 'rating')] },
  {
    ...WHOLE,
    group_by: ['bot_id'],
    measures: ['users', 'conversations'],
    order_by: [{ by: 'conversations', direction: 'desc' }],
    limit: 2,
    others: true,
  },
  {
    ...WHOLE,
    filter: { type: 'in', dimension: 'bot_id', values: ['shop', 'tiny1'] },
    measures: ['conversations', 'users'],
  },
  { ...MESSAGES, bucket: '1h', group_by: ['bot_id', 'sender'], measures: ['messages'] },
  { ...MESSAGES, measures: ['messages', 'users', 'conversations', 'avg_bot_response_seconds'] },
  { ...MESSAGES, bucket: '1d', time_zone: 'Asia/Kathmandu', group_by: ['channel'], measures: ['messages', 'users'] },
  {
    ...MESSAGES,
    filter: { type: 'selector', dimension: 'sender', value: 'agent' },
    group_by: ['sender_id'],
    measures: ['messages', 'avg_agent_response_seconds', p(90, 'response_seconds')],
  },
  {
    ...MESSAGES,
    filter: { type: 'in', dimension: 'bot_id', values: ['help', 'tiny2'] },
    group_by: ['intent'],
    measures: ['messages', 'conversations'],
    compare: 'previous_period',
  },
  {
    ...WHOLE,
    dataset: 'participations',
    group_by: ['scope', 'user_id'],
    measures: ['count', { aggregate: 'distinct', of: 'chat_session_id' }],
  },
];

const timeouts = ['24h', '2h,web=0', '0,web=1h,chat=3h', '3d'].map((text) => parseTimeouts(text) as Timeouts);

/** Queries, fixed and random, over all days or one of them, each with a time and the timeouts of its request. */
export function questions(r: Random) {
  const generator = moving(r);
  const seen: Event[] = Array.from({ length: 20 }, () => generator.batch()).flat();
  const byConversation = new Map<string, Event[]>();
  for (const event of seen) {
    const id = String(event.conversation_id);
    byConversation.set(id, [...(byConversation.get(id) ?? []), event]);
  }
  const conversations = [...byConversation.values()];
  const rows = {
    conversations: conversations.flatMap((events) => conversationRows(ACCOUNT, events, NOW)),
    messages: conversations.flatMap((events) => messageRows(ACCOUNT, events)),
    participations: conversations.flatMap((events) => participationRows(ACCOUNT, events, false)),
  };
  return (): { asked: unknown; query: Query; asOf: { now: number; timeouts: Timeouts } } => {
    for (;;) {
      const one = r.below(DAYS);
      const dataset = r.pick(['conversations', 'messages', 'participations'] as const);
      const asked = r.chance(0.4)
        ? randomQuery(r, dataset, rows[dataset])
        : { ...r.pick(fixed), ...(r.chance(0.6) ? { start_time: day(one), end_time: day(one + 1) } : {}) };
      const query = queryOf(asked, NOW);
      const now = FIRST + r.below((DAYS + 3) * DAY);
      if (query === null) continue;
      const asOf = { now, timeouts: r.pick(timeouts) };
      // Mostly not about what segments lack, which leaves nothing to compare.
      const planned = plan(query, { bucket: '', groups: '' });
      if (planned.ok && 'reason' in planOf(query, planned.parts, asOf) && r.chance(0.9)) continue;
      return { asked, query, asOf };
    }
  };
}
