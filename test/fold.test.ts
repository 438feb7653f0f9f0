import t, { type Test } from 'tap';
import type { Sql } from '../src/database/connect.js';
import { type Random, random, randomEvent } from './fold/events.js';
import { type Event, fold } from './fold/fold.js';
import { ask, send, type World, world } from './harness.js';

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
const CONVERSATIONS = 60;
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
 * refused, also not for a deadlock, unless the senders are `patient`.
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
        if (patient && answer.status === 503) queue.push(batch);
        else if (answer.status !== 200) throw new Error(answer.text);
      }
    }),
  );
}

const money = (sql: Sql, name: string) => sql`${sql(name)}::numeric(30, 6)::text as ${sql(name)}`;
const iso = (time: string | null) => (time === null ? null : new Date(time).toISOString());

/** What the tables hold of an account, in the form in which `fold` tells it. */
async function stored(sql: Sql, account: string) {
  const conversations = await sql`
    select conversation_id, to_jsonb(c) - array['account_id', 'conversation_id', 'last_event_time', 'sales', 'subscription_sales'] as row,
      ${money(sql, 'sales')}, ${money(sql, 'subscription_sales')}
    from conversations c where account_id = ${account} order by 1`;
  const participations = await sql`
    select conversation_id, to_jsonb(p) - array['account_id', 'conversation_id', 'sales', 'subscription_sales'] as row,
      ${money(sql, 'sales')}, ${money(sql, 'subscription_sales')}
    from participations p where account_id = ${account} order by conversation_id, scope, participant_id`;
  const orders = await sql`
    select conversation_id, to_jsonb(o) - array['account_id', 'conversation_id', 'amount'] as row, ${money(sql, 'amount')}
    from orders o where account_id = ${account} order by conversation_id, order_id`;
  // biome-ignore lint/suspicious/noExplicitAny: rows of three tables
  const rows = (list: any[], id: string) =>
    list
      .filter((item) => item.conversation_id === id)
      .map(({ conversation_id: _, row, ...moneys }) => ({
        ...Object.fromEntries(
          Object.entries(row).map(([name, value]) => [
            name,
            /_at$|time$|activity$/.test(name) ? iso(value as string | null) : value,
          ]),
        ),
        ...moneys,
      }));
  return new Map(
    conversations.map(({ conversation_id: id }) => [
      id as string,
      { conversation: rows(conversations, id)[0], orders: rows(orders, id), participations: rows(participations, id) },
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
      ? t.same(found.get(id), rows, `conversation ${id}`)
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
    });
  }
});

t.test('negative control: an ingest that does not lock the conversations is found out', async (t) => {
  const w = await world(t);
  const [{ text }] = (await w.sql`select pg_get_functiondef('ingest'::regproc) as text`) as unknown as [
    { text: string },
  ];
  const unlocked = text.replace(/do update set bot_id = c\.bot_id where false/, 'do nothing');
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
  t.same(again.body, { accepted: 0, duplicates: 1 });
  const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
  t.equal((await ask(app, key, { url: `/v1/bots/ghost/conversations?${range}` })).status, 404);
  t.equal((await ask(app, key, { url: `/v1/bots/shop/conversations?${range}` })).status, 200);
});

t.test('a live message is added at no cost of the conversation: its events are not folded again', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const at = (minute: number, event: object) => ({
    id: `e${minute}`,
    time: `2024-01-08T10:${String(minute).padStart(2, '0')}:00Z`,
    conversation_id: 'c',
    ...event,
  });
  const user = { type: 'message', sender: 'user', sender_id: 'ann' };
  const step = { type: 'step', to_step: { id: 'a', type: 'x' } };
  await send(app, key, [at(1, { ...user, conversation: { bot_id: 'shop', channel: 'web' } })]);
  await w.sql`create or replace function refold(p_account uuid, p_ids text[]) returns void language plpgsql as $$ begin raise 'refolded'; end $$`;
  const appended = [
    at(2, user),
    at(3, { type: 'message', sender: 'bot', conversation: { channel: 'web' } }),
    at(4, step),
    at(5, { ...user, sender_id: null }),
  ];
  for (const event of appended) t.equal((await send(app, key, [event])).status, 200, `${event.id} is appended`);
  const refolded = [
    at(6, { ...user, sender_id: 'bob' }),
    at(7, { ...user, conversation: { channel: 'sms' } }),
    at(8, { type: 'message', sender: 'agent' }),
    { ...at(9, user), time: '2024-01-08T10:03:30Z' },
    at(10, { type: 'conversation.closed' }),
    { ...at(11, user), conversation_id: 'd' },
  ];
  for (const event of refolded) t.equal((await send(app, key, [event])).status, 500, `${event.id} is folded`);
  const rows = await w.sql`select user_messages, bot_messages, end_time from conversations`;
  t.same([...rows], [{ user_messages: 3, bot_messages: 1, end_time: new Date('2024-01-08T10:05:00Z') }]);
});
