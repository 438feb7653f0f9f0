import t from 'tap';
import { buildApp } from '../src/app.js';
import type { Database } from '../src/database/database.js';
import { callers } from '../src/database/shares.js';
import { ACCOUNT, send, world } from './harness.js';
import { minimal, report } from './reporting/ask.js';
import { malformed } from './reporting/malformed.js';

const pathsOf = (body: { errors?: { path: string }[] } | undefined) => (body?.errors ?? []).map(({ path }) => path);

t.test('a malformed query is refused with its path, without the database, by a bounded answer', async (t) => {
  const w = await world(t);
  let reads = 0;
  // The key is looked up now and then, without a caller.
  const note = () => {
    if (callers.getStore() !== undefined) reads++;
  };
  const db: Database = {
    timeout: w.db.timeout,
    read: (query) => {
      note();
      return w.db.read(query);
    },
    scan: (query, begin, weight) => {
      note();
      return w.db.scan(query, begin, weight);
    },
    transaction: w.db.transaction,
    write: w.db.write,
  };
  const app = await buildApp({ db, timeouts: { initial: null, channels: new Map() } });
  t.teardown(() => app.close());
  const key = await w.key();
  t.equal((await report(app, key, {})).status, 200);
  t.ok(reads > 0);
  reads = 0;
  t.ok(malformed.length >= 60);
  for (const [name, body, path] of malformed) {
    const answer = await report(app, key, body);
    const paths = pathsOf(answer.body);
    t.equal(answer.status, 400, `${name}: ${answer.text.slice(0, 300)}`);
    t.ok(paths.includes(path), `${name}: ${path} among ${paths.slice(0, 5)}`);
    t.ok(paths.length <= 100, `${name}: ${paths.length} faults`);
    t.ok(answer.text.length < 100_000, `${name}: the answer has ${answer.text.length} characters`);
    t.equal(reads, 0, `${name}: the database was not asked`);
  }
});

t.test('every fault of a body in one answer', async (t) => {
  const w = await world(t);
  const answer = await report(
    await w.app(),
    await w.key(),
    {
      interval: { start: 'x', end: 7, time_zone: 'Mars', step: 1 },
      granularity: { type: 'duration', period: 'P1X', timeZone: 'Venus' },
      aggregations: [
        { type: 'sum', fields: ['scope', 'sales'] },
        { type: 'sum', fields: ['sales'] },
        { kind: 'count' },
      ],
      group_by: ['scope', 'colour', 'scope'],
      filters: [
        {
          type: 'or',
          fields: [
            { type: 'selector', dimension: 'colour', value: 'red' },
            { type: 'and', fields: [] },
          ],
        },
        { type: 'not', field: { type: 'in', dimension: 'sales', values: [1, 'many', '2'] } },
        {
          type: 'bound',
          dimension: 'order_count',
          lower: 'few',
          upper: {},
          upperStrict: 1,
          ordering: 'x',
          exact: true,
        },
        { type: 'regex', dimension: 'sales', pattern: '(' },
        { type: 'regex', dimension: 'scope', pattern: '(' },
      ],
      having: {},
    },
    { query: { format: 'xml', limit: '1' } },
  );
  t.equal(answer.status, 400);
  t.strictSame(pathsOf(answer.body).sort(), [
    '$.aggregations[0].fields[0]',
    '$.aggregations[1].fields[0]',
    '$.aggregations[2].kind',
    '$.aggregations[2].type',
    '$.filters[0].fields[0].dimension',
    '$.filters[0].fields[1].fields',
    '$.filters[1].field.values[1]',
    '$.filters[2].exact',
    '$.filters[2].lower',
    '$.filters[2].ordering',
    '$.filters[2].upper',
    '$.filters[2].upperStrict',
    '$.filters[3].dimension',
    '$.filters[4].pattern',
    '$.granularity.period',
    '$.granularity.timeZone',
    '$.granularity.type',
    '$.group_by[1]',
    '$.group_by[2]',
    '$.having',
    '$.interval.end',
    '$.interval.start',
    '$.interval.step',
    '$.interval.time_zone',
    'format',
    'limit',
  ]);
});

t.test('SQL as the value of a text filter is a text like any other', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const conversation = { visitor_ids: ['v'], visitor_session_ids: ['s'], room_ids: ['r'] };
  const said = {
    type: 'message',
    time: '2024-01-08T09:00:00Z',
    conversation_id: 'c',
    sender_id: 'mia',
    team_id: 'care',
  };
  await send(app, key, [
    { ...said, id: '1', sender: 'agent', conversation },
    { id: '2', type: 'order', time: '2024-01-08T09:01:00Z', conversation_id: 'c', order_id: 'o', currency: 'EUR' },
  ]);
  const texts = [
    'scope chat_session_id chat_type chat_initiator owner_organization_id team_id user_id user_organization_id is_test',
    'currency chatted_organization_ids room_ids visitor_ids visitor_session_ids',
  ].flatMap((line) => line.split(' '));
  const evil = [
    "' or '1'='1",
    "'; drop table conversations; --",
    "') union select secret_hash from keys --",
    '\\',
    '$1',
    '%s',
  ];
  for (const dimension of texts) {
    const all = await report(app, key, { group_by: [dimension] });
    t.ok(all.body.data.length > 0, `${dimension}: there are rows`);
    for (const value of evil) {
      const like = value.replaceAll(/[%_!]/g, '!$&');
      for (const filter of [
        { type: 'selector', dimension, value },
        { type: 'in', dimension, values: [value, `${value} `] },
        { type: 'bound', dimension, lower: value, upper: value },
        { type: 'like', dimension, pattern: `%${like}%`, escape: '!' },
        { type: 'regex', dimension, pattern: value.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&') },
      ]) {
        const answer = await report(app, key, { group_by: [dimension], filters: filter });
        t.strictSame([answer.status, answer.body?.data], [200, []], `${filter.type} of ${dimension}: ${value}`);
      }
    }
  }
  t.equal(
    (await report(app, key, { filters: { type: 'selector', dimension: 'scope', value: 'org' } })).body.data[0][1],
    1,
  );
});

t.test('who may ask', async (t) => {
  const w = await world(t);
  const other = '00000000-0000-4000-8000-00000000000b';
  const [app, key, theirs, writer] = [
    await w.app(),
    await w.key(),
    await w.key({ account_id: other }),
    await w.key({ permissions: ['write'] }),
  ];
  const narrowed = await w.key({ team_ids: ['blue'] });
  const message = { type: 'message', time: '2024-01-08T09:00:00Z', sender: 'agent', sender_id: 'mia', id: '1' };
  await send(app, key, [
    { ...message, conversation_id: 'a', organization_id: 'partner', conversation: { team_id: 'red' } },
    { ...message, conversation_id: 'b', organization_id: 'spam', conversation: { withdrawn: true } },
    { ...message, conversation_id: 'c', conversation: { team_id: 'blue' } },
  ]);
  const status = async (asker: string | null, organization: string, body: object = {}) =>
    (await report(app, asker, body, { organization })).status;
  t.equal(await status(key, ACCOUNT), 200, 'the own account');
  t.equal(await status(key, ACCOUNT.toUpperCase()), 200, 'a uuid in capitals is the same');
  t.equal(await status(key, 'partner'), 200, 'an organization that takes part');
  t.equal(await status(narrowed, 'partner'), 404, 'not where the key sees');
  t.equal(await status(key, 'spam'), 404, 'not in what is withdrawn');
  t.equal(await status(key, other), 403, 'another account');
  t.equal(await status(theirs, 'partner'), 404, 'to whom it is unknown');
  t.equal(await status(theirs, ACCOUNT), 403);
  t.equal(await status(key, 'nobody'), 404);
  t.equal(await status(key, '00000000-0000-4000-8000-00000000000c'), 404);
  t.equal(await status(writer, ACCOUNT), 403, 'a key that may not read');
  t.equal(await status(null, ACCOUNT, { granularity: 'x' }), 401);
  for (const organization of [other, 'nobody', ACCOUNT]) {
    t.equal(await status(writer, organization, { granularity: 'x' }), 403, 'before the body is read');
  }
  const count = async (asker: string, organization = ACCOUNT) =>
    (await report(app, asker, minimal, { organization })).body.data[0][1];
  t.strictSame([await count(key), await count(narrowed), await count(key, 'partner')], [4, 2, 2], 'org and user rows');
});

t.test('what is no JSON by its type, or too much of it', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const body = JSON.stringify(minimal);
  const form = await report(app, key, body, { headers: { 'content-type': 'application/x-www-form-urlencoded' } });
  t.equal(form.status, 415);
  t.equal((await report(app, key, body + ' '.repeat(1024 * 1024))).status, 413);
  t.equal((await report(app, key, `\ufeff${body}`)).status, 200, 'a byte-order mark is skipped');
});
