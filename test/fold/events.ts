import type { Event } from './fold.js';

/** Random numbers from a seed (mulberry32), so that a failure can be seen again. */
export function random(seed: number) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (n: number) => Math.floor(next() * n);
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T;
  const chance = (p: number) => next() < p;
  return {
    below,
    pick,
    chance,
    shuffle: <T>(items: readonly T[]): T[] => {
      const list = [...items];
      for (let n = list.length - 1; n > 0; n--) {
        const m = below(n + 1);
        [list[n], list[m]] = [list[m] as T, list[n] as T];
      }
      return list;
    },
  };
}

export type Random = ReturnType<typeof random>;

/** A random event of any type, in a world so small that times tie, agents rejoin and orders are told twice. */
export function randomEvent(r: Random, id: number, conversation: string): Event {
  const event: Event = {
    id: `${r.pick(['e', 'E', 'é', '_'])}${id}`, // collations order these in other ways than bytes do
    conversation_id: conversation,
    time: new Date(Date.UTC(2024, 0, 8) + r.below(200) * 250).toISOString(),
    ...(r.chance(0.2) ? { seq: r.below(3) - 1 } : {}),
    ...(r.chance(0.25) ? { conversation: randomAttributes(r) } : {}),
  };
  const agent = r.pick(['mia', 'leo', 'zoë', '𝒳', 'Ｚ']);
  const place = {
    ...(r.chance(0.5) ? { team_id: r.pick(['care', 'sales', 'vip']) } : {}),
    ...(r.chance(0.4) ? { organization_id: r.pick(['acme', 'partner']) } : {}),
  };
  const type = r.pick([
    'message',
    'message',
    'message',
    'message',
    'step',
    'participant.joined',
    'rating',
    'order',
    'other',
  ]);
  switch (type) {
    case 'message': {
      const sender = r.pick(['user', 'user', 'bot', 'agent', 'agent']);
      const names: Record<string, unknown> = {
        user: { sender_id: r.pick(['ann', 'bob', null, 'cat']) },
        bot: {},
        agent: { sender_id: r.chance(0.85) ? agent : null, ...place },
      };
      return { ...event, type, sender, text: 'hello', ...(names[sender] as object), ...randomFacts(r) };
    }
    case 'step':
      return {
        ...event,
        type,
        from_step: r.chance(0.3) ? null : { id: 'a', type: 'x' },
        to_step: { id: 'b', type: 'y' },
      };
    case 'participant.joined':
      return { ...event, type, agent_id: agent, ...place, ...(r.chance(0.4) ? { agent_name: nameOf(r) } : {}) };
    case 'rating':
      return {
        ...event,
        type,
        value: 1 + r.below(5),
        ...(r.chance(0.5) ? { feedback: `f${r.below(9)}` } : {}),
        ...(r.chance(0.6) ? { target: r.pick(['conversation', 'bot', 'agent']) } : {}),
        ...(r.chance(0.4) ? { agent_id: agent } : {}),
      };
    case 'order':
      return {
        ...event,
        type,
        order_id: `o${r.below(4)}`,
        ...(r.chance(0.9) ? { amount: r.pick(['12.50', '-3', 0.1, '0.2', '999999999999999.999999', 7]) } : {}),
        ...(r.chance(0.5) ? { subscription: r.chance(0.5) } : {}),
        ...(r.chance(0.6) ? { currency: r.pick(['EUR', 'USD']) } : {}),
      };
    default:
      return {
        ...event,
        ...r.pick<Event>([
          { type: 'track', name: 'seen' },
          { type: 'conversation.updated' },
          { type: 'conversation.closed' },
          { type: 'conversation.closed', reason: 'left' },
          { type: 'conversation.closed', agent_id: agent },
          { type: 'conversation.reopened' },
          { type: 'message.edited', message_id: `e${r.below(30)}`, ...(r.chance(0.5) ? { text: 'edited' } : {}) },
          { type: 'message.edited', message_id: `E${r.below(30)}`, content: { edited: true } },
          { type: 'message.deleted', message_id: `é${r.below(30)}` },
          { type: 'note', sender_id: agent, sender_name: nameOf(r), text: 'note' },
        ]),
      };
  }
}

const nameOf = (r: Random) => r.pick(['Mia', 'Mia B.', 'Leo']);

/** What a message may say besides. */
const randomFacts = (r: Random): Event => ({
  ...(r.chance(0.1) ? { response_time_seconds: r.pick([0, 1.25, 7, 1e-7]) } : {}),
  ...(r.chance(0.2) ? { confidence: r.pick([0, 0.1, 0.25, 0.7, 1]) } : {}),
  ...(r.chance(0.2) ? { sender_name: nameOf(r) } : {}),
  ...(r.chance(0.2) ? { reaction: r.pick(['thumbs_up', 'thumbs_down', 'heart']) } : {}),
  ...(r.chance(0.2) ? { tags: r.pick([['a'], ['vip', 'b'], []]) } : {}),
  ...(r.chance(0.2) ? { rule_ids: r.pick([['r1'], ['r2', 'r1']]) } : {}),
  ...(r.chance(0.1) ? { collection_id: 'docs' } : {}),
  ...(r.chance(0.1) ? { collection_sources: r.pick([[], [{ id: 1 }]]) } : {}),
});

function randomAttributes(r: Random): Event {
  const orNull = (value: unknown) => (r.chance(0.25) ? null : value);
  const all: Event = {
    team_id: orNull(r.pick(['blue', 'red'])),
    bot_id: orNull(r.pick(['shop', 'door'])),
    bot_version: orNull(r.pick(['LIVE', 'DRAFT', '7'])),
    channel: orNull(r.pick(['web', 'sms', 'unknown'])),
    language: orNull(r.pick(['en', 'fi'])),
    user_id: orNull(r.pick(['ann', 'boss'])),
    user_name: orNull('Ann'),
    is_test: orNull(r.chance(0.5)),
    is_contained: orNull(r.chance(0.5)),
    chat_type: orNull(r.pick(['visitor', 'group', 'external'])),
    chat_initiator: orNull(r.pick(['rule', 'visitor'])),
    csat_brain: orNull(r.below(5)),
    csat_human_agent: orNull(r.below(5)),
    goal_achieved: orNull(r.below(3)),
    user_sentiment: orNull(r.below(3)),
    is_covered: orNull(r.chance(0.5)),
    is_meaningful: orNull(r.chance(0.5)),
    user_email: orNull('ann@example.com'),
    rule_ids: orNull(r.pick([[], ['r3'], ['r3', 'r1']])),
    tags: orNull(r.pick([[], ['vip'], ['vip', 'eu']])),
    metadata: orNull(r.pick([{ a: { b: null } }, { a: 1, c: [1, 2] }])),
    start_time: orNull('2024-01-08T01:00:00+02:00'),
    end_time: orNull('2024-01-08T00:00:30Z'),
    withdrawn: orNull(r.chance(0.3)),
    visitor_ids: orNull(r.pick([[], ['v1'], ['v2', 'ann']])),
    visitor_session_ids: orNull(r.pick([[], ['s1'], ['s2']])),
    room_ids: orNull(r.pick([[], ['r1'], ['r1', 'r2']])),
  };
  const names = r.shuffle(Object.keys(all)).slice(0, 1 + r.below(4));
  return Object.fromEntries(names.map((name) => [name, all[name]]));
}
