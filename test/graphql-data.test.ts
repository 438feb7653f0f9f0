import t from 'tap';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { fccEvents, fccExpected, fccMessages, skipFcc } from './tools/fcc.js';
import { rowOf, rowsOf } from './tools/graphql.js';
import { load } from './tools/load.js';
import { type StarMessage, skipStar, starEvents, starRows } from './tools/star.js';

const intervals = `query Q($from: timestamp, $to: timestamp, $span: interval) {
  rows: open_closed_sessions_interval_counts_v2(args: {start_time: $from, end_time: $to, interval_span: $span}) {
    date: per_interval closed_sessions open_sessions
  }
}`;

/** Groups in order of appearance. */
function groups<T>(items: T[], key: (item: T) => string): Map<string, T[]> {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const list = found.get(key(item));
    if (list === undefined) found.set(key(item), [item]);
    else list.push(item);
  }
  return found;
}

t.test('sessions, users and messages a channel of real conversations', { skip: skipFcc }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const [messages, expected] = [fccMessages(), fccExpected()];
  await load(w.db, fccEvents(messages));
  const rows = await rowsOf(app, key, '{ sessions_per_channel { channel session_count user_count message_count } }');
  const column = (name: string) => Object.fromEntries(rows.map((row) => [row.channel, row[name]]));
  t.same(column('session_count'), expected.conversations_by_channel);
  t.same(column('message_count'), expected.messages_by_channel);

  // The user of a conversation is the first sender whom a message names.
  const users = new Map<string, Set<string>>();
  for (const of of groups(messages, ({ conversation_id }) => conversation_id).values()) {
    const first = of.find(({ user_id }) => user_id !== null)?.user_id;
    const channel = (of[0] as { channel: string }).channel;
    const set = users.get(channel) ?? new Set();
    users.set(channel, first == null ? set : set.add(first));
  }
  t.same(column('user_count'), Object.fromEntries([...users].map(([channel, set]) => [channel, set.size])));
  t.comment(`${rows.length} channels, ${messages.length} messages`);
});

t.test('open and closed on real conversations', { skip: skipStar }, async (t) => {
  const w = await world(t);
  const key = await w.key();
  const events = starEvents();
  const conversations = groups(events, ({ conversation_id }) => conversation_id);
  // Every other conversation is closed a minute after its last event.
  const closes = [...conversations.values()]
    .filter((_, n) => n % 2 === 0)
    .map((of): Event => {
      const last = Math.max(...of.map(({ time }) => Date.parse(time)));
      const time = new Date(last + 60_000).toISOString();
      return { id: 'close', type: 'conversation.closed', time, conversation_id: of[0]?.conversation_id };
    });
  await load(w.db, [...events, ...closes]);
  const closed = new Set(closes.map(({ conversation_id }) => conversation_id));

  const range = { from: '2020-05-12', to: '2020-05-28' };
  const now = Date.parse('2020-06-01T00:00:00Z');
  for (const [span, letters, bucket] of [
    ['1 day', 10, '1d'],
    ['1 hour', 13, '1h'],
  ] as const) {
    const counted = new Map<string, { closed: number; open: number }>();
    for (const [id, of] of conversations) {
      const [first] = of.map(({ time }) => time as string).sort();
      const start = String(first).slice(0, letters);
      const count = counted.get(start) ?? { closed: 0, open: 0 };
      count[closed.has(id) ? 'closed' : 'open']++;
      counted.set(start, count);
    }
    const never = await rowsOf(await w.app({ now, timeouts: '0' }), key, intervals, { ...range, span });
    const expected = never.map(({ date }) => {
      const { closed = 0, open = 0 } = counted.get(String(date).slice(0, letters)) ?? {};
      return { date, closed_sessions: closed, open_sessions: open };
    });
    t.same(never, expected, `${span}: by closes alone`);
    const total = (rows: typeof never, name: string) => rows.reduce((sum, row) => sum + Number(row[name]), 0);
    t.equal(total(never, 'closed_sessions') + total(never, 'open_sessions'), conversations.size);

    const app = await w.app({ now, timeouts: '24h' });
    const day = await rowsOf(app, key, intervals, { ...range, span });
    t.equal(total(day, 'closed_sessions'), conversations.size, `${span}: after a day all are closed`);
    t.equal(total(day, 'open_sessions'), 0);

    const series = await ask(app, key, {
      url: '/v1/bots/star/conversations',
      query: { version: 'LIVE', start_time: range.from, end_time: range.to, bucket },
    });
    t.same(
      day.map((row) => Number(row.closed_sessions) + Number(row.open_sessions)),
      series.body.data.series[0].values,
      `${span}: as the series dialect counts`,
    );
    t.comment(`${span}: ${day.length} intervals, ${total(never, 'closed_sessions')} of ${conversations.size} closed`);
  }
});

t.test('20 transcripts equal the raw rows', { skip: skipStar }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ timeouts: '0' }), await w.key()];
  const all = [...groups(starRows<StarMessage>('messages'), ({ conversation_id }) => conversation_id)];
  const chosen = all.filter((_, n) => n % Math.floor(all.length / 20) === 0).slice(0, 20);
  const ids = new Set(chosen.map(([id]) => id));
  await load(
    w.db,
    starEvents().filter(({ conversation_id }) => ids.has(conversation_id)),
  );
  let entries = 0;
  for (const [id, raw] of chosen) {
    const row = await rowOf(
      app,
      key,
      'query Q($id: String!) { get_session_content(args: {session_id: $id}) { messages participated_agents total_user_messages user_id } }',
      { id },
    );
    const told = (row.messages as Record<string, unknown>[]).map(({ time, event, message, agent_id }) => ({
      time,
      event,
      message,
      agent_id,
    }));
    const isUser = ({ sender_role }: StarMessage) => sender_role === 'user';
    const expected = raw.map((line) => ({
      time: line.time.replace('Z', ''),
      event: isUser(line) ? 'message:received' : 'message:agent_send',
      message: { text: line.text },
      agent_id: isUser(line) ? null : line.user_id,
    }));
    t.same(told, expected, id);
    const agents = [...new Set(raw.filter((line) => !isUser(line)).map(({ user_id }) => user_id))];
    t.same(row.participated_agents, agents.length === 0 ? null : agents, `${id}: agents`);
    t.equal(row.total_user_messages, raw.filter(isUser).length);
    t.equal(row.user_id, raw.find(isUser)?.user_id ?? null);
    entries += told.length;
  }
  t.equal(chosen.length, 20);
  t.comment(`${entries} messages`);
});

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
  t.same(await at('2024-01-09T10:59:59.250Z'), open, 'a second before');
  t.same(await at('2024-01-09T11:00:00.249Z'), open, 'a millisecond before');
  const time = '2024-01-09T11:00:00.250';
  const closed = [0, 1, time, 'session:expired', 'closed', `${time}Z`, 'expired'];
  t.same(await at('2024-01-09T11:00:00.250Z'), closed, 'at the moment');
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
  t.same(
    texts,
    events.map(({ text }) => text),
  );
  const whole = await ask(app, key, { url: '/v1/conversations/long' });
  t.same(
    whole.body.messages.map((message: { text: string }) => message.text),
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
async function introspect(app: Parameters<typeof rowsOf>[0], key: string) {
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
