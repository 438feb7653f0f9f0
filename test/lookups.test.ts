import { setTimeout as delay } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { inForm } from './tools/form.js';
import { load } from './tools/load.js';

type Row = Record<string, unknown> & { conversation_id: string };

const START = Date.parse('2024-01-08T10:00:00Z');

const message = (id: string, conversation: object = {}, more: object = {}): Event => ({
  id: 'm',
  type: 'message',
  sender: 'user',
  time: '2024-01-08T10:00:00Z',
  conversation_id: id,
  conversation,
  ...more,
});

const list = (app: FastifyInstance, key: string, query: Record<string, string | string[]> = {}) =>
  ask(app, key, { url: '/v1/conversations', query });

const idsOf = (rows: Row[]) => rows.map(({ conversation_id }) => conversation_id);

/** The ids on one page. */
const ids = async (app: FastifyInstance, key: string, query: Record<string, string | string[]> = {}) => {
  const answer = await list(app, key, query);
  if (answer.status !== 200) throw new Error(answer.text);
  return idsOf(answer.body.conversations);
};

/** All rows, page by page, and the milliseconds that each page took. */
async function walk(app: FastifyInstance, key: string, query: Record<string, string>) {
  const rows: Row[] = [];
  const times: number[] = [];
  let cursor: string | null = null;
  do {
    const began = performance.now();
    const answer = await list(app, key, { ...query, ...(cursor === null ? {} : { cursor }) });
    times.push(performance.now() - began);
    if (answer.status !== 200) throw new Error(answer.text);
    rows.push(...answer.body.conversations);
    cursor = answer.body.next_cursor;
  } while (cursor !== null);
  return { rows, times };
}

const COUNT = inForm(4_000, 20_000);

t.test(`paging through ${COUNT} conversations while 8 senders add more and change old ones`, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  // Four conversations start at each moment, so pages end between rows of one time.
  const time = (n: number) => new Date(START + Math.floor(n / 4) * 1_000).toISOString();
  await load(
    w.db,
    Array.from({ length: COUNT }, (_, n) => message(`c${n}`, { bot_id: `bot${n % 3}` }, { time: time(n) })),
  );

  await w.sql`analyze conversations`; // as autovacuum does within a minute

  let [sent, added, walking] = [0, 0, true];
  const moved = new Set<string>();
  const sender = async (s: number) => {
    for (let round = 0; walking; round++) {
      const target = (n: number) => `c${(s * 2_503 + round * 97 + n * 1_009) % COUNT}`;
      const late = { time: new Date(START + 40_000_000 + round).toISOString() };
      const leaves = target(7);
      const events = [
        // New ones before, among and after the others; messages and attributes on old ones; one that moves.
        ...[-1, COUNT / 2, COUNT * 2].map((n) => message(`new-${s}-${round}-${n}`, {}, { time: time(n) })),
        ...[1, 2, 3].map((n) => message(target(n), {}, { id: `${s}-${round}`, ...late })),
        ...[4, 5].map((n) => message(target(n), { language: `l${round}` }, { id: `${s}-${round}`, ...late })),
        message(leaves, { start_time: time(round) }, { id: `${s}-${round}`, ...late }),
      ];
      moved.add(leaves);
      await delay(10); // so that the pages get their turn on a busy machine
      const answer = await send(app, key, events);
      if (answer.status !== 200) throw new Error(answer.text);
      sent += events.length;
      added += 3;
    }
  };
  const senders = Array.from({ length: 8 }, (_, s) => sender(s));
  const { rows } = await walk(app, key, { limit: '200' });
  walking = false;
  await Promise.all(senders);

  const seen = new Map<string, number>();
  for (const { conversation_id } of rows) seen.set(conversation_id, (seen.get(conversation_id) ?? 0) + 1);
  const stayed = Array.from({ length: COUNT }, (_, n) => `c${n}`).filter((id) => !moved.has(id));
  t.strictSame(
    stayed.filter((id) => seen.get(id) !== 1),
    [],
    'each one that did not move came exactly once',
  );
  const order = rows.map(({ start_time, conversation_id }) => `${start_time} ${conversation_id}`);
  t.strictSame(order, order.toSorted().reverse(), 'newest first, ids of one time descending');
  t.ok(added > 24 && moved.size > 8, 'the senders were at work');
  t.comment(`${rows.length} rows; meanwhile ${sent} events, ${added} new conversations, ${moved.size} that moved`);

  const { rows: again, times } = await walk(app, key, { limit: '100' });
  const [stored] = await w.sql`select count(*) from conversations`;
  t.equal(again.length, Number(stored?.count), 'afterwards all are there');
  // The least of many: a machine that is busy otherwise adds to some of them.
  const [first, last] = [Math.min(...times.slice(1, 41)), Math.min(...times.slice(-41, -1))];
  t.ok(last < 3 * first, `a late page takes no longer: ${first.toFixed(1)} ms, then ${last.toFixed(1)} ms`);
  t.comment(
    `${times.length} pages; least of the first 40 ${first.toFixed(1)} ms, of the last 40 ${last.toFixed(1)} ms`,
  );

  const bots = (await ask(app, key, { url: '/v1/bots' })).body.bots as { bot_id: string; conversations: number }[];
  for (const { bot_id, conversations } of bots) {
    const [one] = await w.sql`select count(*) from conversations where bot_id = ${bot_id}`;
    t.equal(conversations, Number(one?.count), bot_id);
  }
});

t.test('filters, each alone and together', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: START + 3_600_000, timeouts: '30m' }), await w.key()];
  const at = (minute: number) => ({ time: new Date(START + minute * 60_000).toISOString() });
  await send(app, key, [
    message('c1', { bot_id: 'shop', bot_version: '1', team_id: 'blue', channel: 'web', language: 'en' }, at(0)),
    message(
      'c2',
      { bot_id: 'shop', bot_version: '2', channel: 'a, b', is_test: true },
      { ...at(10), sender_id: 'ann' },
    ),
    message('c3', { bot_id: 'door', channel: 'unknown' }, at(20)),
    { ...message('c3', {}, at(50)), id: 'a', sender: 'agent', sender_id: 'mia' },
    message('c4', { language: 'fi' }, at(40)),
    message('c5', { withdrawn: true }, at(45)),
    { id: 'x', type: 'conversation.closed', conversation_id: 'c4', ...at(41) },
  ]);
  const cases: [Record<string, string | string[]>, string[]][] = [
    [{}, ['c4', 'c3', 'c2', 'c1']],
    [{ start_time: '2024-01-08T10:10:00' }, ['c4', 'c3', 'c2']],
    [{ end_time: '2024-01-08T10:10:00Z' }, ['c1']],
    [{ start_time: '2024-01-08T12:10', end_time: '2024-01-08T12:30', time_zone: 'Europe/Helsinki' }, ['c3', 'c2']],
    [{ bot_id: 'shop' }, ['c2', 'c1']],
    [{ bot_id: 'shop', version: '1' }, ['c1']],
    [{ team_id: 'blue' }, ['c1']],
    [{ channel_type: 'web,a\\, b' }, ['c2', 'c1']],
    [{ channel_type: ['web', 'unknown'] }, ['c4', 'c3', 'c1']],
    [{ language: 'unknown' }, ['c3', 'c2']],
    [{ user_id: 'ann' }, ['c2']],
    [{ agent_id: 'mia' }, ['c3']],
    [{ is_test: 'true' }, ['c2']],
    [{ is_test: 'false' }, ['c4', 'c3', 'c1']],
    [{ state: 'open' }, ['c3']],
    [{ state: 'closed' }, ['c4', 'c2', 'c1']],
    [{ state: 'closed', bot_id: 'shop', is_test: 'false' }, ['c1']],
    [{ bot_id: 'nobody' }, []],
  ];
  for (const [query, expected] of cases) t.strictSame(await ids(app, key, query), expected, JSON.stringify(query));

  for (const limit of ['Infinity', '1e999', '-1e999', '0', '201', '1.5', 'x']) {
    const answer = await list(app, key, { limit });
    t.strictSame([answer.status, answer.body.errors?.[0].path], [400, 'limit'], limit);
  }
  const faulty = await list(app, key, {
    start_time: '2024-01-08',
    end_time: '2024-01-08',
    limit: '201',
    cursor: 'bm9uZQ',
    channel_type: 'a,,b',
    state: 'shut',
    time_zone: '+02:00',
    q: 'a\u0000',
    colour: 'red',
    bot_id: ['a', 'b'],
  });
  t.equal(faulty.status, 400);
  t.strictSame(faulty.body.errors.map((fault: { path: string }) => fault.path).sort(), [
    'bot_id',
    'channel_type',
    'colour',
    'cursor',
    'limit',
    'q',
    'state',
    'time_zone',
  ]);
  const range = await list(app, key, { start_time: '2024-01-08', end_time: '2024-01-08' });
  t.equal(range.body.errors[0].path, 'end_time');
});

t.test('q finds a part, whatever the case, in the id, user id, name and e-mail alone', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const people: [string, object][] = [
    ['Straße-1', { user_name: 'Ørsted ÅBO' }],
    ['c2', { user_name: 'Οδυσσεύς', user_email: 'odysseus@ithaca.example' }],
    ['c3', { user_id: 'ИВАН', user_name: '100%_sure\\' }],
    ['c4', { user_name: 'a.c', channel: 'ørsted', metadata: { user_name: 'ørsted' } }],
    ['c5', { user_name: '(?i)***=x [y]' }],
  ];
  await send(
    app,
    key,
    people.map(([id, attributes]) => message(id, attributes)),
  );
  const cases: [string, string[]][] = [
    ['ØRSTED', ['Straße-1']],
    ['åbo', ['Straße-1']],
    ['STRA', ['Straße-1']],
    ['straẞe', ['Straße-1']],
    ['ΟΔΥΣ', ['c2']],
    ['ΣΕΎΣ', ['c2']],
    ['ITHACA.EX', ['c2']],
    ['иван', ['c3']],
    ['%_S', ['c3']],
    ['sure\\', ['c3']],
    ['_', ['c3']],
    ['a.c', ['c4']],
    ['abc', []],
    ['(?i)', ['c5']],
    ['***=X [Y]', ['c5']],
    ['[', ['c5']],
    ['C', ['c5', 'c4', 'c3', 'c2']],
    ['nobody', []],
  ];
  for (const [q, expected] of cases) t.strictSame((await ids(app, key, { q })).sort(), expected.sort(), q);
});

t.test('a row and its page: columns in order, times in the zone, null at the end, CSV', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: START + 86_400_000, timeouts: '1h' }), await w.key()];
  await send(app, key, [
    message('c1', {
      channel: '=web',
      tags: ['vip'],
      user_name: 'Ann',
      goal_achieved: 2,
      is_covered: false,
      withdrawn: null,
    }),
    { ...message('c1', {}, { time: '2024-01-08T10:00:01.500Z' }), id: 'a', sender: 'agent', sender_id: 'mia' },
    { id: 'j', type: 'participant.joined', agent_id: 'leo', conversation_id: 'c1', time: '2024-01-08T10:00:01Z' },
    { id: 'r', type: 'rating', value: 4, conversation_id: 'c1', time: '2024-01-08T10:00:09Z' },
    message('c2', { end_time: '2024-01-08T09:00:00Z' }, { time: '2024-01-08T09:30:00Z' }),
  ]);
  const answer = await list(app, key, { limit: '1', time_zone: 'Europe/Helsinki' });
  const row = {
    conversation_id: 'c1',
    team_id: null,
    bot_id: null,
    bot_version: null,
    brain_id: null,
    desk_id: null,
    integration_id: null,
    channel: '=web',
    language: null,
    campaign_id: null,
    campaign_source: null,
    is_test: false,
    user_id: null,
    user_name: 'Ann',
    user_email: null,
    channel_user_id: null,
    external_user_id: null,
    chat_type: 'visitor',
    chat_initiator: 'visitor',
    is_contained: false,
    is_covered: false,
    is_meaningful: false,
    goal_achieved: 2,
    user_sentiment: null,
    csat_brain: null,
    csat_human_agent: null,
    withdrawn: false,
    start_time: '2024-01-08T12:00:00+02:00',
    end_time: '2024-01-08T12:00:01.500+02:00',
    duration_seconds: 1.5,
    state: 'closed',
    closed_at: '2024-01-08T13:00:01.500+02:00',
    closed_reason: 'expired',
    message_count: 2,
    user_message_count: 1,
    agent_ids: ['leo', 'mia'],
    rating: 4,
  };
  t.strictSame(answer.body.conversations, [row]);
  t.strictSame(Object.keys(answer.body.conversations[0]), Object.keys(row), 'in order');
  t.equal(answer.headers['cache-control'], 'private, no-cache');
  t.equal(
    answer.headers.link,
    `</v1/conversations?limit=1&time_zone=Europe%2FHelsinki&cursor=${answer.body.next_cursor}>; rel="next"`,
  );
  const second = await list(app, key, { limit: '1', cursor: answer.body.next_cursor });
  t.equal(second.body.conversations[0].conversation_id, 'c2');
  t.equal(second.body.conversations[0].duration_seconds, 0, 'never below 0');
  t.equal(second.body.next_cursor, null);
  t.notOk(second.headers.link);

  const csv = await list(app, key, { limit: '1', format: 'csv' });
  const [head, line, end] = csv.text.split('\r\n');
  t.equal(head, Object.keys(row).join(','));
  t.ok(line?.startsWith("c1,,,,,,,'=web,,,,false,,Ann,"), String(line));
  t.ok(line?.endsWith(',1.5,closed,2024-01-08T11:00:01.500Z,expired,2,1,"leo, mia",4'), String(line));
  t.equal(end, '');
  t.ok(csv.headers.link, 'a CSV says where the next page is');
});

t.test('one conversation: every attribute, messages and steps as they were sent, withdrawn ones too', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ timeouts: '0' }), await w.key()];
  const attributes = {
    tags: ['vip'],
    rule_ids: [],
    insights: { a: [1, null] },
    metadata: { ä: { b: 0.5 } },
    visitor_ids: ['v'],
    visitor_session_ids: ['s'],
    room_ids: ['r'],
    withdrawn: true,
    user_email: 'ann@example.com',
  };
  const sent = {
    id: 'm',
    time: '2024-01-08T10:00:00Z',
    seq: 2,
    sender: 'agent',
    sender_id: 'mia',
    team_id: 'care',
    organization_id: 'acme',
    content: { text: 'hello', list: [1, { a: null }] },
    intent: 'greet',
    tags: ['t'],
    response_time_seconds: 0.5,
    first_message: false,
  };
  await send(app, key, [
    { ...sent, type: 'message', conversation_id: 'a/b ü', conversation: attributes },
    {
      id: 's2',
      type: 'step',
      time: '2024-01-08T10:00:01Z',
      conversation_id: 'a/b ü',
      from_step: { id: 'a', type: 'x' },
      to_step: { id: 'b', type: 'y' },
      message_id: 'm',
    },
    {
      id: 's1',
      type: 'step',
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'a/b ü',
      to_step: { id: 'a', type: 'x' },
      depth: 7,
    },
  ]);
  const url = `/v1/conversations/${encodeURIComponent('a/b ü')}`;
  const { body } = await ask(app, key, { url });
  const { insights, metadata, tags, rule_ids, visitor_ids, visitor_session_ids, room_ids, withdrawn, user_email } =
    body;
  t.strictSame(
    { tags, rule_ids, insights, metadata, visitor_ids, visitor_session_ids, room_ids, withdrawn, user_email },
    attributes,
  );
  t.strictSame(body.messages, [sent]);
  t.strictSame(body.steps, [
    { id: 's1', time: '2024-01-08T10:00:00Z', seq: 0, to_step: { id: 'a', type: 'x' }, depth: 7 },
    {
      id: 's2',
      time: '2024-01-08T10:00:01Z',
      seq: 0,
      from_step: { id: 'a', type: 'x' },
      to_step: { id: 'b', type: 'y' },
      message_id: 'm',
      depth: 1,
    },
  ]);
  t.equal(
    (await ask(app, key, { url, query: { time_zone: 'Asia/Kolkata' } })).body.start_time,
    '2024-01-08T15:30:00+05:30',
  );
  t.strictSame(await ids(app, key), [], 'the list does not see it');

  const other = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  for (const [who, path] of [
    [key, '/v1/conversations/nobody'],
    [other, url],
    [await w.key({ bot_ids: ['shop'] }), url],
  ] as const) {
    t.equal((await ask(app, who, { url: path })).status, 404);
  }
});

t.test('bots and teams agree with the series; a narrowed key sees its own alone', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const at = (minute: number) => ({ time: new Date(START + minute * 60_000).toISOString() });
  const shop = { bot_id: 'shop', team_id: 'blue' };
  await send(app, key, [
    message('c1', { ...shop, bot_version: 'b', channel: 'web', language: 'fi' }, at(0)),
    message('c2', { ...shop, bot_version: 'a', channel: 'Web', language: 'en' }, at(1)),
    message('c3', { bot_id: 'shop', bot_version: 'a', team_id: 'red' }, at(2)),
    message('c4', { bot_id: 'door', team_id: 'red', bot_version: '\u{1F600}' }, at(3)),
    message('c5', { bot_id: 'door', bot_version: '\uFF5A' }, at(4)),
    message('c6', { bot_id: 'also two', bot_version: 'a' }, at(5)),
    message('c7', { bot_id: 'also two', bot_version: 'a', is_test: true }, at(6)),
    message('c8', { bot_id: 'gone', team_id: 'gone', withdrawn: true }, at(7)),
    message('c9', {}, at(8)),
  ]);
  const bots = (await ask(app, key, { url: '/v1/bots', query: { time_zone: 'Europe/Helsinki' } })).body.bots;
  const times = (first: string, last: string) => ({
    first_start_time: `2024-01-08T12:${first}:00+02:00`,
    last_start_time: `2024-01-08T12:${last}:00+02:00`,
  });
  t.strictSame(bots, [
    {
      bot_id: 'shop',
      bot_versions: ['a', 'b'],
      channel_types: ['Web', 'web'],
      languages: ['en', 'fi'],
      team_ids: ['blue', 'red'],
      conversations: 3,
      ...times('00', '02'),
    },
    {
      bot_id: 'also two',
      bot_versions: ['a'],
      channel_types: [],
      languages: [],
      team_ids: [],
      conversations: 2,
      ...times('05', '06'),
    },
    {
      bot_id: 'door',
      bot_versions: ['\uFF5A', '\u{1F600}'],
      channel_types: [],
      languages: [],
      team_ids: ['red'],
      conversations: 2,
      ...times('03', '04'),
    },
  ]);
  for (const { bot_id, bot_versions, conversations } of bots) {
    let sum = 0;
    for (const version of bot_versions) {
      const query = { version, start_time: '2024-01-08', end_time: '2024-01-09' };
      const series = await ask(app, key, { url: `/v1/bots/${bot_id}/conversations`, query });
      sum += series.body.data.series[0].sum;
    }
    t.equal(sum, conversations, `${bot_id}: its versions sum to it`);
    t.equal((await ids(app, key, { bot_id })).length, conversations);
  }
  const teams = (await ask(app, key, { url: '/v1/teams' })).body.teams;
  t.strictSame(
    teams.map((team: Record<string, unknown>) => [
      team.team_id,
      team.bot_ids,
      team.conversations,
      team.last_start_time,
    ]),
    [
      ['blue', ['shop'], 2, '2024-01-08T10:01:00Z'],
      ['red', ['door', 'shop'], 2, '2024-01-08T10:03:00Z'],
    ],
  );
  t.equal(
    (await ask(app, key, { url: '/v1/teams', headers: { accept: 'text/csv' } })).text,
    'team_id,bot_ids,conversations,first_start_time,last_start_time\r\n' +
      'blue,shop,2,2024-01-08T10:00:00Z,2024-01-08T10:01:00Z\r\n' +
      'red,"door, shop",2,2024-01-08T10:02:00Z,2024-01-08T10:03:00Z\r\n',
  );

  /** The conversations of the reporting dialect, each as its account sees it. */
  const reported = async (who: string) => {
    const payload = {
      interval: { start: '2024-01-08', end: '2024-01-09' },
      granularity: 'all',
      group_by: ['chat_session_id'],
      aggregations: [{ type: 'count' }],
      filters: { type: 'selector', dimension: 'scope', value: 'org' },
    };
    const answer = await ask(app, who, {
      method: 'POST',
      url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`,
      payload,
    });
    return answer.body.data.map(([, id]: [string, string]) => id);
  };
  for (const who of [key, await w.key({ bot_ids: ['door'] }), await w.key({ team_ids: ['red'], bot_ids: ['shop'] })]) {
    t.strictSame(
      await reported(who),
      (await ids(app, who)).sort(),
      'the list has the conversations that reports count',
    );
  }

  const sees = async (who: string) => ({
    bots: (await ask(app, who, { url: '/v1/bots' })).body.bots.map((bot: { bot_id: string }) => bot.bot_id),
    teams: (await ask(app, who, { url: '/v1/teams' })).body.teams.map((team: { team_id: string }) => team.team_id),
    conversations: await ids(app, who),
  });
  t.strictSame(await sees(await w.key({ bot_ids: ['door'] })), {
    bots: ['door'],
    teams: ['red'],
    conversations: ['c5', 'c4'],
  });
  t.strictSame(await sees(await w.key({ team_ids: ['red'], bot_ids: ['shop', 'door'] })), {
    bots: ['door', 'shop'],
    teams: ['red'],
    conversations: ['c4', 'c3'],
  });
  t.equal((await ask(app, await w.key({ permissions: ['write'] }), { url: '/v1/bots' })).status, 403);
  t.equal((await ask(app, null, { url: '/v1/conversations' })).status, 401);
});
