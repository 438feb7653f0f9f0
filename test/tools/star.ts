/**
 * The dialogues of ../shared/data/star as events: messages, the steps of agents' replies, orders, each agent joined, for its
 * team, at its first message. Run by itself it prints them as NDJSON, for
 * `node dist/test/tools/star.js | npx conversation-reports import -`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { FastifyInstance } from 'fastify';
import { root } from '../../src/root.js';
import type { Event } from '../fold/fold.js';
import { type Filled, send } from '../harness.js';
import { load } from './load.js';

export const starFolder = join(root, '../shared/data/star');

/** What tap is told where the data is not there. */
export const skipStar = existsSync(starFolder) ? false : 'no ../shared/data/star here';

export interface StarMessage {
  conversation_id: string;
  message_id: string;
  user_id: string;
  sender_role: 'user' | 'agent';
  time: string;
  text: string;
  step: string | null;
}

export interface StarOrder {
  order_id: string;
  conversation_id: string;
  agent_id: string;
  time: string;
  amount: number | null;
}

export interface StarConversation {
  conversation_id: string;
  messages: number;
  first_event_at: string | null;
}

/** The rows of one of its files: messages, conversations, orders. */
export function starRows<Row>(name: string): Row[] {
  const lines = gunzipSync(readFileSync(join(starFolder, `star.${name}.ndjson.gz`))).toString();
  return lines
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Row);
}

/** The source knows no teams; three are made up, by the first digit of an agent's id. */
export const starTeam = (agent: string) => `team-${Number.parseInt(agent.charAt(0), 16) % 3}`;

/** All events of the dialogues that have messages. */
export function starEvents(): Event[] {
  const messages = starRows<StarMessage>('messages').sort((a, b) => (a.message_id < b.message_id ? -1 : 1));
  const joined = new Set<string>();
  const lastStep = new Map<string, string>();
  const events: Event[] = [];
  for (const { conversation_id, message_id, user_id, sender_role, time, text, step } of messages) {
    const at = { time, seq: 2 * Number(message_id.slice(-4)), conversation_id };
    const agent = `${conversation_id} ${user_id}`;
    if (sender_role === 'agent' && !joined.has(agent)) {
      joined.add(agent);
      const team_id = starTeam(user_id);
      events.push({ ...at, id: `join ${user_id}`, type: 'participant.joined', agent_id: user_id, team_id });
    }
    const conversation = { bot_id: 'star', bot_version: 'LIVE' };
    events.push({
      ...at,
      id: message_id,
      type: 'message',
      sender: sender_role,
      sender_id: user_id,
      text,
      conversation,
    });
    if (step === null) continue;
    const from = lastStep.get(conversation_id);
    lastStep.set(conversation_id, step);
    events.push({
      ...at,
      seq: at.seq + 1,
      id: `step ${message_id}`,
      type: 'step',
      from_step: from === undefined ? null : { id: from, type: 'reply' },
      to_step: { id: step, type: 'reply' },
      message_id,
    });
  }
  for (const { order_id, conversation_id, time, amount } of starRows<StarOrder>('orders')) {
    events.push({
      id: order_id,
      type: 'order',
      time,
      conversation_id,
      order_id,
      ...(amount === null ? {} : { amount }),
    });
  }
  return events;
}

/** The dialogues without messages that have a timed event, each as the one event that it is. */
export const starEmptyEvents = (): Event[] =>
  starRows<StarConversation>('conversations').flatMap(({ conversation_id, messages, first_event_at }) =>
    messages > 0 || first_event_at === null
      ? []
      : [
          {
            id: 'first',
            type: 'conversation.updated',
            time: first_event_at,
            conversation_id,
            conversation: { bot_id: 'star', bot_version: 'LIVE' },
          },
        ],
  );

/** All of them in the account of the tests. */
export const star: Filled = { name: 'star', fill: (db) => load(db, starEvents()) };

/** Sends events in batches of 5,000. */
export async function sendInBatches(app: FastifyInstance, key: string, events: Event[]): Promise<void> {
  for (let n = 0; n < events.length; n += 5_000) {
    const answer = await send(app, key, events.slice(n, n + 5_000));
    if (answer.status !== 200) throw new Error(answer.text);
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const event of starEvents()) process.stdout.write(`${JSON.stringify(event)}\n`);
}
