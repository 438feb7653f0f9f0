import { gzipSync } from 'node:zlib';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { openPool } from '../src/database/database.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { ACCOUNT, ask, send, world } from './harness.js';

const message = (id: string, more: object = {}) => ({
  id,
  type: 'message',
  time: '2024-01-08T10:00:00Z',
  conversation_id: 'c1',
  sender: 'user',
  ...more,
});

const ndjson = (payload: string | Buffer, headers = {}) => ({
  method: 'POST' as const,
  url: '/v1/events',
  payload,
  headers: { 'content-type': 'application/x-ndjson', ...headers },
});

const count = async (sql: import('../src/database/connect.js').Sql) =>
  Number((await sql`select count(*) from events`)[0]?.count);

t.test('a batch lands whole or not at all, and every faulty line is named', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const lines = Array.from({ length: 1000 }, (_, n) => JSON.stringify(message(`m${n}`)));
  lines[17] = '{"id": "broken"';
  lines[400] = JSON.stringify(message('m400', { sender: 'robot' }));
  lines[999] = JSON.stringify(message('m999', { time: '2024-01-08', conversation: { channel: '' } }));
  const refused = await ask(app, key, ndjson(lines.join('\n')));
  t.equal(refused.status, 400);
  t.match(refused.headers['content-type'], 'application/problem+json');
  t.strictSame(
    refused.body.errors.map((fault: { path: string }) => fault.path),
    ['$.events[17]', '$.events[400].sender', '$.events[999].time', '$.events[999].conversation.channel'],
  );
  t.equal(await count(w.sql), 0, 'nothing is stored');
});

t.test('forms of a body', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const line = (id: string) => JSON.stringify(message(id));
  const text = `\uFEFF${line('a')}\r\n\n  \n${line('b')}\n${line('a')}\n`;
  t.strictSame(
    (await ask(app, key, ndjson(text))).body,
    { accepted: 2, duplicates: 1 },
    'a mark, CR LF, blank lines, a repeat',
  );
  t.strictSame((await ask(app, key, ndjson(gzipSync(line('c')), { 'content-encoding': 'gzip' }))).body, {
    accepted: 1,
    duplicates: 0,
  });
  t.strictSame((await ask(app, key, ndjson(''))).body, { accepted: 0, duplicates: 0 }, 'an empty batch');
  const blank = await ask(app, key, ndjson(`\n\n{"id":1}\n`));
  t.ok(
    blank.body.errors.every((fault: { path: string }) => fault.path.startsWith('$.events[2]')),
    'blank lines count',
  );

  const faulty: [string, ReturnType<typeof ndjson>, number, string | null][] = [
    [
      'no UTF-8 in one line',
      ndjson(Buffer.concat([Buffer.from(`${line('d')}\n`), Buffer.from([0xff, 0xfe])])),
      400,
      '$.events[1]',
    ],
    ['not gzip', ndjson('plain', { 'content-encoding': 'gzip' }), 400, '$'],
    ['another encoding', ndjson('plain', { 'content-encoding': 'br' }), 415, null],
    ['another type', ndjson('plain', { 'content-type': 'text/plain' }), 415, null],
    ['not JSON', ndjson('{', { 'content-type': 'application/json' }), 400, '$'],
    ['a list', ndjson('[]', { 'content-type': 'application/json' }), 400, '$'],
    ['no events', ndjson('{}', { 'content-type': 'application/json' }), 400, '$.events'],
    ['another key', ndjson('{"events": [], "dry": true}', { 'content-type': 'application/json' }), 400, '$.dry'],
    [
      'events that are none',
      ndjson('{"events": [1, null]}', { 'content-type': 'application/json' }),
      400,
      '$.events[1]',
    ],
  ];
  for (const [name, request, status, path] of faulty) {
    const answer = await ask(app, key, request);
    t.equal(answer.status, status, `${name}: ${answer.text}`);
    if (path !== null)
      t.ok(
        answer.body.errors.some((fault: { path: string }) => fault.path === path),
        `${name}: ${path}`,
      );
  }
  t.equal(await count(w.sql), 3);
});

t.test('limits: 10,000 events, 10 MiB unpacked, 100 faulty lines named', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const many = (n: number) => Array.from({ length: n }, (_, i) => JSON.stringify(message(`m${i}`))).join('\n');
  t.equal((await ask(app, key, ndjson(many(10_001)))).status, 413);
  t.strictSame((await ask(app, key, ndjson(many(10_000)))).body, { accepted: 10_000, duplicates: 0 });
  const large = JSON.stringify(message('x', { text: 'a'.repeat(90_000) }));
  const over = `${large}\n`.repeat(117);
  t.ok(over.length > 10 * 1024 * 1024);
  t.equal((await ask(app, key, ndjson(over))).status, 413);
  t.equal((await ask(app, key, ndjson(gzipSync(over), { 'content-encoding': 'gzip' }))).status, 413, 'packed');
  const faulty = await ask(app, key, ndjson('{}\n'.repeat(5_000)));
  const lines = new Set(faulty.body.errors.map((fault: { path: string }) => fault.path.split('.')[1]));
  t.equal(lines.size, 100);
});

t.test('values are stored as they were sent, or refused', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const raw = (fields: string) =>
    ask(
      app,
      key,
      ndjson(
        `{"id":"1","type":"message","time":"2024-01-08T10:00:00Z","conversation_id":"c","sender":"user",${fields}}`,
      ),
    );
  const content = '{"n":0.1,"big":1234567890123456,"e":1e3,"__proto__":{"x":[null,true]},"t":"\\ud83d\\ude00"}';
  t.equal((await raw(`"content":${content}`)).status, 200);
  const [{ kept }] = (await w.sql`select body->'content' as kept from events`) as unknown as [{ kept: object }];
  t.equal(
    JSON.stringify(kept, Object.keys(kept).sort()),
    JSON.stringify(JSON.parse(content), Object.keys(kept).sort()),
  );
  const refused: [string, string][] = [
    ['a number that a double changes', '"content":{"id":12345678901234567890}'],
    ['a number that is too large', '"content":{"n":1e400}'],
    ['a lone surrogate', '"content":{"t":"\\ud83d"}'],
    ['U+0000 in a key', '"content":{"a\\u0000":1}'],
    ['a list', '"content":[1]'],
    ['101 levels', `"content":${'{"a":'.repeat(101)}1${'}'.repeat(101)}`],
  ];
  for (const [name, fields] of refused) {
    const answer = await raw(fields);
    t.equal(answer.status, 400, name);
    t.strictSame(
      answer.body.errors.map((fault: { path: string }) => fault.path),
      ['$.events[0].content'],
      `${name}: the path ends at the field`,
    );
  }
  const order = (amount: string) =>
    ask(
      app,
      key,
      ndjson(
        `{"id":"${amount}","type":"order","time":"2024-01-08T10:00:00Z","conversation_id":"o","order_id":"${amount}","amount":${amount}}`,
      ),
    );
  for (const amount of ['123456789012345.123456', '0.1', '-12', '1e3'])
    t.equal((await order(amount)).status, 200, amount);
  for (const amount of ['1234567890123456', '0.1234567', '1e-7', 'true', '[1]'])
    t.equal((await order(amount)).status, 400, amount);
  const amounts = await w.sql`select amount::text from orders order by amount`;
  t.strictSame(
    amounts.map((row) => row.amount),
    ['-12', '0.1', '1000', '123456789012345.123456'],
    'money is exact',
  );
});

t.test('keys: none, wrong, of another right, of another account', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const [reader, writer] = [await w.key({ permissions: ['read'] }), await w.key({ permissions: ['write'] })];
  const stranger = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  t.equal((await send(app, writer, [message('1', { conversation: { bot_id: 'shop' } })])).status, 200);
  const read = { url: '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09' };
  const [id, secret] = Buffer.from(reader.slice(6), 'base64').toString().split(':');
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

  for (const form of [
    reader,
    `Token ${id}.${secret}`,
    `apikey ${id}.${secret}`,
    `Bearer ${id}.${secret}`,
    `bearer ${id}.${secret}`,
  ]) {
    t.equal((await ask(app, form, read)).status, 200, form.slice(0, 7));
  }
  const account = (value: string) => ({ ...read, headers: { 'x-moveo-account-id': value } });
  t.equal((await ask(app, `apikey ${id}.${secret}`, account(ACCOUNT))).status, 200);
  t.equal((await ask(app, `apikey ${id}.${secret}`, account('00000000-0000-4000-8000-00000000000b'))).status, 401);

  for (const bad of [
    null,
    basic(`${id}:wrong`),
    basic('nobody:x'),
    basic(`${id}`),
    'Basic !!',
    'Digest x',
    `Token ${id}`,
    'Token a\u0000.b',
    '',
  ]) {
    const answer = await ask(app, bad, read);
    t.equal(answer.status, 401, `${bad}`);
    t.match(answer.headers['www-authenticate'], /^Basic /);
    t.match(answer.body, { type: 'about:blank', title: 'Unauthorized', status: 401, errors: [] });
  }
  const script = await ask(app, null, { ...read, headers: { 'sec-fetch-mode': 'cors' } });
  t.notMatch(script.headers['www-authenticate'], /Basic/, 'a page keeps its own dialog');

  t.equal((await send(app, reader, [message('2')])).status, 403, 'a key that may only read');
  t.equal((await ask(app, writer, read)).status, 403, 'a key that may only write');
  t.equal((await send(app, reader, [{}])).status, 403, 'whatever is in the body: it is not read');
  t.equal((await ask(app, stranger, read)).status, 404, 'a bot of another account');

  await w.sql`update keys set revoked_at = now()`;
  t.equal((await ask(await w.app(), reader, read)).status, 401, 'a revoked key');
});

t.test('a narrowed key can neither read, change, probe nor pull in what is outside', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const owner = await w.key();
  const shop = await w.key({ permissions: ['read', 'write'], bot_ids: ['shop'] });
  const of = (conversation_id: string, bot_id: string | null, team_id: string | null = null) => ({
    conversation_id,
    conversation: { bot_id, team_id },
  });
  await send(app, owner, [
    message('1', of('theirs', 'door')),
    message('1', of('ours', 'shop')),
    message('1', of('nobodys', null)),
  ]);
  const before = JSON.stringify(await w.sql`select * from conversations order by 1, 2`);

  const refused: [string, object[]][] = [
    ['pulls another bot’s conversation in', [message('2', of('theirs', 'shop'))]],
    ['adds to it', [message('2', { conversation_id: 'theirs' })]],
    ['repeats one of its events, to see whether it is there', [message('1', { conversation_id: 'theirs' })]],
    ['takes a conversation without a bot', [message('2', of('nobodys', 'shop'))]],
    ['gives its own away', [message('2', of('ours', 'door'))]],
    ['starts one of another bot', [message('1', of('new', 'door'))]],
    ['starts one without a bot', [message('1', { conversation_id: 'new' })]],
    [
      'hides one among its own',
      [message('2', { conversation_id: 'ours' }), message('2', { conversation_id: 'theirs' })],
    ],
  ];
  for (const [name, events] of refused) {
    const answer = await send(app, shop, events);
    t.equal(answer.status, 403, name);
    t.strictSame(
      answer.body.errors.map((fault: { path: string }) => fault.path),
      [`$.events[${events.length - 1}]`],
      `${name}: names the line`,
    );
  }
  t.equal(JSON.stringify(await w.sql`select * from conversations order by 1, 2`), before, 'nothing is changed');
  t.equal(await count(w.sql), 3);

  t.equal(
    (await send(app, shop, [message('2', { conversation_id: 'ours' }), message('1', of('new', 'shop'))])).status,
    200,
  );
  const read = (bot: string) =>
    ask(app, shop, { url: `/v1/bots/${bot}/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09` });
  t.equal((await read('shop')).status, 200);
  t.equal((await read('door')).status, 404);

  const both = await w.key({ permissions: ['write'], bot_ids: ['shop'], team_ids: ['blue'] });
  t.equal(
    (await send(app, both, [message('1', of('b1', 'shop', 'blue'))])).status,
    200,
    'each list that is set must hold',
  );
  t.equal((await send(app, both, [message('1', of('b2', 'shop', 'red'))])).status, 403);
  t.equal((await send(app, both, [message('1', of('b3', 'shop'))])).status, 403, 'null never matches');
});

t.test(
  'a conversation holds at most 1,000,000 events; the lines of the one that would hold more are named',
  async (t) => {
    const w = await world(t);
    const [app, key] = [await w.app(), await w.key()];
    await send(app, key, [message('1')]);
    await w.sql`update conversations set event_count = 999999`;
    const refused = await send(app, key, [message('2'), message('1', { conversation_id: 'c2' }), message('3')]);
    t.equal(refused.status, 400);
    t.strictSame(
      refused.body.errors.map((fault: { path: string }) => fault.path),
      ['$.events[0]', '$.events[2]'],
    );
    t.match(refused.body.errors[0].message, /c1 would hold more than 1,000,000 events/);
    t.equal(await count(w.sql), 1, 'nothing is stored');
    t.strictSame(
      (await send(app, key, [message('2'), message('1')])).body,
      { accepted: 1, duplicates: 1 },
      'the last one',
    );
  },
);

t.test('a late event into a conversation that takes longer to fold than a statement may still lands', async (t) => {
  const w = await world(t);
  const db = openPool(w.target, { max: 2, statementTimeout: 1_000 });
  t.teardown(() => db.close());
  const key = await w.key();
  const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts });
  t.teardown(() => app.close());
  await send(app, key, [message('1'), message('3', { sender: 'bot', time: '2024-01-08T10:01:00Z' })]);
  await w.sql`update conversations set event_count = 900000`; // at 100 microseconds each, 90 s
  await w.sql.unsafe(`
    alter function refuse_outside rename to refuse_outside_kept;
    alter function with_totals rename to with_totals_kept;
    create function with_totals(p_account uuid, p_rows conversations[], p_cells agent_cells[], p_orders orders[])
    returns conversations[] language plpgsql as $$ begin
      perform pg_sleep(3);
      return with_totals_kept(p_account, p_rows, p_cells, p_orders);
    end $$`);
  const late = message('2', { time: '2024-01-08T10:00:30Z' });
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/events',
    headers: { authorization: key },
    payload: { events: [late] },
  });
  t.strictSame([answer.statusCode, answer.json()], [200, { accepted: 1, duplicates: 0 }]);
  const [row] = await w.sql`select event_count, user_messages from conversations`;
  t.strictSame({ ...row }, { event_count: 3, user_messages: 2 });
});
