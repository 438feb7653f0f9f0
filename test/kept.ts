import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../src/root.js';
import { ACCOUNT } from './harness.js';

/** The key of the database that is kept of a release. */
export const keptKey = 'kept:the-key-of-a-kept-database';

/** What is in the database that is kept of a release, and what is asked of it. */
export const kept = {
  account: ACCOUNT,
  /** NDJSON bodies: the samples of the documentation, and kinds of events that they lack. */
  events(): string[] {
    const samples = readFileSync(join(root, 'samples/events.ndjson'), 'utf8');
    const more = [
      {
        type: 'message',
        sender: 'user',
        sender_id: 'ann',
        text: 'Hello\t\\.\n',
        conversation: { bot_id: 'shop', user_name: 'Ann' },
      },
      { type: 'message', sender: 'agent', sender_id: 'mia', team_id: 'red', text: 'Hi' },
      { type: 'message.edited', message_id: 'kept-0', text: 'Hello!' },
      { type: 'note', sender_id: 'mia', text: 'a customer of old' },
      { type: 'participant.joined', agent_id: 'ben', team_id: 'blue' },
      { type: 'step', to_step: { id: 'start', type: 'dialog' } },
      { type: 'rating', value: 4, feedback: 'well' },
      { type: 'order', order_id: 'o1', amount: '12.50', currency: 'EUR' },
      { type: 'order', order_id: 'o2', amount: '7', currency: 'SEK', subscription: true },
      { type: 'track', name: 'seen', attributes: { page: 'home' } },
      { type: 'conversation.updated', conversation: { tags: ['kept'], metadata: { a: [1, null] } } },
      { type: 'conversation.closed', reason: 'left' },
      { type: 'conversation.reopened' },
      { type: 'message.deleted', message_id: 'kept-1' },
    ].map((event, n) => ({
      ...{ id: `kept-${n}`, time: new Date(Date.UTC(2024, 1, 1, 10, n)).toISOString(), conversation_id: 'kept' },
      ...event,
    }));
    return [samples, more.map((event) => JSON.stringify(event)).join('\n')];
  },
  report:
    '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-15&bucket=1d&group_by=channel_type',
};
