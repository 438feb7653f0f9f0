import { random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';

/**
 * What senders send. A batch is a pure function of the seed, its sender and its number, so what was acknowledged need not be kept
 * to be compared in the end: the count of batches of each sender says it.
 */

export const SENDERS = 8;

/** Of each batch. */
export const BATCH = { conversations: 2, messages: 12, events: 18 };

/** Conversations that all senders write to, in any order of time. */
export const SHARED = 500;

const DAY = 86_400_000;
const FIRST = Date.UTC(2024, 0, 8);
const DAYS = 9;
/** All times of what is counted are in it. */
export const RANGE = { start_time: '2024-01-07', end_time: '2024-01-19' };

export const channels = ['web', 'sms', 'whatsapp'];

export const ownConversation = (sender: number, n: number, c: number) => `shop-${sender}-${n}-${c}`;

export function batchOf(seed: number, sender: number, n: number): Event[] {
  const r = random(seed + sender * 1_000_003 + n * 17);
  const events: Event[] = [];
  const add = (conversation_id: string, time: number, event: Event) => {
    const id = `${sender}.${n}.${events.length}`;
    events.push({ id, conversation_id, time: new Date(time).toISOString(), ...event });
  };
  for (let c = 0; c < BATCH.conversations; c++) {
    const conversation_id = ownConversation(sender, n, c);
    let time = FIRST + r.below(DAYS * DAY);
    const next = (event: Event) => {
      time += r.below(60_000);
      add(conversation_id, time, event);
    };
    const say = (event: Event) => next({ type: 'message', text: `${conversation_id} ${events.length}`, ...event });
    const conversation = {
      ...{ bot_id: 'shop', bot_version: 'LIVE', channel: r.pick(channels), language: r.pick(['en', 'fi']) },
      ...{ team_id: r.pick(['care', 'sales']), user_id: `u-${r.below(500)}` },
    };
    say({ sender: 'user', sender_id: conversation.user_id, conversation });
    say({ sender: 'bot', confidence: 0.5 });
    say(r.chance(0.5) ? { sender: 'agent', sender_id: `a-${r.below(20)}`, team_id: 'care' } : { sender: 'bot' });
    say({ sender: 'user', sender_id: conversation.user_id });
    next({ type: 'step', to_step: { id: r.pick(['start', 'pay', 'end']), type: 'dialog' } });
    next(
      r.chance(0.5)
        ? { type: 'rating', value: 1 + r.below(5) }
        : { type: 'order', order_id: `o-${sender}-${n}-${c}`, amount: '12.50', currency: 'EUR' },
    );
    next({ type: 'conversation.closed' });
  }
  while (events.length < BATCH.events) {
    const shared = r.below(SHARED);
    add(`shared-${shared}`, FIRST + (shared % DAYS) * DAY + r.below(DAY), {
      ...{ type: 'message', text: `${n} ${events.length}`, sender: r.pick(['user', 'bot', 'bot']) },
      conversation: { bot_id: 'shared', bot_version: 'LIVE', channel: 'web' },
    });
  }
  return events;
}

/** A batch of a client that goes before it has its answer: stored whole or not at all. Its year is one that nobody asks for. */
export const goneBatch = (n: number): Event[] =>
  Array.from({ length: GONE }, (_, k) => ({
    ...{ id: `gone.${n}.${k}`, type: 'message', sender: 'user', text: 'Is anybody there?' },
    ...{ conversation_id: `gone-${n}-${k % 5}`, time: new Date(Date.UTC(2023, 0, 8) + k * 1_000).toISOString() },
    conversation: { bot_id: 'gone', bot_version: 'LIVE', channel: 'web' },
  }));
export const GONE = 40;

/** What was sent, by sender: the batches whose first sending has begun, and those that are acknowledged. */
export class Ledger {
  readonly seed: number;
  readonly begun = new Array<number>(SENDERS).fill(0);
  readonly acknowledged = new Array<number>(SENDERS).fill(0);
  /** Batches of clients that went. */
  gone = 0;
  constructor(seed: number) {
    this.seed = seed;
  }
  /** So many batches are stored at least, and so many at most. */
  bounds = () => ({ least: sum(this.acknowledged), most: sum(this.begun) });
}

const sum = (counts: number[]) => counts.reduce((all, count) => all + count, 0);
