import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { openPool } from '../src/database/database.js';
import { root } from '../src/root.js';
import { send, world } from './harness.js';
import { report, url } from './reporting/ask.js';

/** The request of the vendor's page, word for word. */
const PAGE = `{
  "interval": {
    "start": "2019-01-01T00:00:00.000+02:00",
    "end": "2019-01-01T23:59:59.999+02:00",
    "time_zone": "Europe/Helsinki"
  },
  "granularity": "all",
  "group_by": [],
  "aggregations": [
    {
      "type": "hyperUnique",
      "fields": ["visitor_ids"]
    }
  ],
  "filters": {
    "type": "and",
    "fields": [
      { "type": "selector", "dimension": "scope", "value": "org" },
      { "type": "selector", "dimension": "chat_type", "value": "visitor" },
      { "type": "selector", "dimension": "chat_initiator", "value": "visitor" }
    ]
  }
}`;
const SEED = join(root, '../shared/seeds/giosg-chat-sessions.txt');

t.test('the example of the page', async (t) => {
  if (existsSync(SEED)) t.ok(readFileSync(SEED, 'utf8').includes(PAGE), 'is what the page says');
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const from = (id: string, time: string, sender_id: string, sender = 'user') => ({
    id: `${id} ${time} ${sender_id}`,
    type: 'message',
    conversation_id: id,
    time: `2018-12-31T${time}Z`,
    sender,
    sender_id,
  });
  const next = (event: ReturnType<typeof from>) => ({ ...event, time: event.time.replace('2018-12-31', '2019-01-01') });
  await send(app, key, [
    from('before', '21:59:59.999', 'eve'), // 23:59:59.999 on the 31st in Helsinki
    from('first', '22:00:00', 'ann'),
    from('first', '22:05:00', 'mia', 'agent'),
    from('first', '22:06:00', 'bob'),
    next(from('second', '10:00:00', 'ann')),
    next(from('last', '21:59:59.999', 'cat')),
    next(from('after', '22:00:00', 'dan')),
    next(from('by an agent', '09:00:00', 'mia', 'agent')),
    next(from('by an agent', '09:01:00', 'fay')), // a visitor's chat that an agent began
    next(from('without visitors', '09:00:00', 'leo', 'agent')),
  ]);
  const answer = await report(app, key, PAGE);
  t.equal(answer.status, 200);
  t.strictSame(answer.body, {
    fields: [
      { name: 'start_time', type: 'dimension' },
      { name: 'visitor_ids_hyper_unique', type: 'metric' },
    ],
    data: [['2019-01-01T00:00:00.000+02:00', 3]], // ann, bob, cat
  });
  t.equal(answer.headers['cache-control'], 'private, no-cache');
  t.notOk('report-notice' in answer.headers);

  await t.test('in the other forms that clients send', async (t) => {
    const { filters, ...rest } = JSON.parse(PAGE);
    const bearer = Buffer.from(key.replace('Basic ', ''), 'base64').toString().replace(':', '.');
    const same = async (name: string, body: object | string, options = {}) =>
      t.strictSame((await report(app, key, body, options)).body?.data, answer.body.data, name);
    await same('a list of filters', { ...rest, filters: filters.fields });
    await same('no group_by', { ...rest, group_by: undefined, filters });
    await same('null for nothing', { ...rest, group_by: null, filters });
    await same('a Token', PAGE, { headers: { authorization: `Token ${bearer}` } });
    await same('format=json', PAGE, { query: { format: 'json' }, headers: { accept: 'text/csv' } });
    await same('a slash at the end', PAGE, { url: `${url()}/` });
    for (const options of [{ query: { format: 'csv' } }, { headers: { accept: 'text/csv' } }]) {
      const csv = await report(app, key, PAGE, options);
      t.equal(csv.text, 'start_time,visitor_ids_hyper_unique\r\n2019-01-01T00:00:00.000+02:00,3\r\n');
      t.match(csv.headers['content-type'], 'text/csv');
    }
    const counted = await report(app, key, {
      ...rest,
      filters: null,
      aggregations: [{ type: 'count', fields: ['chat_session_id'] }],
    });
    t.strictSame([counted.body.fields.at(-1).name, counted.body.data[0][1]], ['count', 8], 'five, and three agents');
    t.match(counted.headers['report-notice'], /several times/);
  });
});

t.test('which filters pin the scope', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const told = async (body: object) => 'report-notice' in (await report(app, key, body)).headers;
  const org = { type: 'selector', dimension: 'scope', value: 'org' };
  const other = { type: 'selector', dimension: 'chat_type', value: 'visitor' };
  const and = (...fields: object[]) => ({ type: 'and', fields });
  for (const [name, body, expected] of [
    ['none', {}, true],
    ['another', { filters: other }, true],
    ['a selector', { filters: org }, false],
    ['an in of one value', { filters: { type: 'in', dimension: 'scope', values: ['team'] } }, false],
    ['an in of two', { filters: { type: 'in', dimension: 'scope', values: ['team', 'user'] } }, true],
    ['under and', { filters: and(other, and(org)) }, false],
    ['in a list', { filters: [other, org] }, false],
    ['under or', { filters: { type: 'or', fields: [org] } }, true],
    ['under not', { filters: { type: 'not', field: org } }, true],
    ['a bound', { filters: { type: 'bound', dimension: 'scope', lower: 'org', upper: 'org' } }, true],
    ['a group', { group_by: ['scope'] }, false],
  ] as const) {
    t.equal(await told(body), expected, name);
  }
});

t.test('money is exact, and told of where currencies meet', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const order = (conversation_id: string, order_id: string, amount: unknown, more: object = {}) => ({
    id: order_id,
    type: 'order',
    time: '2024-01-08T09:00:00Z',
    conversation_id,
    order_id,
    amount,
    ...more,
  });
  await send(app, key, [
    order('a', '1', '999999999999999.999999'),
    order('b', '1', '0.000001', { currency: 'EUR' }),
    order('c', '1', 0.1, { currency: 'EUR' }),
    order('d', '1', 0.2, { currency: 'USD', subscription: true }),
    order('e', '1', -0.3),
  ]);
  const org = { type: 'selector', dimension: 'scope', value: 'org' };
  const only = (ids: string[], more: object[] = []) => ({
    filters: [org, { type: 'in', dimension: 'chat_session_id', values: ids }, ...more],
  });
  const sums = async (body: object, type = 'sum') => {
    const aggregations = [{ type, fields: ['sales', 'subscription_sales'] }];
    const { body: answer, headers } = await report(app, key, { ...body, aggregations });
    return [...answer.data.map((row: unknown[]) => row.slice(1)), 'report-notice' in headers];
  };
  t.strictSame(await sums(only(['a', 'b'])), [[1_000_000_000_000_000, 0], false], 'a millionth closes the gap');
  t.strictSame(await sums(only(['c', 'd', 'e'])), [[0, 0.2], true], 'no 5.5e-17 is left');
  t.strictSame(await sums(only(['b', 'c'])), [[0.100001, 0], false], 'one currency');
  t.strictSame(await sums(only(['c', 'e'])), [[-0.2, 0], false], 'one that is named, one that is not');
  for (const type of ['avg', 'min', 'max']) t.equal((await sums(only(['c', 'd']), type)).at(-1), true, type);
  t.strictSame(
    await sums({ ...only(['c', 'd']), group_by: ['chat_session_id'] }),
    [['c', 0.1, 0], ['d', 0.2, 0.2], false],
    'apart in groups',
  );
  t.strictSame(await sums(only(['c', 'd', 'e'], [{ type: 'selector', dimension: 'currency', value: null }])), [
    [-0.3, 0],
    false,
  ]);
  const amount = {
    type: 'bound',
    dimension: 'sales',
    lower: '999999999999999.999999',
    upper: '999999999999999.999999',
  };
  t.strictSame(await sums({ filters: [org, amount] }), [[1e15, 0], false], 'a bound beyond doubles, as text');
  const body = JSON.stringify({ filters: [org, amount] }).replaceAll(
    '"999999999999999.999999"',
    '999999999999999.999999',
  );
  const exact = await report(
    app,
    key,
    `{"interval":{"start":"2024-01-08","end":"2024-01-09"},"granularity":"all","aggregations":[{"type":"count"}],${body.slice(1)}`,
  );
  t.equal(exact.body.data[0][1], 1, 'and as number');
  const unpinned = await report(app, key, { aggregations: [{ type: 'sum', fields: ['sales'] }] });
  t.equal(String(unpinned.headers['report-notice']).split('; ').length, 2, 'both notices in one header');
});

t.test('patterns: what each matches', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const rooms = ['a', 'b\n', 'a%', 'a_b', 'a\\b', '\\', 'Ab', '𝒳', '\u00a0', ' ', '\t', '٣', '3', 'é'];
  const conversation = { room_ids: rooms };
  await send(app, key, [
    { id: '1', type: 'track', name: 'x', time: '2024-01-08T09:00:00Z', conversation_id: 'c', conversation },
    ...rooms.map((room, n) => ({
      id: '1',
      type: 'track',
      name: 'x',
      time: '2024-01-08T09:00:00Z',
      conversation_id: `c${n}`,
      conversation: { room_ids: [room] },
    })),
  ]);
  const found = async (filter: object) => {
    const filters = [
      { type: 'not', field: { type: 'selector', dimension: 'chat_session_id', value: 'c' } },
      { dimension: 'room_ids', ...filter },
    ];
    const answer = await report(app, key, { filters, group_by: ['room_ids'] });
    return answer.body.data.map((row: unknown[]) => row[1]).sort();
  };
  const like = (pattern: string, mark?: string) => found({ type: 'like', pattern, ...(mark && { escape: mark }) });
  const regex = (pattern: string) => found({ type: 'regex', pattern });
  t.strictSame(await like('a%'), ['a', 'a%', 'a\\b', 'a_b']);
  t.strictSame(await like('a!%', '!'), ['a%']);
  t.strictSame(await like('a\\%', '\\'), ['a%']);
  t.strictSame(await like('a\\%'), ['a\\b'], 'without escape a backslash is one');
  t.strictSame(await like('\\'), ['\\']);
  t.strictSame(await like('a\\\\b', '\\'), ['a\\b']);
  t.strictSame(await like('_b', '!'), ['Ab'], 'case counts; _ is one character');
  t.strictSame(await like('__'), ['Ab', 'a%', 'b\n']);
  t.strictSame(await like('!𝒳', '!'), ['𝒳'], 'what is escaped is itself');
  t.strictSame(await regex('^.$'), ['\t', ' ', '3', '\\', 'a', '\u00a0', 'é', '٣', '𝒳'].sort(), 'one code point');
  t.strictSame(await regex('^b.$'), ['b\n'], 'a line break too');
  t.strictSame(await regex('b$'), ['Ab', 'a\\b', 'a_b']);
  t.strictSame(await regex('^[^a]$|^\\\\$'), ['\t', ' ', '3', '\\', '\u00a0', 'é', '٣', '𝒳'].sort());
  t.strictSame(
    await regex('\\s'),
    ['\t', '\n']
      .map((c) => (c === '\n' ? 'b\n' : c))
      .concat(' ')
      .sort(),
    'ASCII',
  );
  t.strictSame(await regex('\\d'), ['3']);
  t.strictSame(await regex('^\\w+$'), ['3', 'Ab', 'a', 'a_b']);
  t.strictSame(await regex('[\\\\%]'), ['\\', 'a%', 'a\\b']);
  t.strictSame(await regex('(a|A)[b_]{1,2}'), ['Ab', 'a_b']);
});

t.test('an ad-hoc question leaves no prepared statement behind', async (t) => {
  const w = await world(t);
  const key = await w.key();
  const db = openPool(w.target, { max: 1, statementTimeout: 10_000 });
  const app = await buildApp({ db, timeouts: { initial: null, channels: new Map() } });
  t.teardown(async () => {
    await app.close();
    await db.close();
  });
  for (const group of ['scope', 'team_id', 'sales'])
    t.equal((await report(app, key, { group_by: [group] })).status, 200);
  const kept = await db.read<{ statement: string }>((sql) => sql`select statement from pg_prepared_statements`);
  t.ok(kept.length > 0 && kept.every(({ statement }) => !statement.includes('participations')));
});
