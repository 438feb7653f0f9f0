import t from 'tap';
import { buildApp } from '../src/app.js';
import type { Database } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { errorsOf, post } from './tools/graphql.js';

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
      t.strictSame(errorsOf(answer), expected, `${query} ${round}: ${answer.text}`);
      t.equal(answer.body.data ?? null, null);
      t.ok(answer.body.errors.every((error: { message: string }) => error.message.length > 5));
    }
  }
  const named = await ask(app, key, {
    method: 'POST',
    url: '/v1/graphql',
    payload: { query: 'query A { __typename }', operationName: 'B' },
  });
  t.strictSame(errorsOf(named), ['not-exists $.operationName']);
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
    ['brackets in brackets', `{ sessions_per_channel(args: ${'['.repeat(15_000)}) }`],
    ['a long text', `{ sessions_per_channel(args: {desk_ids: "{${'x'.repeat(20_000)}}"}) { channel } }`],
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
  t.strictSame(errorsOf(await post(app, key, under)), [], '20 functions, 40 aliases');

  await send(
    app,
    key,
    Array.from({ length: 6_000 }, (_, n) => ({
      id: `m${n}`,
      type: 'message',
      sender: 'user',
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'long',
    })),
  );
  const long = (n: number) =>
    `{ get_session_content(args: {session_id: "long"}) { ${many(n, (at) => `m${at}: messages`)} } }`;
  for (const round of ['first', 'again', 'a third time']) {
    t.strictSame(errorsOf(await post(app, key, long(3))), [], round);
    const over = await post(app, key, long(40));
    t.strictSame(errorsOf(over), ['limit-exceeded $.selectionSet.get_session_content.args'], round);
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
  t.strictSame((await to(good)).body, { data: { __typename: 'query_root' } });
  t.equal((await to({ ...good, 'x-moveo-account-id': ACCOUNT })).body.data.__typename, 'query_root');
  for (const headers of [
    { authorization: 'apikey nobody.secret' },
    { authorization: 'apikey' },
    { ...good, 'x-moveo-account-id': '00000000-0000-4000-8000-00000000000b' },
  ] as Record<string, string>[]) {
    const answer = await to(headers);
    t.equal(answer.status, 200, JSON.stringify(headers));
    t.strictSame(errorsOf(answer), ['access-denied $']);
  }
  for (const authorization of ['Bearer nobody.secret', 'Basic bm9ib2R5OnNlY3JldA==', 'Token nobody.secret']) {
    const answer = await to({ authorization });
    t.equal(answer.status, 401, authorization);
    t.ok(answer.headers['www-authenticate']);
  }
  t.equal((await to({})).status, 401, 'no key');
  const writer = await w.key({ permissions: ['write'] });
  t.strictSame(errorsOf(await post(app, writer, '{ __typename }')), ['access-denied $'], 'a key that may not read');

  t.equal((await to(good, '{"query": ')).status, 400, 'no JSON');
  t.equal((await to(good, '[{"query": "{ __typename }"}]')).status, 400, 'a batch');
  const faulty = await to(good, { query: 7, variables: [], operationName: {} });
  t.strictSame(
    [faulty.status, ...faulty.body.errors.map((fault: { path: string }) => fault.path)],
    [400, '$.query', '$.variables', '$.operationName'],
  );
  t.equal((await to(good, { query: `{ __typename } #${'x'.repeat(300_000)}` })).status, 413);
  t.equal((await to({ ...good, 'content-type': 'text/plain' }, 'x')).status, 415);
  t.equal((await ask(app, key, { url: '/v1/graphql?query={__typename}' })).status, 405, 'POST alone');
});

t.test('a database that is away, and a fault of the service', async (t) => {
  const w = await world(t);
  const key = await w.key();
  let failure: Error | null = null;
  const db: Database = {
    ...w.db,
    read: (query) => (failure === null ? w.db.read(query) : Promise.reject(failure)),
    scan: (query, begin, weight) => (failure === null ? w.db.scan(query, begin, weight) : Promise.reject(failure)),
  };
  const app = await buildApp({ db, timeouts: { initial: null, channels: new Map() } });
  t.teardown(() => app.close());
  const query = '{ a: sessions_per_channel { channel } b: __typename }';
  t.strictSame((await post(app, key, query)).body, { data: { a: [], b: 'query_root' } });
  for (const round of ['compiled', 'kept']) {
    failure = new Unavailable('the database does not answer');
    const away = await post(app, key, query);
    t.equal(away.status, 200, round);
    t.strictSame(errorsOf(away), ['unavailable $.selectionSet.a']);
    t.equal(away.body.data, null);
    failure = new Error('secret of the service');
    const broken = await post(app, key, query);
    t.strictSame(errorsOf(broken), ['unexpected $.selectionSet.a']);
    t.notMatch(broken.text, 'secret');
  }
  failure = new Unavailable('the database does not answer');
  const other = await w.key();
  t.equal((await post(app, other, query)).status, 503, 'before a document is read, the status says it');
});
