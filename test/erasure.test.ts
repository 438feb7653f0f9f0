import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import type { Sql } from '../src/database/connect.js';
import type { Database } from '../src/database/database.js';
import { accountsAtWork, erasureStep } from '../src/queries/erasure/step.js';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { refresh } from '../src/queries/segments/refresh.js';
import { ACCOUNT, ask, send, type World, world } from './harness.js';

/**
 * A person in every place where one can stand is erased: before, a search of the whole database finds each of their strings,
 * afterwards none; what reports count stays what it was.
 */

const NOW = Date.parse('2024-02-01T00:00:00Z');
/** What must be found nowhere. */
const strings = {
  user: 'ann-17',
  name: 'Ann Smithson',
  email: 'ann.smithson@mail.test',
  phone: '+358401234567',
  crm: 'crm-9981',
  cookie: 'cookie-a1',
  session: 'visit-a1',
  words: 'zzsecret',
};
const { user, name, email, phone, crm, cookie, session, words } = strings;

const shop = { bot_id: 'shop', bot_version: 'LIVE', channel: 'web', team_id: 'blue' };
const ann = {
  ...shop,
  user_id: user,
  user_name: name,
  user_email: email,
  channel_user_id: phone,
  external_user_id: crm,
  visitor_ids: [cookie, user],
  visitor_session_ids: [session],
  tags: ['vip', `of ${email}`],
  metadata: { note: words, [email]: 1 },
  insights: { summary: `${words} about her` },
  campaign_source: `mail to ${email}`,
};

let clock = Date.parse('2024-01-09T10:00:00Z');
const at = () => {
  clock += 1_000;
  return new Date(clock).toISOString();
};
type Sent = Record<string, unknown> & { id: string; conversation_id: string };
const event = (conversation_id: string, id: string, type: string, more: object = {}): Sent => ({
  id,
  type,
  time: at(),
  conversation_id,
  ...more,
});
const message = (conversation_id: string, id: string, sender: string, sender_id: string | null, more: object = {}) =>
  event(conversation_id, id, 'message', { sender, sender_id, ...more });

/** A conversation of her own with events of every type. */
const whole = (id: string, prefix: string): Sent[] => [
  message(id, `${prefix}1`, 'user', user, {
    text: `I am ${name}, ${words}`,
    sender_name: name,
    context: { email },
    request_id: `r-${crm}`,
    conversation: ann,
  }),
  message(id, `${prefix}2`, 'bot', null, {
    content: { text: `Hello ${name}`, [words]: [phone] },
    intent: 'greeting',
    tags: ['hello'],
    confidence: 0.5,
    corrections: { words },
    collection_id: 'faq',
    collection_sources: [{ url: 'https://help.test' }],
  }),
  event(id, `${prefix}3`, 'participant.joined', { agent_id: 'agent-1', agent_name: 'Kim', team_id: 'blue' }),
  message(id, `${prefix}4`, 'agent', 'agent-1', { text: `Dear ${name}, ${words}`, sender_name: 'Kim' }),
  event(id, `${prefix}5`, 'step', {
    from_step: { id: 'start', type: 'dialog' },
    to_step: { id: 'end', type: 'dialog' },
    message_id: `${prefix}1`,
  }),
  event(id, `${prefix}6`, 'rating', { value: 4, feedback: `${words} thanks` }),
  event(id, `${prefix}7`, 'order', { order_id: `order-${crm}`, amount: '12.50', currency: 'EUR' }),
  event(id, `${prefix}8`, 'track', { name: 'visit', attributes: { words, user }, campaign: 'spring' }),
  event(id, `${prefix}9`, 'note', { sender_id: 'agent-1', text: `${name} is ${words}` }),
  event(id, `${prefix}10`, 'message.edited', { message_id: `${prefix}1`, text: `${words} better` }),
  event(id, `${prefix}11`, 'conversation.closed'),
];

/** Her conversations: under an id of no meaning, and under her own id, with events that are named after her. */
const own = [...whole('c-1', 'm'), ...whole(user, `${user}/`)];
const others = [
  // Somebody else's, in which she wrote, and was spoken of.
  message('c-bob', '1', 'user', 'bob', {
    text: 'I am Bob',
    conversation: { ...shop, user_id: 'bob', user_name: 'Bob' },
  }),
  message('c-bob', '2', 'user', user, { text: `${words} from me too`, sender_name: name }),
  message('c-bob', '3', 'agent', 'agent-1', {
    text: `Hello Bob and ${name} (${email})`,
    intent: `about ${email}`,
    collection_id: `${phone} called`,
  }),
  event('c-bob', '4', 'message.edited', { message_id: '2', text: `${words}, edited` }),
  // Where she is a visitor only.
  message('c-carol', '1', 'user', 'carol', {
    text: 'I am Carol',
    conversation: { ...shop, user_id: 'carol', visitor_ids: ['carol', cookie] },
  }),
  // Of nobody, by her telephone.
  message('c-phone', '1', 'user', null, { text: words, conversation: { ...shop, channel_user_id: phone } }),
  // Said to be hers, and corrected.
  event('c-dora', '1', 'conversation.updated', { conversation: { ...shop, user_id: user } }),
  message('c-dora', '2', 'user', 'dora', { text: 'I am Dora', conversation: { user_id: 'dora' } }),
  // Hers, under the id that the channel gives her.
  message('c-sender', '1', 'user', phone, { text: words, conversation: { ...shop, user_id: user } }),
  message('c-eve', '1', 'user', 'eve', { text: 'Eve', conversation: { ...shop, user_id: 'eve' } }),
];
const events = [...own, ...others];

/** How often each string is in each table, whatever the type of its column. */
async function search(sql: Sql, wanted: string[]): Promise<Record<string, string[]>> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const found: Record<string, string[]> = {};
  for (const { name: table } of tables) {
    const rows = await sql<{ row: string }[]>`select lower(t::text) as row from ${sql(table)} t`;
    for (const text of wanted) {
      const bytes = Buffer.from(text).toString('hex');
      const escaped = encodeURIComponent(text).toLowerCase();
      const isIn = ({ row }: { row: string }) =>
        [text.toLowerCase(), bytes, escaped].some((form) => row.includes(form));
      if (rows.some(isIn)) found[text] = [...(found[text] ?? []), table];
    }
  }
  return found;
}

/** Works on erasures until none is left. */
async function work(db: Database): Promise<void> {
  for (;;) {
    const [account] = await accountsAtWork(db);
    if (account === undefined) return;
    if ((await erasureStep(db, account)) !== 'worked') await delay(20);
  }
}

async function refreshAll(db: Database): Promise<void> {
  while ((await refresh(db, ACCOUNT, { own: 2, large: 1_000 }))?.day != null);
}

const range = { start_time: '2024-01-01', end_time: '2024-02-01' };
const ask200 = async (app: FastifyInstance, key: string, request: Parameters<typeof ask>[2]) => {
  const answer = await ask(app, key, request);
  if (answer.status !== 200) throw new Error(`${request.url}: ${answer.status} ${answer.text}`);
  return answer.body;
};

/** Answers in every dialect, their rows sorted, and with one text in place of the names of people. */
async function reports(app: FastifyInstance, key: string): Promise<unknown[]> {
  const { datasets } = await ask200(app, key, { url: '/v1/catalogue' });
  const answers: unknown[] = [];
  for (const { name: dataset, dimensions, measures } of datasets) {
    const names = measures.map((one: { name: string }) => one.name).slice(0, 20);
    for (const group_by of [[], ...dimensions.map((one: { name: string }) => [one.name])]) {
      const payload = { dataset, ...range, measures: names, group_by };
      answers.push([payload, await ask200(app, key, { method: 'POST', url: '/v1/query', payload })]);
    }
  }
  const series = `/v1/bots/shop`;
  for (const path of ['conversations', 'users', 'messages', 'intents', 'flows', 'knowledge_base/tags']) {
    const url = `${series}/${path}?version=LIVE&start_time=2024-01-01&end_time=2024-02-01`;
    answers.push([path, await ask200(app, key, { url })]);
  }
  const reporting = {
    interval: { start: '2024-01-01', end: '2024-02-01' },
    granularity: 'all',
    group_by: ['scope'],
    aggregations: [
      { type: 'count' },
      { type: 'hyperUnique', fields: ['chat_session_id', 'visitor_ids', 'visitor_session_ids'] },
      { type: 'sum', fields: ['sales', 'order_count', 'visitor_message_count'] },
    ],
  };
  const url = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
  answers.push(['reporting', await ask200(app, key, { method: 'POST', url, payload: reporting })]);
  return answers.map((answer) => sortedRows(answer));
}

/** A value whose lists are sorted, with `someone` in place of the strings of a person and of the stand-ins. */
function sortedRows(value: unknown): unknown {
  if (typeof value === 'string') {
    const replaced = value.replace(/erased-[0-9a-f]{16}(-[0-9a-f]{12})?/g, 'someone');
    return Object.values(strings).reduce((text, one) => text.replaceAll(one, 'someone'), replaced);
  }
  if (Array.isArray(value)) {
    return value.map(sortedRows).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([key]) => !key.endsWith('_cursor')); // which name the text of a row
  return Object.fromEntries(entries.map(([key, one]) => [key, sortedRows(one)]));
}

async function prepared(t: Test): Promise<{ w: World; app: FastifyInstance; key: string }> {
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const { body } = await send(app, key, events);
  t.strictSame(body, { accepted: events.length, duplicates: 0 });
  return { w, app, key };
}

t.test('a person is found nowhere after the erasure, and every count stays', async (t) => {
  const { w, app, key } = await prepared(t);
  const link = await ask(app, key, {
    method: 'POST',
    url: '/v1/links',
    payload: { report: `/v1/conversations?user_id=${encodeURIComponent(user)}&format=csv` },
  });
  t.equal(link.status, 201);
  const source = await ask(app, key, { method: 'PUT', url: '/v1/sources/desk', payload: { preset: 'chatwoot' } });
  t.equal(source.status, 201);
  const delivery = { event: 'unknown', user, text: `${words} ${email}` };
  await ask(app, key, { method: 'POST', url: source.body.path, payload: delivery });
  await refreshAll(w.db);

  const before = await search(w.sql, Object.values(strings));
  for (const text of Object.values(strings)) t.ok(before[text]?.includes('events'), `${text} is in events before`);
  t.strictSame(
    ['agent_cells', 'conversations', 'dictionary', 'events', 'links', 'orders', 'participations', 'source_deliveries'],
    before[user]?.sort(),
    'the control: the id is in every table that can hold one',
  );
  const counted = await reports(app, key);
  const etag = (await ask(app, key, { url: '/v1/bots' })).headers.etag;

  const asked = await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` });
  t.equal(asked.status, 202);
  t.equal(asked.headers.location, `/v1/erasures/${asked.body.erasure_id}`);
  const again = await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` });
  t.equal(again.body.erasure_id, asked.body.erasure_id, 'the same while it runs');
  await work(w.db);
  const ended = await ask(app, key, { url: String(asked.headers.location) });
  t.equal(ended.body.state, 'ended');
  t.equal(ended.body.conversations, 7, 'all conversations but Eve’s');

  t.strictSame(await search(w.sql, Object.values(strings)), {}, 'found nowhere');
  t.strictSame(await reports(app, key), counted, 'counts stay');
  t.not((await ask(app, key, { url: '/v1/bots' })).headers.etag, etag, 'validators change');
  t.strictSame(await rebuild(w.db, ACCOUNT), { conversations: 8, differed: 0 }, 'rows are those of the events');
  await refreshAll(w.db);
  t.strictSame(await reports(app, key), counted, 'counts stay with segments');
  t.strictSame(await search(w.sql, Object.values(strings)), {}, 'found nowhere, in new segments too');

  const repeated = await send(app, key, events);
  t.strictSame(repeated.body, { accepted: 0, duplicates: events.length }, 'late repeats are duplicates');
  t.equal(repeated.headers['report-notice'], undefined, 'and do not count as differing');
  t.strictSame(await search(w.sql, Object.values(strings)), {}, 'they bring nothing back');
  const [bob] = await w.sql`select body->>'text' as text from events where conversation_id = 'c-bob' and id = '1'`;
  t.equal(bob?.text, 'I am Bob', 'words of others stay');
  const agent = await w.sql`select body->>'text' as text from events where conversation_id = 'c-bob' and id = '3'`;
  t.match(agent[0]?.text, /^Hello Bob and erased-[0-9a-f-]+ \(erased-[0-9a-f-]+\)$/, 'her name in them does not');
  const carol = await w.sql`select body->>'text' as text from events where conversation_id = 'c-carol'`;
  t.equal(carol[0]?.text, 'I am Carol');

  const newer = [message(user, 'new', 'user', user, { text: 'hello again', conversation: { ...shop, user_id: user } })];
  t.strictSame((await send(app, key, newer)).body, { accepted: 1, duplicates: 0 }, 'new events are anybody’s');
  const { conversations } = await ask200(app, key, { url: `/v1/conversations?user_id=${user}` });
  t.equal(conversations.length, 1);
});

t.test('an export has what an erasure takes, and says when it is complete', async (t) => {
  const { w, app, key } = await prepared(t);
  const { status, body } = await ask(app, key, { url: `/v1/users/${user}/export` });
  t.equal(status, 200);
  t.strictSame(body.names, [name]);
  t.strictSame([...body.identifiers].sort(), [phone, email, crm, cookie, session].sort());
  t.equal(body.conversations, 7);
  const sent = new Map(events.map((one) => [`${one.conversation_id} ${one.id}`, one]));
  for (const got of body.events) {
    const expected = { ...(sent.get(`${got.conversation_id} ${got.id}`) as Sent), time: got.time } as Record<
      string,
      unknown
    >;
    for (const [field, value] of Object.entries(expected)) {
      if (value !== null) t.strictSame(got[field], value, `${got.conversation_id} ${got.id} ${field}`);
    }
  }
  const resent = await send(app, key, body.events);
  t.strictSame(resent.body, { accepted: 0, duplicates: body.events.length }, 'they are events');
  t.equal(resent.headers['report-notice'], undefined, 'as they were sent');
  await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` });
  await work(w.db);
  const [changed] = await w.sql`
    select count(*)::int as count from events
    where body ? 'erased' or conversation_id like 'erased-%' or conversation_id = 'c-1'`;
  t.equal(changed?.count, body.events.length, 'the events that the erasure changed are those of the export');
  const empty = await ask(app, key, { url: `/v1/users/${user}/export` });
  t.strictSame(empty.body, { user_id: user, identifiers: [], names: [], events: [], conversations: 0 });
});

t.test('only a key with admin that sees the whole account erases and exports', async (t) => {
  const { w, app, key } = await prepared(t);
  const narrowed = await w.key({ team_ids: ['blue'], bot_ids: ['shop'] });
  const writer = await w.key({ permissions: ['read', 'write'] });
  const stranger = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  for (const weak of [narrowed, writer]) {
    t.equal((await ask(app, weak, { method: 'DELETE', url: `/v1/users/${user}` })).status, 403);
    t.equal((await ask(app, weak, { url: `/v1/users/${user}/export` })).status, 403);
    t.equal((await ask(app, weak, { url: '/v1/erasures/e1' })).status, 403);
  }
  t.strictSame(await accountsAtWork(w.db), []);
  const { body } = await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` });
  t.equal((await ask(app, stranger, { url: `/v1/erasures/${body.erasure_id}` })).status, 404);
  const foreign = await ask(app, stranger, { url: `/v1/users/${user}/export` });
  t.strictSame(foreign.body.events, []);
  await ask(app, stranger, { method: 'DELETE', url: `/v1/users/carol` });
  await work(w.db);
  const [carol] = await w.sql`select user_id from conversations where conversation_id = 'c-carol'`;
  t.equal(carol?.user_id, 'carol', 'another account erases nobody here');
});

t.test('other people who share an identifier keep what is theirs', async (t) => {
  const { w, app, key } = await prepared(t);
  await send(app, key, [
    message('c-son', '1', 'user', 'son', {
      text: 'the son',
      conversation: { ...shop, user_id: 'son', channel_user_id: phone },
    }),
    message('c-any', '1', 'user', null, { text: 'who?', conversation: { ...shop, channel_user_id: phone } }),
    message('c-x', '1', 'user', 'x', { text: 'x', conversation: { ...shop, visitor_ids: ['x', user, 'son'] } }),
  ]);
  await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` });
  await work(w.db);
  const rows = await w.sql`
    select c.conversation_id, c.user_id, c.channel_user_id, e.body->>'text' as text, to_jsonb(c.visitor_ids) as visitors
    from conversations c join events e using (account_id, conversation_id)
    where conversation_id in ('c-son', 'c-any', 'c-x') order by 1`;
  t.match(rows, [
    { conversation_id: 'c-any', text: 'who?' },
    { conversation_id: 'c-son', user_id: 'son', text: 'the son' },
    { conversation_id: 'c-x', user_id: 'x', text: 'x' },
  ]);
  t.ok(
    rows.every(({ channel_user_id }) => channel_user_id !== phone),
    'the telephone itself is hers',
  );
  t.ok(rows[2]?.visitors.includes('son'));
  t.strictSame(await rebuild(w.db, ACCOUNT), { conversations: 11, differed: 0 });
});
