/** Random events of conversations that never stay where they are, from a seed. */
import type { Random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';

const DAY = 86_400_000;
export const FIRST = Date.parse('2024-05-01T00:00:00Z');
export const DAYS = 6;
const HOURS = [0, 6, 7, 23];

/** A bot with so many of the conversations, so that some are worth a segment of their own and some are not. */
const bots = [...Array(8).fill('shop'), ...Array(4).fill('help'), 'desk', 'tiny1', 'tiny2', null];

/** Makes events for all writers. Conversations have a day at which they are at home, so that most of a batch is about one day. */
export function moving(r: Random) {
  let clock = 0;
  let conversations = 40; // of each day, though not all of them have events yet
  const oftenKnown = (name: string, known: unknown[]) =>
    r.chance(0.03) ? `${name}${clock}` : r.chance(0.1) ? null : r.pick(known);
  const people = Array.from({ length: 60 }, (_, n) => `u${n}`);
  const startOn = (day: number) =>
    new Date(FIRST + day * DAY + r.pick(HOURS) * 3_600_000 + r.below(3_600_000)).toISOString();

  function attributes(home: number): Event {
    const all: Event = {
      start_time: startOn(r.chance(0.99) ? home : r.below(DAYS)),
      bot_id: r.pick(bots),
      bot_version: oftenKnown('v', ['LIVE', 'DRAFT']),
      channel: oftenKnown('channel ', ['web', 'chat', 'sms']),
      user_id: oftenKnown('new ', people),
      language: oftenKnown('language ', ['en', 'fi']),
      withdrawn: r.chance(0.3),
      is_test: r.chance(0.2),
      csat_brain: r.pick([null, 1, 5]),
    };
    return Object.fromEntries(Object.entries(all).filter(() => r.chance(0.3)));
  }

  function event(home: number): Event {
    const isNew = r.chance(0.015);
    const number = isNew ? conversations++ : r.below(conversations);
    // Later than what is known already, mostly: a move takes effect if it is the last.
    const time = FIRST + home * DAY + (++clock - (r.chance(0.2) ? r.below(1_000) : 0)) * 40;
    // Some messages are days after the others of their conversation. They say nothing else, or it would be the last word.
    const isFar = r.chance(0.1);
    const all: Event[] = [
      { type: 'message', sender: 'user', text: 'hello' },
      { type: 'message', sender: 'user', sender_id: r.pick(people), text: 'hello' },
      {
        type: 'message',
        sender: 'bot',
        text: 'hi',
        intent: oftenKnown('intent ', ['refund', 'order']),
        reaction: r.pick(['thumbs_up', 'thumbs_down']),
      },
      { type: 'message', sender: 'agent', sender_id: r.pick(['mia', 'leo']), text: 'hi' },
      { type: 'conversation.updated' },
      { type: 'conversation.closed' },
      { type: 'conversation.reopened' },
      { type: 'rating', value: 1 + r.below(5) },
    ];
    const placed = { start_time: startOn(home), bot_id: r.pick(bots), channel: 'web', user_id: r.pick(people) };
    return {
      id: `e${clock}`,
      conversation_id: `${home} ${number}`,
      time: new Date(isFar ? time + r.below(3 * DAY) : time).toISOString(),
      ...(isFar ? {} : isNew ? { conversation: placed } : r.chance(0.6) ? { conversation: attributes(home) } : {}),
      ...r.pick(isFar ? all.slice(0, 4) : all),
    };
  }

  return {
    /** A batch about one day, which is the same for a while, so that the segments of other days can be built meanwhile. */
    batch: (size = 50): Event[] => {
      const home = Math.floor(clock / 1_500) % DAYS;
      return Array.from({ length: size }, () => event(home));
    },
  };
}
