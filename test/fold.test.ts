import t, { type Test } from 'tap';
import type { Sql } from '../src/database/connect.js';
import { type Random, random, randomEvent } from './fold/events.js';
import { type Event, fold } from './fold/fold.js';
import { ACCOUNT, ask, send, type World, world } from './harness.js';
import { inForm } from './tools/form.js';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const CONVERSATIONS = inForm(24, 60);
const EVENTS_EACH = 30;

/** Events of every type for a set of conversations, in order of time within each. */
function story(r: Random, conversations = CONVERSATIONS, each = EVENTS_EACH): Event[] {
  return Array.from({ length: conversations }, (_, c) => {
    // Half of the conversations are live chat: mostly messages, which the append path takes.
    const list = Array.from({ length: each }, (_, n) => randomEvent(r, n, `c${c}`));
    const events = c % 2 === 0 ? list : list.map((event, n) => (n < 4 || r.chance(0.1) ? event : plain(r, event, n)));
    return events.sort((a, b) => Date.parse(a.time) - Date.parse(b.time) || (a.seq ?? 0) - (b.seq ?? 0));
  }).flat();
}

const plain = (r: Random, { id, conversation_id, time }: Event, n: number): Event => ({
  id,
  conversation_id,
  time: new Date(Date.parse(time) + 60_000 + n).toISOString(),
  ...(r.chance(0.15)
    ? { type: 'step', to_step: { id: 'b', type: 'y' } }
    : {
        type: 'message',
        ...(r.chance(0.5) ? { sender: 'user', sender_id: r.pick(['ann', 'bob']) } : { sender: 'bot' }),
      }),
  ...(r.chance(0.2) ? { conversation: { bot_id: 'shop', channel: r.pick(['web', 'web', 'web', 'sms']) } } : {}),
});

/**
 * Sends events in batches of random size through a number of senders at once; a fifth of the batches twice. No batch may be
 * refused, also not for a deadlock, unless the senders are `patient`: then it is sent again.
 */
async function sendAll(
  w: World,
  r: Random,
  account: string,
  events: Event[],
  senders: number,
  most: number,
  patient = false,
) {
  const app = await w.app();
  const key = await w.key({ account_id: account });
  const batches: Event[][] = [];
  for (let n = 0; n < events.length; ) {
    const size = 1 + r.below(most);
    batches.push(events.slice(n, n + size));
    n += size;
  }
  const repeats = batches.filter(() => r.chance(0.2));
  const queue = [...batches, ...repeats];
  await Promise.all(
    Array.from({ length: senders }, async () => {
      for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
        const answer = await send(app, key, batch);
        if (patient && answer.status >= 500) queue.push(batch);
        else if (answer.status !== 200) throw new Error(answer.text);
      }
    }),
  );
}

const money = (sql: Sql, name: string) => sql`${sql(name)}::numeric(30, 6)::text as ${sql(name)}`;
const iso = (time: string | null) => (time === null ? null : new Date(time).toISOString());

/** What the fold remembers, or derives for its own use: held by the comparison with a refold. */
const remembered = [
  ...['fold_version', 'event_count', 'first_time', 'first_aside_time', 'last_content_time', 'last_acted_time', 'said'],
  ...['said_places', 'sent_visitor_ids', 'users', 'first_user_id', 'first_user_place', 'first_sender', 'agent_places'],
  ...['agent_names', 'agent_name_places', 'message_tags', 'message_rule_ids', 'ended_place', 'ratings', 'answered'],
  ...['last_message_place', 'chain_place', 'waiting_since', 'turn_sender', 'turn_time', 'user_wrote', 'agent_wrote'],
];

/** What the tables hold of an account, in the form in which `fold` tells it. */
async function stored(sql: Sql, account: string) {
  const conversations = await sql`
    select conversation_id, to_jsonb(c) - ${['account_id', 'conversation_id', 'sales', 'subscription_sales', 'confidence_sum', ...remembered]}::text[] as row,
      ${money(sql, 'sales')}, ${money(sql, 'subscription_sales')}, ${money(sql, 'confidence_sum')}
    from conversations c where account_id = ${account} order by 1`;
  const participations = await sql`
    select conversation_id, to_jsonb(p) - array['account_id', 'conversation_id', 'sales', 'subscription_sales'] as row,
      ${money(sql, 'sales')}, ${money(sql, 'subscription_sales')}
    from participations p where account_id = ${account} order by conversation_id, scope, participant_id`;
  const orders = await sql`
    select conversation_id, to_jsonb(o) - array['account_id', 'conversation_id', 'amount', 'seq', 'id'] as row, ${money(sql, 'amount')}
    from orders o where account_id = ${account} order by conversation_id, order_id`;
  const responses = await sql`
    select conversation_id, json_object_agg(id, response_seconds) filter (where response_seconds is not null) as row
    from events e where account_id = ${account} group by 1`;
  // biome-ignore lint/suspicious/noExplicitAny: rows of three tables
  const rows = (list: any[], id: string) =>
    list
      .filter((item) => item.conversation_id === id)
      .map(({ conversation_id: _, row, ...moneys }) => ({
        ...Object.fromEntries(
          Object.entries(row ?? {}).map(([name, value]) => [
            name,
            /_at$|time$|activity$/.test(name) ? iso(value as string | null) : value,
          ]),
        ),
        ...moneys,
      }));
  return new Map(
    conversations.map(({ conversation_id: id }) => [
      id as string,
      {
        conversation: rows(conversations, id)[0],
        responses: rows(responses, id)[0],
        orders: rows(orders, id),
        participations: rows(participations, id),
      },
    ]),
  );
}

function expected(account: string, events: Event[]) {
  const byConversation = new Map<string, Event[]>();
  for (const event of events)
    byConversation.set(event.conversation_id, [...(byConversation.get(event.conversation_id) ?? []), event]);
  return new Map([...byConversation].map(([id, list]) => [id, fold(account, list)]));
}

/** The conversations whose rows differ from the fold of their events. */
async function wrong(w: World, account: string, events: Event[], t?: Test): Promise<string[]> {
  const found = await stored(w.sql, account);
  const ids: string[] = [];
  for (const [id, rows] of expected(account, events)) {
    const same = t
      ? t.strictSame(found.get(id), rows, `conversation ${id}`)
      : JSON.stringify(sortKeys(found.get(id))) === JSON.stringify(sortKeys(rows));
    if (!same) ids.push(id);
  }
  t?.equal(found.size, expected(account, events).size, 'no other conversation');
  return ids;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, item]) => [key, sortKeys(item)]),
  );
}

const accountOf = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

t.test(`tables equal the fold of the events, whatever the order, split and senders (SEED=${seed})`, async (t) => {
  const w = await world(t);
  const r = random(seed);
  const events = story(r);
  const ways = [
    { name: 'in order of time, one sender', events, senders: 1, most: 3 },
    { name: 'in order of time, one batch', events, senders: 1, most: 1_000_000 },
    { name: 'backwards', events: [...events].reverse(), senders: 1, most: 50 },
    { name: 'shuffled, 8 senders, small batches', events: r.shuffle(events), senders: 8, most: 12 },
    { name: 'shuffled, 8 senders, large batches', events: r.shuffle(events), senders: 8, most: 400 },
    { name: 'in order of time, 8 senders', events, senders: 8, most: 6 },
  ];
  for (const [n, way] of ways.entries()) {
    await t.test(way.name, async (t) => {
      await sendAll(w, r, accountOf(n), way.events, way.senders, way.most);
      await wrong(w, accountOf(n), events, t);
      const ids = [...new Set(events.map((event) => event.conversation_id as string))];
      const [refolded] = await w.sql`select refold(${accountOf(n)}, ${ids}) as differ`;
      t.strictSame(refolded?.differ, [], 'what was appended is what a fold of all events gives, to the last register');
    });
  }
});

t.test('negative control: an ingest that does not lock the conversations is found out', async (t) => {
  const w = await world(t);
  const [{ text }] = (await w.sql`select pg_get_functiondef('ingest'::regproc) as text`) as unknown as [
    { text: string },
  ];
  const unlocked = text
    .replace(/do update set fold_version = 0 where false/, 'do nothing')
    .replace(/for no key update/, '');
  t.not(unlocked, text, 'the lock was there to take out');
  await w.sql.unsafe(unlocked);
  let found: string[] = [];
  for (let round = 0; round < 10 && found.length === 0; round++) {
    const r = random(seed + round);
    // Few hot conversations, so that batches of the same one meet.
    const events = story(r, 4, 100).sort((a, b) => a.id.localeCompare(b.id));
    await sendAll(w, r, accountOf(round), events, 8, 8, true);
    found = await wrong(w, accountOf(round), events);
  }
  t.not(found.length, 0, 'conversations that disagree with their events');
});

t.test('an event that is only repeated does not make its bot known', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const event = {
    id: '1',
    type: 'message',
    sender: 'user',
    time: '2024-01-08T00:00:00Z',
    conversation_id: 'c',
    conversation: { bot_id: 'shop' },
  };
  await send(app, key, [event]);
  const again = await send(app, key, [{ ...event, conversation: { bot_id: 'ghost' } }]);
  t.strictSame(again.body, { accepted: 0, duplicates: 1 });
  const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
  t.equal((await ask(app, key, { url: `/v1/bots/ghost/conversations?${range}` })).status, 404);
  t.equal((await ask(app, key, { url: `/v1/bots/shop/conversations?${range}` })).status, 200);
});

t.test(`fold(fold(∅, A), B) = fold(∅, A ∪ B), to the last register (SEED=${seed})`, async (t) => {
  const w = await world(t);
  const r = random(seed);
  const events = Array.from({ length: inForm(150, 400) }, (_, c) =>
    Array.from({ length: 1 + r.below(14) }, (_, n) => randomEvent(r, n, `c${c}`)),
  ).flat();
  const [app, key] = [await w.app(), await w.key()];
  const isInA = new Map(events.map((event) => [event, r.chance(0.5)]));
  for (const part of [true, false]) {
    const answer = await send(app, key, r.shuffle(events.filter((event) => isInA.get(event) === part)));
    t.equal(answer.status, 200);
  }
  const ids = [...new Set(events.map((event) => event.conversation_id as string))];
  const [refolded] = await w.sql`select refold(${ACCOUNT}, ${ids}) as differ`;
  t.strictSame(refolded?.differ, []);
});

t.test('only what lies before what the response chain has passed folds a conversation anew', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const at = (minute: number, event: object) => ({
    id: `e${minute}`,
    time: `2024-01-08T10:${String(minute).padStart(2, '0')}:00Z`,
    conversation_id: 'c',
    ...event,
  });
  const user = { type: 'message', sender: 'user', sender_id: 'ann' };
  const bot = { type: 'message', sender: 'bot' };
  const agent = { type: 'message', sender: 'agent', sender_id: 'mia', team_id: 'care' };
  await send(app, key, [at(9, { ...user, conversation: { bot_id: 'shop', channel: 'web' } })]);
  await w.sql.unsafe(`
    alter function fold rename to fold_kept;
    create function fold(p_account uuid, p_states conversations[], p_events events[], p_whole text[],
      out states conversations[], out responses numeric[], out late text[], out corrected text[])
    language plpgsql as $$ begin
      if p_whole <> '{}' then raise 'refolded'; end if;
      select * into states, responses, late, corrected from fold_kept(p_account, p_states, p_events, p_whole);
    end $$`);
  const appended = [
    at(5, { ...user, sender_id: 'bob' }), // before the first one, but nobody has answered
    at(10, bot),
    at(12, user),
    at(11, { ...user, conversation: { channel: 'sms' } }), // between the bot's and the user's
    at(13, agent),
    at(14, { type: 'participant.joined', agent_id: 'mia', team_id: 'vip' }),
    at(4, { type: 'participant.joined', agent_id: 'mia', team_id: 'care' }), // earlier than the agent's messages
    at(15, { type: 'conversation.closed' }),
    at(16, { type: 'conversation.reopened' }),
    at(17, user),
    at(18, agent),
    at(3, { type: 'conversation.reopened' }),
    at(2, { type: 'rating', value: 3 }),
    at(19, { type: 'rating', value: 5, target: 'agent', agent_id: 'mia' }),
    at(1, { type: 'track', name: 'seen' }),
    at(0, { type: 'order', order_id: 'o', amount: 3 }),
    at(6, { type: 'step', to_step: { id: 'a', type: 'x' } }),
    at(7, { type: 'conversation.updated', conversation: { channel: 'fax', tags: ['vip'] } }),
    at(8, { type: 'note', sender_id: 'mia', text: 'hm' }),
    at(20, { type: 'message.edited', message_id: 'e9', text: 'hi' }),
    at(21, { type: 'message.deleted', message_id: 'e9' }),
  ];
  for (const event of appended) t.equal((await send(app, key, [event])).status, 200, `${event.id} is appended`);
  const refolded = [
    { ...at(22, bot), time: '2024-01-08T10:09:30Z' },
    { ...at(23, agent), time: '2024-01-08T10:17:30Z' },
    { ...at(24, user), time: '2024-01-08T10:17:30Z' },
    { ...at(25, { type: 'conversation.closed' }), time: '2024-01-08T10:17:30Z' },
  ];
  for (const event of refolded) t.equal((await send(app, key, [event])).status, 500, `${event.id} is folded`);
  await w.sql`drop function fold`;
  await w.sql`alter function fold_kept rename to fold`;
  const [all] = await w.sql`select refold(${ACCOUNT}, ${['c']}) as differ`;
  t.strictSame(all?.differ, []);
});
