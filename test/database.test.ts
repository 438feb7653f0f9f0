import t from 'tap';
import { buildApp } from '../src/app.js';
import { findKey } from '../src/auth/keys.js';
import type { Sql } from '../src/database/connect.js';
import { type Database, openPool } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { isAccount } from '../src/queries/accounts.js';
import { everything } from '../src/queries/filter.js';
import { checkEvents } from '../src/queries/ingest/check.js';
import { ingest } from '../src/queries/ingest/ingest.js';
import type { Presence } from '../src/queries/presence.js';
import { run } from '../src/queries/run.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { proxy } from './proxy.js';

t.test('a statement that cannot be built, or fails, gives its place back', async (t) => {
  const { target } = await world(t);
  const db = openPool(target, { max: 1, statementTimeout: 2_000 });
  t.teardown(() => db.close());
  const broken = () => {
    throw new RangeError('cannot be built');
  };
  for (let n = 0; n < 3; n++) await t.rejects(db.read(broken), { message: 'cannot be built' });
  await t.rejects(db.write(broken), { message: 'cannot be built' });
  await t.rejects(
    db.read((sql) => sql`select 1 / 0`),
    { code: '22012' },
  );
  t.strictSame([...(await db.read((sql) => sql`select 1 as one`))], [{ one: 1 }]);
});

t.test('who waits for a place is told to come back, and those after it get theirs', async (t) => {
  const { target } = await world(t);
  const db = openPool(target, { max: 1, statementTimeout: 1_000 });
  t.teardown(() => db.close());
  const failure = (query: Promise<unknown>) =>
    query.then(
      () => null,
      (error) => error,
    );
  const slow = failure(db.read((sql) => sql`select pg_sleep(30)`)); // ended by its own time
  const waiting = failure(db.read((sql) => sql`select pg_sleep(30)`)); // has waited for as long by then
  t.ok((await slow) instanceof Unavailable);
  t.ok((await waiting) instanceof Unavailable);
  t.strictSame([...(await db.read((sql) => sql`select 1 as one`))], [{ one: 1 }]);
});

t.test('what a failed statement leaves behind never changes the next answer', async (t) => {
  const w = await world(t);
  const db = openPool(w.target, { max: 1, statementTimeout: 1_500 });
  t.teardown(() => db.close());
  const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts });
  t.teardown(() => app.close());
  const key = await w.key();
  const event = (n: number) => ({
    id: String(n),
    type: 'message',
    sender: 'user',
    time: '2024-01-08T10:00:00Z',
    conversation_id: `c${n}`,
    conversation: { bot_id: 'shop', bot_version: 'LIVE' },
  });
  for (let n = 0; n < 3; n++) {
    const runsOut = db.read((sql) => sql`select repeat('x', 1000), pg_sleep(0.005) from generate_series(1, 10000)`);
    await t.rejects(runsOut, { message: 'the statement timed out' });
    t.strictSame((await send(app, key, [event(n)])).body, { accepted: 1, duplicates: 0 });
    await t.rejects(
      db.read((sql) => sql`select 1 / (4 - i) from generate_series(1, 10) i`),
      { code: '22012' },
    );
    t.equal((await ask(app, key, { url: `/v1/conversations/c${n}` })).status, 200);
    await t.rejects(
      db.read((sql) => sql`select 1 / (4 - i) from generate_series(1, 10) i`),
      { code: '22012' },
    );
    t.strictSame(await presentOf(db, { kind: 'bot', id: 'shop' }), [true]);
  }
});

/** What a report says of the presence of something. */
async function presentOf(db: Database, presence: Presence): Promise<boolean[]> {
  const query = {
    dataset: 'conversations' as const,
    scope: { account: ACCOUNT, teams: null, bots: null },
    window: { from: 0, to: 1, zone: 'UTC' },
    bucket: null,
    measures: [{ aggregate: 'count' as const }],
    groupBy: [],
    where: everything,
    presence: [presence],
  };
  const asOf = { now: 0, timeouts: parseTimeouts('24h') as Timeouts };
  return (await run(db, query, asOf, { bucket: 'bucket', groups: 'group_by' })).present;
}

t.test('a statement that gives one row and gave none is a fault of ours, not an answer', async (t) => {
  const w = await world(t);
  const none: Database = {
    timeout: 1_000,
    read: async () => [],
    scan: async (_, begin) => begin().end(),
    transaction: async () => Promise.reject(new Error('not asked for')),
    write: async () => [],
  };
  const scope = { account: ACCOUNT, teams: null, bots: null };
  const says = { message: 'a statement that returns one row returned 0' };
  await t.rejects(presentOf(none, { kind: 'bot', id: 'shop' }), { message: /returned no row/ });
  await t.rejects(isAccount(none, ACCOUNT), says);
  await t.rejects(findKey(none, 'id', 'secret'), says);
  const { rows, indexes } = await checkEvents([
    { index: 0, value: { id: '1', type: 'conversation.reopened', time: '2024-01-08T10:00:00Z', conversation_id: 'c' } },
  ]);
  await t.rejects(ingest(none, scope, rows, indexes), says);
  t.equal(await findKey(w.db, 'nobody', 'secret'), null);

  const app = await buildApp({ db: none, timeouts: parseTimeouts('24h') as Timeouts });
  t.teardown(() => app.close());
  for (const authorization of ['Bearer a.b', `Basic ${Buffer.from('a:b').toString('base64')}`]) {
    t.equal((await app.inject({ url: '/v1/bots', headers: { authorization } })).statusCode, 500, authorization);
  }
});

t.test('the place of a statement that its caller gave up is free when the statement has ended', async (t) => {
  const { target, sql: outside } = await world(t);
  const way = await proxy(target);
  const db = openPool(way.target, { max: 1, statementTimeout: 1_000 });
  t.teardown(async () => {
    await db.close();
    await way.close();
  });
  await db.read((sql) => sql`select 1`);
  way.closeDoor(); // no cancel gets through
  const slow = (sql: Sql) => sql`select pg_sleep(60) from (select set_config('statement_timeout', '0', false)) s`;
  await db.read((sql) => sql`select set_config('statement_timeout', '0', false)`);
  await t.rejects(db.read(slow), { message: 'the database did not answer in time' });
  const one = db.read((sql) => sql`select 1 as one`);
  await t.rejects(one, { message: 'no connection to the database became free in time' });
  const next = db.read((sql) => sql`select 1 as one`);
  await outside`select pg_cancel_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid() and query like '%pg_sleep(60)%'`;
  t.strictSame([...(await next)], [{ one: 1 }]);
});
