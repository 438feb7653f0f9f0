import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import postgres from '#postgres';
import type { Sql } from '../src/database/connect.js';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { type Hooks, proxy } from './proxy.js';
import { until, untilActive } from './service.js';

/*
 * The faults of the driver that src/database/driver/edits.mjs mends, each as it was first seen. `#n` is an issue or pull
 * request of porsager/postgres.
 */

const strays: unknown[] = [];
process.on('unhandledRejection', (error) => strays.push(error));
process.on('uncaughtException', (error) => strays.push(error));

type Options = Record<string, unknown>;
/** A pool, a transaction, a reserved connection. */
type Asking = postgres.ISql<Record<never, never>>;
const { target } = await world(t);

/** A pool straight to the server, or through a proxy. It ends with the test. */
function pool(t: Test, options: Options = {}, to: Options = target as unknown as Options) {
  const sql = postgres({ ...to, onnotice: () => {}, backoff: () => 0.1, connect_timeout: 20, ...options } as never);
  t.teardown(() => sql.end({ timeout: 0 }));
  return sql;
}

/** A pool for looking at the server from outside. */
const connected = (t: Test): Sql => pool(t, { max: 1 }) as unknown as Sql;

async function through(t: Test, hooks: Hooks, options: Options = {}) {
  const way = await proxy(target, hooks);
  t.teardown(() => way.close());
  return { way, sql: pool(t, options, way.target as unknown as Options) };
}

/** How a promise ends: `rows n`, the code or message of its error, or `hangs`. */
async function end(promise: PromiseLike<unknown>, ms = 30_000): Promise<string> {
  const timer = new AbortController();
  const late = delay(ms, 'hangs', { signal: timer.signal, ref: true }).catch(() => '');
  const said = Promise.resolve(promise).then(
    (value) => (Array.isArray(value) ? `rows ${value.length}` : String(value)),
    (error) => String(error.code ?? error.message),
  );
  const first = await Promise.race([said, late]);
  timer.abort();
  return first;
}

const five = (sql: Asking) => sql<{ x: number }[]>`select x from generate_series(1, 5) x`;
const whole = [1, 2, 3, 4, 5];
const xs = async (sql: Asking) => [...(await five(sql))].map((row) => row?.x);
const one = (sql: Asking) => sql`select 1`;
const pidOf = async (sql: Asking) => (await sql`select pg_backend_pid() as pid`)[0]?.pid as number;

t.test('after an error in mid-stream the next statement has all of its rows (#1119 #1181)', async (t) => {
  const sql = pool(t, { max: 1 });
  t.equal(await end(sql`select 1 / (4 - i) from generate_series(1, 10) i`), '22012');
  t.strictSame(await xs(sql), whole, 'of a value');
  t.equal(
    await end(sql.unsafe('select generate_series(1, 3); select 1 / (4 - i) from generate_series(1, 10) i')),
    '22012',
  );
  t.strictSame(await xs(sql), whole, 'in the simple protocol');

  const hurried = pool(t, { max: 1, connection: { statement_timeout: 1_000 } });
  t.equal(await end(hurried`select repeat('x', 2000), pg_sleep(0.005), generate_series(1, 3000)`), '57014');
  t.strictSame(await xs(hurried), whole, 'of time');

  const { way, sql: cut } = await through(t, {}, { max: 1, fetch_types: false });
  await one(cut);
  let bytes = 0;
  way.down = (data) => {
    bytes += data.length;
    if (bytes > 300_000) way.cut();
    return bytes <= 300_000;
  };
  t.equal(await end(cut`select repeat('x', 2000) from generate_series(1, 3000000)`), 'CONNECTION_CLOSED');
  way.down = undefined;
  t.strictSame(await xs(cut), whole, 'of a lost connection');
});

t.test('the question for types: dropped, killed, late or unanswered (#279 #1192 #1205)', async (t) => {
  const silent = (data: Buffer) => !data.includes('typarray');
  const dropped = await through(t, { up: silent }, { max: 1 });
  const query = end(one(dropped.sql));
  await delay(300);
  await dropped.sql.end({ timeout: 0 });
  t.equal(await query, 'CONNECTION_DESTROYED');

  let times = 0;
  const killed = await through(t, {}, { max: 1 });
  killed.way.up = (data) => {
    if (silent(data) || times++ > 0) return true;
    killed.way.cut();
    return false;
  };
  t.equal(await end(one(killed.sql)), 'CONNECTION_CLOSED');
  t.equal(await end(one(killed.sql)), 'rows 1');

  // A database of any size answers it in a millisecond; here it is locked out.
  const lock = pool(t, { max: 1, fetch_types: false });
  const late = pool(t, { max: 1, connection: { statement_timeout: 1_000 } });
  await lock.begin(async (tx) => {
    await tx`lock table pg_catalog.pg_type in access exclusive mode`;
    t.equal(await end(one(late)), '57014', 'the statement behind it fails');
  });
  const lists = await late<{ list: string[] }[]>`select array['a', 'b'] as list where 'c' = any(${['c']})`;
  t.strictSame(lists[0]?.list, ['a', 'b'], 'the next connection has its types');

  const unanswered = await through(t, { up: silent }, { max: 1, connect_timeout: 1 });
  t.equal(await end(one(unanswered.sql)), 'CONNECT_TIMEOUT');
});

t.test('connections cut together, and statements at once on all of them', async (t) => {
  const { way, sql } = await through(t, {}, { max: 6 });
  const six = () => Promise.all(Array.from({ length: 6 }, () => end(sql`select pg_sleep(0.05)`)));
  for (let round = 0; round < 3; round++) {
    await six();
    const busy = [1, 2, 3].map(() =>
      sql`select pg_sleep(1)`.catch(() => Promise.all([1, 2, 3].map(() => end(one(sql))))),
    );
    await delay(60);
    way.cut();
    await Promise.all(busy);
  }
  await six();
  t.strictSame(await six(), Array(6).fill('rows 1'), 'no slot is dead');
});

t.test('nothing of a statement outlives its connection (#1223 #1130)', async (t) => {
  const [sql, killer] = [pool(t, { max: 1 }), connected(t)];
  async function kill() {
    const pid = await pidOf(sql);
    const query = end(sql`select pg_sleep(30)`);
    await untilActive(killer, '%pg_sleep(30)%');
    await killer`select pg_terminate_backend(${pid})`;
    t.equal(await query, 'CONNECTION_CLOSED');
    await delay(150); // in which it is to keep nothing
  }
  await kill();
  t.equal(await end(one(sql)), 'rows 1', 'the next is not answered with the old error');
  await kill();
  t.equal(await end(sql.end().then(() => 'ended')), 'ended');

  const { way, sql: starting } = await through(t, {}, { max: 1 });
  await one(starting);
  const query = end(starting`select pg_sleep(30)`);
  await untilActive(killer, '%pg_sleep(30)%');
  const text = Buffer.from('SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0');
  const refusal = Buffer.concat([Buffer.from('E'), Buffer.from([0, 0, 0, 4 + text.length]), text]);
  way.refuse = (client) => client.once('data', () => client.end(refusal));
  way.cut();
  t.equal(await query, 'CONNECTION_CLOSED');
  way.count = 0;
  t.equal(await end(one(starting)), '57P03');
  t.ok(way.count <= 2, `${way.count} connections`);
});

t.test('closed before it is ready, it does not try for ever', async (t) => {
  for (const [name, ssl] of [
    ['plain', false],
    ['TLS', 'require'],
  ] as const) {
    const { way, sql } = await through(t, { refuse: (client) => client.end() }, { max: 1, ssl });
    t.equal(await end(one(sql)), 'CONNECTION_CLOSED', name);
    t.equal(way.count, 1, name);
  }
});

t.test('cancels', async (t) => {
  const { way, sql } = await through(t, {}, { max: 1 });
  await one(sql);
  const query = sql`select pg_sleep(0.7)`;
  const ended = end(query);
  await delay(100);
  way.closeDoor();
  query.cancel();
  t.equal(await ended, 'rows 1', 'one that cannot be delivered harms nobody');

  const { way: slow, sql: connecting } = await through(t, { up: () => delay(300, true) }, { max: 1 });
  const early = one(connecting);
  const cancelled = end(early);
  await delay(100);
  early.cancel();
  t.equal(await cancelled, '57014');
  slow.up = undefined;
  t.equal(await end(one(connecting)), 'rows 1', 'cancelled while it connected, its slot is not lost');

  const line = pool(t, { max: 1 });
  await one(line);
  const queries = ['a', 'b', 'c', 'd'].map(
    (name, n) => line`select ${name}::text as name, pg_sleep(${n === 0 ? 0.4 : 0})`,
  );
  const answers = queries.map((one) =>
    Promise.race([
      one.then(
        ([row]) => row?.name,
        (error) => error.code,
      ),
      delay(30_000, undefined, { ref: false }),
    ]),
  );
  await delay(100);
  queries[1]?.cancel();
  const [a, , c, d] = await Promise.all(answers);
  t.strictSame([a, c, d], ['a', 'c', 'd'], 'cancelled behind another, it shifts no answer');
});

t.test('a statement that is prepared anew sends its parameters as they are (#1197)', async (t) => {
  const sql = pool(t, { max: 1 });
  await sql`create temporary table kept (b boolean, j jsonb)`;
  const put = () => sql`insert into kept values (${true}, ${sql.json({ k: 1 })})`;
  await put();
  await sql.unsafe('deallocate all');
  await put();
  const rows = [...(await sql`select b, jsonb_typeof(j) as j from kept`)];
  t.strictSame(
    rows.map(({ b, j }) => [b, j]),
    [
      [true, 'object'],
      [true, 'object'],
    ],
  );
});

t.test('a pool that ended while it waited to connect opens nothing', async (t) => {
  const { way, sql } = await through(t, {}, { max: 1, backoff: () => 1 });
  await one(sql);
  way.cut();
  await delay(50);
  const query = end(one(sql));
  await delay(50);
  await sql.end({ timeout: 0 });
  t.equal(await query, 'CONNECTION_DESTROYED');
  await delay(1_300); // by then it would have connected
  t.equal(way.pairs.size, 0);
});

t.test('a pool that ended lets go of a server that has vanished', async (t) => {
  const { way, sql } = await through(t, {}, { max: 1 });
  await one(sql);
  for (const { client } of way.pairs) client.pause(); // sees no farewell
  const [pair] = way.pairs;
  const query = end(sql`select 2`);
  await delay(50);
  await sql.end({ timeout: 0 });
  t.equal(await query, 'CONNECTION_DESTROYED');
  const closed = new Promise((resolve) => pair?.client.once('close', () => resolve('closed')));
  await delay(1_200);
  pair?.client.resume();
  t.equal(await end(closed), 'closed');
});

t.test('a transaction whose connection dies', async (t) => {
  const killer = connected(t);
  await killer`create table tries (v text)`;
  const die = (pid: number) =>
    untilActive(killer, '%pg_sleep(30)%').then(() => killer`select pg_terminate_backend(${pid})`);

  const sql = pool(t, { max: 1 });
  let dying: Promise<unknown> | undefined;
  const rejects = await end(
    sql.begin(async (tx) => {
      dying = die(await pidOf(tx));
      await tx`select pg_sleep(30)`;
    }),
  );
  await dying;
  t.equal(rejects, 'CONNECTION_CLOSED', 'it is told (#1208 #1155)');
  t.equal(await end(one(sql)), 'rows 1', 'and the pool has its slot');

  let after = '';
  let isDead = () => {};
  const dead = new Promise<void>((resolve) => {
    isDead = resolve;
  });
  const others = dead.then(() => end(one(sql)));
  const goesOn = sql.begin(async (tx) => {
    dying = die(await pidOf(tx));
    await tx`select pg_sleep(30)`.catch(() => {});
    await others;
    after = await end(tx`insert into tries values ('after the death')`);
  });
  t.equal(await end(goesOn), 'CONNECTION_CLOSED');
  isDead();
  t.equal(await others, 'rows 1', 'others connect anew');
  await until(
    () => after !== '',
    () => 'the transaction does not go on',
  );
  t.equal(after, 'CONNECTION_CLOSED');
  t.equal(await end(killer`select v from tries`), 'rows 0', 'nothing of it lands in the next session (#1133)');

  const two = pool(t, { max: 2, max_pipeline: 1 });
  let four: Promise<string>[] = [];
  const all = await end(
    two.begin(async (tx) => {
      dying = die(await pidOf(tx));
      four = [tx`select pg_sleep(30)`, tx`select 2`, tx`select 3`, tx`select 4`].map((query) => end(query));
      await Promise.all(four);
      await one(tx);
    }),
  );
  // The socket may say that it was reset before it closes.
  const isLost = (outcome: string) => ['CONNECTION_CLOSED', 'ECONNRESET'].includes(outcome);
  t.ok(isLost(all), all);
  const waited = await Promise.all(four);
  t.ok(waited.every(isLost), `all that waited in it settles: ${waited}`);
});

t.test('a transaction that begins on a busy pool', async (t) => {
  const [sql, other] = [pool(t, { max: 2, max_pipeline: 1 }), pool(t, { max: 1 })];
  await other`create table begun (v integer)`;
  const sleep = () => [1, 2].map(() => end(sql`select pg_sleep(0.2)`));
  await Promise.all(sleep());
  const busy = sleep();
  await delay(50);
  const done = await end(
    sql.begin(async (tx) => {
      await tx`insert into begun values (0)`;
      return 'done';
    }),
  );
  t.equal(done, 'done');
  await Promise.all(busy);
  for (const v of [1, 2, 3, 4]) await sql`insert into begun values (${v})`;
  t.equal(await end(other`select v from begun`), 'rows 5', 'what was acknowledged is there for others');
});

t.test('a commit that fails gives its connection back', async (t) => {
  const sql = pool(t, { max: 1 });
  await sql`create table later (i integer primary key deferrable initially deferred)`;
  const twice = sql.begin(async (tx) => {
    await tx`insert into later values (1)`;
    await tx`insert into later values (1)`;
  });
  t.equal(await end(twice), '23505', 'rolled back by the server');
  t.equal(await end(one(sql)), 'rows 1');

  // A server that refuses a commit and stays in the transaction: its answer is written by hand.
  const { way, sql: odd } = await through(t, {}, { max: 1 });
  let committing = 0;
  way.up = (data, { client, server }) => {
    if (!data.includes('commit')) return true;
    if (committing++ > 0) return true;
    const text = Buffer.from('SERROR\0VERROR\0C57014\0Mcanceling statement due to statement timeout\0\0');
    const error = Buffer.concat([Buffer.from('E'), Buffer.from([0, 0, 0, 4 + text.length]), text]);
    client.write(Buffer.concat([error, Buffer.from([0x5a, 0, 0, 0, 5, 0x45])])); // ReadyForQuery, failed transaction
    void server;
    return false;
  };
  t.equal(await end(odd.begin((tx) => tx`select 1`)), '57014');
  t.equal(await end(one(odd)), 'rows 1', 'its slot is not lost');
  const [open] = await sql`select count(*)::int as n from pg_stat_activity
    where datname = current_database() and state like 'idle in%'`;
  t.equal(open?.n, 0);
});

t.test('a statement cancelled in the queue of a transaction is passed over', async (t) => {
  const sql = pool(t, { max: 2, max_pipeline: 1 });
  const went = await end(
    sql.begin(async (tx) => {
      const queries = [tx`select pg_sleep(1.5)`, tx`select 2`, tx`select 3`, tx`select 4`];
      const ends = queries.map((query) => end(query));
      await delay(100);
      queries[2]?.cancel();
      return (await Promise.all(ends)).join(' ');
    }),
  );
  t.equal(went, '57014', 'it fails as one that was cancelled, rather than hangs');
});

t.test('a parameter that cannot be built rejects its own statement alone', async (t) => {
  const sql = pool(t, { max: 1 });
  await one(sql);
  const before = end(sql`select pg_sleep(0.3)`);
  await delay(50);
  const [bad, behind] = [end(sql`select ${undefined as never}`), end(one(sql))];
  t.strictSame(await Promise.all([before, bad, behind]), ['rows 1', 'UNDEFINED_VALUE', 'rows 1']);
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  t.match(await end(sql`select ${sql.json(circular as never)}::jsonb`), /circular/);
  t.equal(await end(one(sql)), 'rows 1');
});

t.test('COPY', async (t) => {
  const sql = pool(t, { max: 1 });
  await sql`create table copied (i integer check (i < 5))`;
  const lines = async function* (values: string[]) {
    yield* values.map((value) => `${value}\n`);
  };
  const put = async (...values: string[]) => {
    const writable = await sql`copy copied from stdin`.writable();
    await pipeline(lines(values), writable);
    return 'done';
  };
  t.equal(await end(put('1', '2')), 'done');
  t.equal(await end(put('3', 'four')), '22P02', 'in: a value that the server refuses (#1173)');
  t.equal(await end(put('9')), '23514', 'in: refused when all has been sent');
  t.equal(await end(sql`select i from copied`), 'rows 2', 'and its connection goes on');

  const many = () => sql`copy (select repeat('x', 200) from generate_series(1, 20000)) to stdout`.readable();
  let bytes = 0;
  for await (const chunk of await many()) {
    bytes += (chunk as Buffer).length;
    if (bytes % 5 === 0) await delay(0);
  }
  t.equal(bytes, 20_000 * 201, 'out, read slowly');
  t.equal(await end(one(sql)), 'rows 1', 'the next statement is answered (#499 #1016)');
  for await (const _ of await many()) break;
  t.equal(await end(one(sql)), 'rows 1', 'also after one that was given up');

  const killer = pool(t, { max: 1 });
  const pid = await pidOf(sql);
  const writable = await sql`copy copied from stdin`.writable();
  const failed = new Promise((resolve) =>
    writable.once('error', (error) => resolve((error as { code?: string }).code)),
  );
  writable.write('1\n');
  await killer`select pg_terminate_backend(${pid})`;
  t.match(await end(failed), /CONNECTION_CLOSED|57P01/, 'in: the connection dies');
  t.equal(await end(one(sql)), 'rows 1');
});

t.test('a callback or a parser that throws is not called again', async (t) => {
  const sql = pool(t, { max: 1 });
  await one(sql);
  let calls = 0;
  const throws = five(sql).forEach(() => {
    calls++;
    throw new Error('enough');
  });
  t.equal(await end(throws), 'enough');
  t.equal(calls, 1);
  t.strictSame(await xs(sql), whole);
});

t.test('TLS options that Node refuses, and a password that cannot be had', async (t) => {
  const tls = await through(
    t,
    { refuse: (client) => client.once('data', () => client.write('S')) },
    { max: 1, ssl: { minVersion: 'nonsense' } },
  );
  t.equal(await end(one(tls.sql)), 'ERR_TLS_INVALID_PROTOCOL_VERSION');
  const clearText = Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]);
  const vault = await through(
    t,
    { refuse: (client) => client.once('data', () => client.write(clearText)) },
    { max: 1, password: () => Promise.reject(new Error('no vault')) },
  );
  t.equal(await end(one(vault.sql)), 'no vault');
});

t.test('a reserved connection that died is not given back', async (t) => {
  const [sql, killer] = [pool(t, { max: 1 }), pool(t, { max: 1 })];
  const reserved = await sql.reserve();
  await killer`select pg_terminate_backend(${await pidOf(reserved)})`;
  await delay(100);
  t.equal(await end(one(reserved)), 'CONNECTION_CLOSED', '#1195');
  reserved.release();
  t.equal(await end(one(sql)), 'rows 1', '#1199');
  const untyped = pool(t, { max: 1, fetch_types: false });
  t.equal(
    await end(untyped.reserve().then((one) => one.release())),
    'undefined',
    'the first of a pool without types (#751)',
  );
});

t.test('the build makes every edit, or fails and says which', async (t) => {
  const path = join(root, 'src/database/driver/mend.mjs');
  const { mend, installed } = (await import(path)) as {
    mend: (files: Record<string, string>, edits?: object[]) => Record<string, string>;
    installed: () => Record<string, string>;
  };
  const files = installed();
  const mended = mend(files);
  const built = join(root, 'dist/src/driver');
  t.strictSame(readdirSync(built).sort(), [...Object.keys(mended), 'incoming.js'].sort());
  for (const [name, text] of Object.entries(mended)) t.equal(readFileSync(join(built, name), 'utf8'), text, name);
  const edit = (old: string) => [{ file: 'query.js', why: 'a fault', old, now: '' }];
  t.throws(() => mend(files, edit('not there')), {
    message: 'the edit "a fault" fits 0 times into the driver\'s query.js, not once',
  });
  t.throws(() => mend(files, edit('const ')), { message: /fits \d+ times/ });
});

t.test('nothing of all this was heard by nobody', async (t) => {
  await delay(100);
  t.strictSame(strays, []);
});
