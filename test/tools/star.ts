/**
 * The dialogues of STAR (RasaHQ/STAR, MIT), real times, people and steps: 4,989 of them, with 81,225 messages. The data lie
 * beside the project and are no part of it: tests skip what they show where `hasStar` is false.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { root } from '../../src/root.js';
import type { Event } from '../fold/fold.js';
import { send, type World } from '../harness.js';

const folder = join(root, '../shared/data/star');

export const hasStar = existsSync(folder);

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
  conversation_id: string;
  order_id: string;
  agent_id: string;
  time: string;
  amount: number | null;
}

export interface StarConversation {
  conversation_id: string;
  /** Null without a message. */
  started_at: string | null;
  first_event_at: string | null;
}

function rows<Row>(name: string): Row[] {
  const lines = gunzipSync(readFileSync(join(folder, `star.${name}.ndjson.gz`))).toString('utf8');
  return lines.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
}

/** The rows of the source; messages by time, and within a conversation in their order. */
export const starMessages = () => rows<StarMessage>('messages');
export const starOrders = () => rows<StarOrder>('orders');
export const starConversations = () => rows<StarConversation>('conversations');

/** The source knows no teams: three are made up, by the first digit of an agent's id. */
export const starTeam = (agent: string) => `team-${Number.parseInt(agent.charAt(0), 16) % 3}`;

export interface StarOptions {
  /** The steps of each dialogue, one after the other. */
  steps?: boolean;
  /** The 245 dialogues without a message that have another event with a time, as conversations of one `track` event. */
  empty?: boolean;
}

/**
 * Everything as events of bot `star`, version 1, conversation by conversation: each agent joins for its team at its first
 * message; `seq` is the place in the dialogue, as the times are whole seconds.
 */
export function starEvents({ steps = true, empty = false }: StarOptions = {}): Event[] {
  const dialogues = new Map<string, Event[]>();
  const add = (id: string, event: Event) => {
    const events = dialogues.get(id) ?? [];
    if (events.length === 0) event.conversation = { bot_id: 'star', bot_version: '1' };
    events.push({ ...event, conversation_id: id, seq: events.length });
    dialogues.set(id, events);
  };
  const joined = new Set<string>();
  const lastSteps = new Map<string, string>();
  for (const { conversation_id: id, message_id, user_id, sender_role: sender, time, text, step } of starMessages()) {
    if (sender === 'agent' && !joined.has(`${id} ${user_id}`)) {
      joined.add(`${id} ${user_id}`);
      const team_id = starTeam(user_id);
      add(id, { id: `${user_id}-joins`, type: 'participant.joined', time, agent_id: user_id, team_id });
    }
    add(id, { id: message_id, type: 'message', time, sender, sender_id: user_id, text });
    if (!steps || step === null) continue;
    const from = lastSteps.get(id);
    const from_step = from === undefined ? null : { id: from, type: 'reply' };
    add(id, {
      id: `${message_id}-step`,
      type: 'step',
      time,
      from_step,
      to_step: { id: step, type: 'reply' },
      message_id,
    });
    lastSteps.set(id, step);
  }
  for (const { conversation_id: id, order_id, time, amount } of starOrders()) {
    add(id, { id: order_id, type: 'order', time, order_id, amount: amount ?? 0 });
  }
  if (empty) {
    for (const { conversation_id: id, started_at, first_event_at: time } of starConversations()) {
      if (started_at === null && time !== null) add(id, { id: 'seen', type: 'track', time, name: 'first event' });
    }
  }
  return [...dialogues.values()].flat();
}

/** Sends {@link starEvents} with a key, in batches. */
export async function loadStar(world: World, key: string, options?: StarOptions): Promise<void> {
  const app = await world.app();
  const events = starEvents(options);
  for (let n = 0; n < events.length; n += 10_000) {
    const batch = events.slice(n, n + 10_000);
    const answer = await send(app, key, batch);
    if (answer.body.accepted !== batch.length) throw new Error(`star was not taken: ${answer.text.slice(0, 300)}`);
  }
}
