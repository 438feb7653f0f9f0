import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { rowOf } from './tools/graphql.js';
import { load } from './tools/load.js';

const intervals = `query Q($from: timestamp, $to: timestamp, $span: interval) {
  rows: open_closed_sessions_interval_counts_v2(args: {start_time: $from, end_time: $to, interval_span: $span}) {
    date: per_interval closed_sessions open_sessions
  }
}`;

t.test('expiry under a clock: a second before and at the moment, and nothing has run', async (t) => {
  const w = await world(t);
  const key = await w.key();
  await load(w.db, [
    { id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00.250Z', conversation_id: 'c' },
    { id: '2', type: 'step', to_step: { id: 'a', type: 'b' }, time: '2024-01-08T11:00:00.250Z', conversation_id: 'c' },
    { id: '3', type: 'rating', value: 5, time: '2024-01-08T20:00:00Z', conversation_id: 'c' },
  ]);
  const at = async (now: string) => {
    const app = await w.app({ now: Date.parse(now), timeouts: '24h,web=1h' });
    const count = await rowOf(app, key, intervals, { from: '2024-01-08', to: '2024-01-09' });
    const session = await rowOf(app, key, '{ get_session_content(args: {session_id: "c"}) { expired_time messages } }');
    const lookup = await ask(app, key, { url: '/v1/conversations/c' });
    const { state, closed_at, closed_reason } = lookup.body;
    const last = (session.messages as { event: string }[]).at(-1)?.event;
    return [count.open_sessions, count.closed_sessions, session.expired_time, last, state, closed_at, closed_reason];
  };
  const open = [1, 0, null, 'message:received', 'open', null, null];
  t.strictSame(await at('2024-01-09T10:59:59.250Z'), open, 'a second before');
  t.strictSame(await at('2024-01-09T11:00:00.249Z'), open, 'a millisecond before');
  const time = '2024-01-09T11:00:00.250';
  const closed = [0, 1, time, 'session:expired', 'closed', `${time}Z`, 'expired'];
  t.strictSame(await at('2024-01-09T11:00:00.250Z'), closed, 'at the moment');
});

t.test('a conversation with 5,000 messages answers in one piece', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ timeouts: '0' }), await w.key()];
  const start = Date.parse('2024-01-08T10:00:00Z');
  const events = Array.from({ length: 5_000 }, (_, n): Event => {
    const sender = n % 2 === 0 ? 'user' : 'bot';
    const time = new Date(start + n * 500).toISOString();
    return { id: `m${n}`, type: 'message', sender, text: `message ${n}`, time, conversation_id: 'long' };
  });
  await load(w.db, events.toReversed());
  const row = await rowOf(app, key, '{ get_session_content(args: {session_id: "long"}) { messages } }');
  const texts = (row.messages as { message: { text?: string; responses?: { text: string }[] } }[]).map(
    ({ message }) => message.text ?? message.responses?.[0]?.text,
  );
  t.strictSame(
    texts,
    events.map(({ text }) => text),
  );
  const told: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const { body } = await ask(app, key, { url: '/v1/conversations/long', query: cursor ? { cursor } : {} });
    told.push(...body.messages.map((message: { text: string }) => message.text));
    cursor = body.next_cursor;
  }
  t.strictSame(
    told,
    events.map(({ text }) => text),
  );
});

t.test('session content, column by column', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: Date.parse('2024-01-08T12:00:00Z'), timeouts: '1h' }), await w.key()];
  const event = (id: string, second: number, type: string, more: object): Event => ({
    id,
    type,
    time: new Date(Date.parse('2024-01-08T10:00:00Z') + second * 1_000).toISOString(),
    conversation_id: 'c',
    ...more,
  });
  const odd = { number: 1.25, large: 1e21, text: '\u2028', list: [null, { a: [] }] };
  const attributes = {
    desk_id: 'desk',
    integration_id: 'integration',
    channel: 'web',
    bot_id: 'shop',
    bot_version: '-7',
    brain_id: 'b1',
    tags: ['vip', 'eu', 'vip'],
    rule_ids: ['r1'],
    insights: odd,
    user_name: 'Ann',
    user_email: 'ann@example.com',
    channel_user_id: 'cu',
    external_user_id: 'eu',
    goal_achieved: 2,
    user_sentiment: -1,
    is_covered: false,
  };
  await load(w.db, [
    event('u1', 1, 'message', {
      sender: 'user',
      sender_id: 'ann',
      text: '',
      conversation: attributes,
      tags: ['eu', 'new'],
    }),
    event('b1', 2, 'message', {
      sender: 'bot',
      content: { responses: [odd] },
      text: 'shadowed',
      response_time_seconds: 0.125,
      collection_id: 'k2',
      rule_ids: ['r2', 'r1'],
      collection_sources: [odd, 1],
    }),
    event('b2', 3, 'message', {
      sender: 'bot',
      sender_id: 'robot',
      text: 'two',
      brain_id: 'b2',
      brain_version: 3,
      collection_id: 'k1',
      first_message: true,
    }),
    event('a1', 4, 'message', {
      sender: 'agent',
      sender_id: 'mia',
      brain_id: 'b2',
      collection_id: 'k2',
      reaction: 'up',
      request_id: 'q',
      context: odd,
      corrections: {},
      new_brain_session: false,
      collection_request_code: '1',
      collection_response_code: '2',
      intent: 'hidden',
    }),
    event('j1', 5, 'participant.joined', { agent_id: 'leo' }),
    event('x1', 6, 'conversation.updated', { conversation: { language: 'en' } }),
    event('x2', 7, 'conversation.closed', { reason: 'left' }),
    event('x3', 8, 'conversation.reopened', {}),
    event('x4', 9, 'step', { to_step: { id: 'a', type: 'b' } }),
    event('x5', 10, 'rating', { value: 4, feedback: 'fine' }),
    event('x6', 11, 'rating', { value: 2, target: 'bot' }),
    event('x7', 12, 'rating', { value: 1, target: 'agent' }),
    event('x8', 5_000, 'conversation.updated', {}),
  ]);
  const columns = Object.keys((await introspect(app, key)).get_session_content ?? {});
  const query = `query Q($zone: String) { get_session_content(args: {session_id: "c", time_zone: $zone}) { ${columns.join(' ')} } }`;
  const row = await rowOf(app, key, query);
  const { messages, ...rest } = row as { messages: Record<string, unknown>[] };
  t.strictSame(rest, {
    session_id: 'c',
    account_id: ACCOUNT,
    desk_id: 'desk',
    integration_id: 'integration',
    channel: 'web',
    start_time: '2024-01-08T10:00:01',
    end_time: '2024-01-08T10:00:09',
    expired_time: '2024-01-08T11:00:09',
    brain_id: 'b1',
    brain_parent_id: 'shop',
    brain_version: -7,
    rule_ids: ['r1', 'r2'],
    user_id: 'ann',
    user_name: 'Ann',
    user_email: 'ann@example.com',
    channel_user_id: 'cu',
    external_user_id: 'eu',
    total_user_messages: 1,
    rating: 4,
    csat_brain: 2,
    csat_human_agent: 1,
    user_sentiment: -1,
    goal_achieved: 2,
    feedback: 'fine',
    insights: odd,
    is_contained: false,
    is_covered: false,
    is_test: false,
    tags: ['vip', 'eu', 'new'],
    participated_agents: ['mia', 'leo'],
    participated_brains: [
      { brain_id: 'b1', brain_version: -7, brain_parent_id: 'shop' },
      { brain_id: 'b2', brain_version: 3, brain_parent_id: null },
    ],
    participated_collections: ['k2', 'k1'],
  });
  const blank = {
    message: null,
    agent_id: null,
    brain_id: null,
    brain_version: null,
    brain_parent_id: null,
    response_time: null,
    first_message: false,
    request_id: null,
    tags: null,
    reaction: null,
    rule_ids: null,
    collection_id: null,
    collection_sources: null,
    collection_request_code: null,
    collection_response_code: null,
    new_brain_session: null,
    corrections: null,
    context: null,
  };
  const own = { ...blank, brain_id: 'b1', brain_version: -7, brain_parent_id: 'shop' };
  t.strictSame(messages, [
    { ...own, time: '2024-01-08T10:00:01', event: 'message:received', message: { text: '' }, tags: ['eu', 'new'] },
    {
      ...own,
      time: '2024-01-08T10:00:02',
      event: 'message:brain_send',
      message: { responses: [odd] },
      response_time: 0.125,
      first_message: true,
      collection_id: 'k2',
      rule_ids: ['r2', 'r1'],
      collection_sources: [odd, 1],
    },
    {
      ...blank,
      time: '2024-01-08T10:00:03',
      event: 'message:brain_send',
      message: { responses: [{ type: 'text', text: 'two' }] },
      brain_id: 'b2',
      brain_version: 3,
      first_message: true,
      collection_id: 'k1',
    },
    {
      ...blank,
      time: '2024-01-08T10:00:04',
      event: 'message:agent_send',
      agent_id: 'mia',
      response_time: 1, // from the bot's message: the handover
      brain_id: 'b2',
      collection_id: 'k2',
      reaction: 'up',
      request_id: 'q',
      context: odd,
      corrections: {},
      new_brain_session: false,
      collection_request_code: '1',
      collection_response_code: '2',
    },
    { ...blank, time: '2024-01-08T10:00:06', event: 'context:updated' },
    { ...blank, time: '2024-01-08T10:00:07', event: 'session:closed' },
    { ...blank, time: '2024-01-08T11:00:09', event: 'session:expired' },
    { ...blank, time: '2024-01-08T11:23:20', event: 'context:updated' },
  ]);
  const abroad = await rowOf(app, key, query, { zone: 'Asia/Kolkata' });
  t.equal(abroad.start_time, '2024-01-08T15:30:01', 'times go out in the zone');
});

/** The columns of every function, by introspection. */
async function introspect(app: FastifyInstance, key: string) {
  const query = '{ __schema { types { name kind fields { name } } } }';
  const answer = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } });
  type Type = { name: string; kind: string; fields: { name: string }[] | null };
  return Object.fromEntries(
    (answer.body.data.__schema.types as Type[])
      .filter(({ kind }) => kind === 'OBJECT')
      .map(({ name, fields }) => [name, Object.fromEntries((fields ?? []).map((field) => [field.name, true]))]),
  );
}

t.test('a bot version that is no 32-bit integer is null, and matches no number', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const versions: [string, number | null][] = [
    ['LIVE', null],
    ['007', null],
    ['-0', null],
    ['1.0', null],
    ['2147483648', null],
    ['-2147483648', -2_147_483_648],
    ['0', 0],
    ['12', 12],
  ];
  await send(
    app,
    key,
    versions.map(([bot_version], n) => ({
      id: '1',
      type: 'message',
      sender: 'user',
      time: '2024-01-08T10:00:00Z',
      conversation_id: `c${n}`,
      conversation: { bot_version },
    })),
  );
  for (const [n, [text, expected]] of versions.entries()) {
    const row = await rowOf(app, key, `{ get_session_content(args: {session_id: "c${n}"}) { brain_version } }`);
    t.equal(row.brain_version, expected, text);
  }
  const query = `{ open_closed_sessions_interval_counts_v2(args: {
    start_time: "2024-01-08", end_time: "2024-01-09", brain_versions: "{7,0,1,-2147483648}"
  }) { closed_sessions } }`;
  t.equal((await rowOf(app, key, query)).closed_sessions, 2);
});
