import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildApp } from '../src/app.js';
import type { Database } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { root } from '../src/root.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { errorsOf, post, rowsOf } from './tools/graphql.js';

const seeds = join(root, '../shared/seeds');
const noSeeds = existsSync(seeds) ? false : 'no ../shared/seeds here';

const DESK = 'd2be0283-9b53-4d7b-b77d-2650f3a1a99c';
const SESSION = '58be4fe7-96af-409b-8ae2-cf6b1c4b51a5';

/** A message of a user. */
const message = (id: string, conversation: object, more: object = {}) => ({
  id: 'm',
  type: 'message',
  sender: 'user',
  sender_id: `user of ${id}`,
  text: 'hi',
  time: '2024-01-08T10:00:00Z',
  conversation_id: id,
  conversation,
  ...more,
});

/** The parts of a vendor's page: its query, the variables of its quick start, its example response. */
function partsOf(page: string) {
  const text = readFileSync(join(seeds, page), 'utf8');
  const from = (start: number) => {
    let depth = 0;
    for (let at = start; at < text.length; at++) {
      if (text[at] === '{') depth++;
      if (text[at] === '}' && --depth === 0 && !/^\s*\{/.test(text.slice(at + 1))) return text.slice(start, at + 1);
    }
    throw new Error(`${page} breaks off`);
  };
  const query = from(/^query \w+\(/m.exec(text)?.index as number);
  const after = (mark: string) => JSON.parse(from(text.indexOf('{', text.indexOf(mark))));
  return { query, variables: after('Variables:'), response: after('Example response') };
}

t.test('the queries of the three pages, cut from the pages', { skip: noSeeds }, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: Date.parse('2024-01-20T00:00:00Z') }), await w.key()];
  await send(app, key, [
    message(SESSION, { desk_id: DESK, channel: 'web', bot_id: 'shop', bot_version: '3', tags: ['kg'] }),
    { ...message(SESSION, {}), id: 'b', sender: 'bot', sender_id: null, time: '2024-01-08T10:00:01.034Z' },
    message('other', { desk_id: DESK, channel: 'viber' }),
  ]);

  const channels = partsOf('moveo-sessions-per-channel.txt');
  const counted = await post(app, key, channels.query, { ...channels.variables, accountId: ACCOUNT });
  t.same(counted.body.data.rows, [
    { channel: 'viber', session_count: 1, user_count: 1, message_count: 1 },
    { channel: 'web', session_count: 1, user_count: 1, message_count: 2 },
  ]);
  t.same(Object.keys(counted.body.data.rows[0]), Object.keys(channels.response.data.rows[0]));

  const intervals = partsOf('moveo-open-closed-sessions-interval.txt');
  const days = await post(app, key, intervals.query, intervals.variables);
  t.same(days.body.data.rows[0], { closed_sessions: 2, open_sessions: 0, date: '2024-01-08T00:00:00' });
  t.equal(days.body.data.rows.length, 9, 'a row a day');
  t.same(Object.keys(days.body.data.rows[0]), Object.keys(intervals.response.data.rows[0]));

  const content = partsOf('moveo-session-content.txt');
  const session = await post(app, key, content.query, content.variables);
  const [row] = session.body.data.get_session_content;
  const [sample] = content.response.data.get_session_content;
  t.same(Object.keys(row).sort(), Object.keys(sample).sort(), 'columns key for key, nulls too');
  t.equal(row.external_user_id, null);
  for (const [n, entry] of sample.messages.entries()) {
    const missing = Object.keys(entry).filter((name) => !(name in row.messages[n]));
    t.same(missing, [], `message ${n} has the page's keys`);
    t.same(Object.keys(row.messages[n].message), Object.keys(entry.message));
  }
});

t.test('forms of array literals', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const names = ['web', 'a, b', 'say "hi"', 'back\\slash', '{}', 'NULL', 'ä b'];
  await send(
    app,
    key,
    names.map((channel, n) => message(`c${n}`, { channel, bot_version: String(n) })),
  );
  const query = `query Q($channels: _text, $versions: _int4) {
    rows: open_closed_sessions_interval_counts_v2(args: {
      start_time: "2024-01-08", end_time: "2024-01-09", channels: $channels, brain_versions: $versions
    }) { closed_sessions }
  }`;
  const count = async (variables: object) => (await rowsOf(app, key, query, variables))[0]?.closed_sessions;

  const good: [object, number][] = [
    [{}, 7],
    [{ channels: null }, 7],
    [{ channels: '{}' }, 0],
    [{ channels: ' { } ' }, 0],
    [{ channels: [] }, 0],
    [{ channels: '{web}' }, 1],
    [{ channels: '{ web , "a, b" }' }, 2],
    [{ channels: '{"say \\"hi\\"","back\\\\slash"}' }, 2],
    [{ channels: '{say \\"hi\\", ä b}' }, 2],
    [{ channels: '{"{}"}' }, 1],
    [{ channels: '{"NULL", web}' }, 2],
    [{ channels: ['NULL', '{}', 'a, b'] }, 3],
    [{ versions: '{0, 1,+2}' }, 3],
    [{ versions: [3, '4'] }, 2],
    [{ versions: 5 }, 1],
    [{ versions: '{}' }, 0],
    [{ channels: '{web}', versions: '{0}' }, 1],
    [{ channels: '{web}', versions: '{1}' }, 0],
  ];
  // Twice: the first time a document is interpreted, then it is compiled, and the two must agree.
  for (const round of ['first', 'again']) {
    for (const [variables, expected] of good) {
      t.equal(await count(variables), expected, `${JSON.stringify(variables)} ${round}`);
    }
  }

  const bad = [
    'web',
    '{web',
    'web}',
    '{web,}',
    '{,web}',
    '{a}b}',
    '{{a}}',
    '{"a}',
    '{"a"b}',
    '{null}',
    '{web, NULL }',
    7,
    true,
    ['web', null],
    [7],
    { a: 1 },
    '{a\u0000b}',
    ['\ud800'],
  ];
  for (const channels of bad) {
    for (const round of ['first', 'again']) {
      const answer = await post(app, key, query, { channels });
      t.equal(answer.status, 200);
      t.same(errorsOf(answer), ['parse-failed $.variables.channels'], `${JSON.stringify(channels)} ${round}`);
    }
  }
  for (const versions of ['{one}', '{1.5}', '{2147483648}', '{""}', [null], [1.5], '1', 1.5]) {
    t.same(errorsOf(await post(app, key, query, { versions })), ['parse-failed $.variables.versions'], `${versions}`);
  }
  const literal = query.replace('$channels }', '"{a" }').replace('channels: $channels', 'channels: "{a"');
  t.same(
    errorsOf(await post(app, key, literal.replace('$channels: _text, ', ''))),
    ['parse-failed $.selectionSet.rows.args.args.channels'],
    'in the document, the place is told there',
  );
});

t.test('an omitted and a null variable are alike, before a document is compiled and after', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, [message('c', { channel: 'web', is_test: true })]);
  const query = `query Q($zone: String, $from: timestamp, $test: Boolean, $limit: Int, $order: [sessions_per_channel_order_by!]) {
    sessions_per_channel(args: {time_zone: $zone, start_time: $from, is_test: $test}, limit: $limit, order_by: $order) { channel }
  }`;
  const nulls = { zone: null, from: null, test: null, limit: null, order: null };
  for (const variables of [{}, nulls, {}, nulls, {}]) {
    t.same(await rowsOf(app, key, query, variables), [{ channel: 'web' }]);
  }
});

t.test('limit, offset and order_by stand beside args', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const of = (channel: string | null, n: number) => message(`${channel} ${n}`, channel === null ? {} : { channel });
  await send(app, key, [of('b', 1), of('b', 2), of('a', 1), of('c', 1), of(null, 1)]);
  const channels = async (beside: string) =>
    (await rowsOf(app, key, `{ sessions_per_channel(${beside}) { channel } }`)).map(({ channel }) => channel);
  t.same(await channels('args: {}'), ['b', 'a', 'c', null], 'by count, then name, a missing one last');
  t.same(await channels('limit: 2, offset: 1'), ['a', 'c']);
  t.same(await channels('limit: 0'), []);
  t.same(await channels('offset: 9'), []);
  t.same(await channels('order_by: {channel: desc}'), [null, 'c', 'b', 'a']);
  t.same(await channels('order_by: [{channel: asc_nulls_first}], limit: 2'), [null, 'a']);
  t.same(await channels('order_by: [{session_count: asc}, {channel: desc_nulls_last}]'), ['c', 'a', null, 'b']);
  const refusals: [string, string[]][] = [
    ['limit: -1, offset: -2', ['limit', 'offset']],
    ['order_by: [{channel: asc, session_count: desc}]', ['order_by[0]']],
    ['limit: -1, args: {time_zone: "Nowhere", account_id: "me"}', ['limit', 'args.time_zone', 'args.account_id']],
  ];
  for (const [beside, places] of refusals) {
    const answer = await post(app, key, `{ rows: sessions_per_channel(${beside}) { channel } }`);
    t.same(
      errorsOf(answer),
      places.map((place) => `validation-failed $.selectionSet.rows.args.${place}`),
      beside,
    );
  }
});

t.test('what is wrong with a document, its variables or the arguments is told by place and code', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const interval = (args: string) =>
    `{ rows: open_closed_sessions_interval_counts_v2(args: {${args}}) { open_sessions } }`;
  const session = 'query Q($id: String!) { get_session_content(args: {session_id: $id}) { session_id } }';
  const cases: [string, object | undefined, string[]][] = [
    ['{', undefined, ['parse-failed $.query']],
    ['{"kind": "Document", "definitions": []}', undefined, ['parse-failed $.query']],
    [
      '{ rows: sessions_per_channel { channels } }',
      undefined,
      ['validation-failed $.selectionSet.rows.selectionSet.channels'],
    ],
    ['{ nothing }', undefined, ['validation-failed $.selectionSet.nothing']],
    ['mutation { nothing }', undefined, ['validation-failed $.operationName']],
    ['fragment F on query_root { __typename }', undefined, ['validation-failed $.fragments.F']],
    ['query A { __typename } query B { __typename }', undefined, ['validation-failed $.operationName']],
    [
      '{ ...F } fragment F on query_root { sessions_per_channel(args: {desks: "{}"}) { channel } }',
      undefined,
      ['validation-failed $.fragments.F.selectionSet.sessions_per_channel.args.args.desks'],
    ],
    [interval('start_time: "2024-01-08"'), undefined, ['validation-failed $.selectionSet.rows.args.args.end_time']],
    [
      interval('end_time: "2024-02-30", start_time: 5, interval_span: "25 hours"'),
      undefined,
      ['end_time', 'start_time', 'interval_span'].map((name) => `parse-failed $.selectionSet.rows.args.args.${name}`),
    ],
    [
      interval('start_time: "2024-01-08", end_time: "2024-01-08"'),
      undefined,
      ['validation-failed $.selectionSet.rows.args.args.end_time'],
    ],
    [
      interval('start_time: "2024-01-08", end_time: "2025-01-08", interval_span: "1 minute"'),
      undefined,
      ['limit-exceeded $.selectionSet.rows.args.args.interval_span'],
    ],
    [session, { id: null }, ['validation-failed $.variables.id']],
    [session, {}, ['validation-failed $.variables.id']],
    [session, { id: 'a\u0000b' }, ['validation-failed $.selectionSet.get_session_content.args.args.session_id']],
    [session, { id: 'a', Id: 'b' }, ['validation-failed $.variables.Id']],
    [
      '{ get_session_content(args: {session_id: null}) { session_id } }',
      undefined,
      ['validation-failed $.selectionSet.get_session_content.args.args.session_id'],
    ],
  ];
  for (const [query, variables, expected] of cases) {
    for (const round of ['first', 'again', 'a third time']) {
      const answer = await post(app, key, query, variables);
      t.equal(answer.status, 200);
      t.same(errorsOf(answer), expected, `${query} ${round}: ${answer.text}`);
      t.equal(answer.body.data ?? null, null);
      t.ok(answer.body.errors.every((error: { message: string }) => error.message.length > 5));
    }
  }
  const named = await ask(app, key, {
    method: 'POST',
    url: '/v1/graphql',
    payload: { query: 'query A { __typename }', operationName: 'B' },
  });
  t.same(errorsOf(named), ['not-exists $.operationName']);
});

t.test('of several operations the one that is named is run, however often the document came', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const query = 'query A { a: __typename } query B { b: __typename } fragment F on query_root { __typename }';
  for (const operationName of ['A', 'B', 'A', 'A', 'B', 'B']) {
    const payload = { query: query.replace(/fragment.*/, ''), operationName };
    const answer = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload });
    t.same(answer.body.data, { [operationName.toLowerCase()]: 'query_root' });
  }
});

t.test('limits: no query is a weapon', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const many = (n: number, of: (n: number) => string) => Array.from({ length: n }, (_, at) => of(at)).join(' ');
  const column = (n: number) => `c${n}: channel`;
  const call = (n: number) => `f${n}: sessions_per_channel { channel }`;
  const deep = (n: number) => `{ __schema ${'{ types '.repeat(n - 2)} { name } ${'}'.repeat(n - 2)} }`;
  const bomb = `{ ...F0 } ${many(40, (n) => `fragment F${n} on query_root { ...F${n + 1} ...F${n + 1} }`)} fragment F40 on query_root { __typename }`;
  const over: [string, string][] = [
    ['200 aliases of a column', `{ sessions_per_channel { ${many(200, column)} } }`],
    ['200 aliases of a function', `{ ${many(200, call)} }`],
    ['21 functions', `{ ${many(21, call)} }`],
    ['30 levels', deep(30)],
    ['fragments in fragments', bomb],
    ['many words', `{ sessions_per_channel { ${'channel '.repeat(2_001)} } }`],
    ['brackets in brackets', `{ sessions_per_channel(args: ${'['.repeat(50_000)}) }`],
  ];
  for (const [name, query] of over) {
    const answer = await post(app, key, query);
    t.equal(answer.status, 200);
    t.ok(
      errorsOf(answer).every((text) => text.startsWith('limit-exceeded ')),
      `${name}: ${answer.text.slice(0, 200)}`,
    );
    t.not(errorsOf(answer).length, 0, name);
  }
  const under = `{ ${many(20, (n) => `f${n}: sessions_per_channel { channel a${n}: channel }`)} }`;
  t.same(errorsOf(await post(app, key, under)), [], '20 functions, 40 aliases');

  await send(
    app,
    key,
    Array.from({ length: 6_000 }, (_, n) => ({ ...message('long', {}), id: `m${n}` })),
  );
  const long = (n: number) =>
    `{ get_session_content(args: {session_id: "long"}) { ${many(n, (at) => `m${at}: messages`)} } }`;
  for (const round of ['first', 'again', 'a third time']) {
    t.same(errorsOf(await post(app, key, long(3))), [], round);
    const over = await post(app, key, long(40));
    t.same(errorsOf(over), ['limit-exceeded $.selectionSet.get_session_content.args'], round);
  }
});

t.test('what is refused before a document is read keeps its status; keys are told as the vendor does', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const payload = { query: '{ __typename }' };
  const to = (headers: Record<string, string>, body: object | string = payload) =>
    ask(app, null, {
      method: 'POST',
      url: '/v1/graphql',
      headers: { 'content-type': 'application/json', ...headers },
      payload: body,
    });
  const plain = Buffer.from(key.slice(6), 'base64').toString().replace(':', '.');
  const good = { authorization: `apikey ${plain}` };
  t.same((await to(good)).body, { data: { __typename: 'query_root' } });
  t.equal((await to({ ...good, 'x-moveo-account-id': ACCOUNT })).body.data.__typename, 'query_root');
  for (const headers of [
    { authorization: 'apikey nobody.secret' },
    { authorization: 'apikey' },
    { ...good, 'x-moveo-account-id': '00000000-0000-4000-8000-00000000000b' },
  ] as Record<string, string>[]) {
    const answer = await to(headers);
    t.equal(answer.status, 200, JSON.stringify(headers));
    t.same(errorsOf(answer), ['access-denied $']);
  }
  for (const authorization of ['Bearer nobody.secret', 'Basic bm9ib2R5OnNlY3JldA==', 'Token nobody.secret']) {
    const answer = await to({ authorization });
    t.equal(answer.status, 401, authorization);
    t.ok(answer.headers['www-authenticate']);
  }
  t.equal((await to({})).status, 401, 'no key');
  const writer = await w.key({ permissions: ['write'] });
  t.same(errorsOf(await post(app, writer, '{ __typename }')), ['access-denied $'], 'a key that may not read');

  t.equal((await to(good, '{"query": ')).status, 400, 'no JSON');
  t.equal((await to(good, '[{"query": "{ __typename }"}]')).status, 400, 'a batch');
  const faulty = await to(good, { query: 7, variables: [], operationName: {} });
  t.same(
    [faulty.status, ...faulty.body.errors.map((fault: { path: string }) => fault.path)],
    [400, '$.query', '$.variables', '$.operationName'],
  );
  t.equal((await to(good, { query: `{ __typename } #${'x'.repeat(300_000)}` })).status, 413);
  t.equal((await to({ ...good, 'content-type': 'text/plain' }, 'x')).status, 415);
  t.equal((await ask(app, key, { url: '/v1/graphql?query={__typename}' })).status, 404, 'POST alone');
});

t.test('a database that is away, and a fault of the service', async (t) => {
  const w = await world(t);
  const key = await w.key();
  let failure: Error | null = null;
  const db: Database = {
    ...w.db,
    read: (query) => (failure === null ? w.db.read(query) : Promise.reject(failure)),
  };
  const app = await buildApp({ db, timeouts: { initial: null, channels: new Map() } });
  t.teardown(() => app.close());
  const query = '{ a: sessions_per_channel { channel } b: __typename }';
  t.same((await post(app, key, query)).body, { data: { a: [], b: 'query_root' } });
  for (const round of ['compiled', 'kept']) {
    failure = new Unavailable('the database does not answer');
    const away = await post(app, key, query);
    t.equal(away.status, 200, round);
    t.same(errorsOf(away), ['unavailable $.selectionSet.a']);
    t.equal(away.body.data, null);
    failure = new Error('secret of the service');
    const broken = await post(app, key, query);
    t.same(errorsOf(broken), ['unexpected $.selectionSet.a']);
    t.notMatch(broken.text, 'secret');
  }
  failure = new Unavailable('the database does not answer');
  const other = await w.key();
  t.equal((await post(app, other, query)).status, 503, 'before a document is read, the status says it');
});

t.test('a foreign account and a narrowed key see nothing of others', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, [
    message('c1', { channel: 'web', bot_id: 'shop' }),
    message('c2', { channel: 'sms', bot_id: 'door' }),
  ]);
  const other = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  const narrowed = await w.key({ bot_ids: ['shop'] });
  const channels = '{ sessions_per_channel { channel } }';
  const content = 'query Q($id: String!) { get_session_content(args: {session_id: $id}) { session_id } }';
  t.same(await rowsOf(app, other, channels), []);
  t.same(await rowsOf(app, other, content, { id: 'c1' }), []);
  t.same(await rowsOf(app, narrowed, channels), [{ channel: 'web' }]);
  t.same(await rowsOf(app, narrowed, content, { id: 'c1' }), [{ session_id: 'c1' }]);
  t.same(await rowsOf(app, narrowed, content, { id: 'c2' }), []);
  for (const [account, expected] of [
    [ACCOUNT.toUpperCase(), 2],
    ['00000000-0000-4000-8000-00000000000b', 0],
    ['00000000-0000-4000-8000-0000000000ff', 0],
  ] as const) {
    const rows = await rowsOf(app, key, `{ sessions_per_channel(args: {account_id: "${account}"}) { channel } }`);
    t.equal(rows.length, expected, account);
  }
});
