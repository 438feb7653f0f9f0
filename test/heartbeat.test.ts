import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openPool, type Pool } from '../src/database/database.js';
import { world } from './harness.js';
import { type Pair, proxy } from './proxy.js';
import { until } from './service.js';

/** A pool behind a proxy. */
async function behind(t: Test) {
  const w = await world(t);
  const way = await proxy(w.target);
  const db = openPool(way.target, { max: 4, statementTimeout: 20_000 });
  t.teardown(async () => {
    await db.close();
    await way.close();
  });
  return { w, way, db };
}

const one = async (db: Pool) => {
  try {
    return (await db.read<{ one: number }>((sql) => sql`select 1 as one`))[0]?.one;
  } catch (error) {
    return (error as Error).message;
  }
};
const four = (db: Pool) => Promise.all([1, 2, 3, 4].map(() => one(db)));
/** Keeps this thread from everything else for a while. */
const burn = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

t.test('a peer that vanishes without closing: old connections are swallowed, new ones pass', async (t) => {
  const { way, db } = await behind(t);
  t.strictSame(await four(db), [1, 1, 1, 1]);
  await delay(1_200); // it has a heart that beats
  for (let times = 0; times < 2; times++) {
    const gone = new Set<Pair>(way.pairs);
    way.up = (_, pair) => !gone.has(pair);
    way.down = (_, pair) => !gone.has(pair);
    const swallowed = performance.now();
    t.match(await one(db), /cannot be reached|does not answer/, 'what was sent on an old one fails');
    await until(
      async () => (await one(db)) === 1,
      () => 'it never came back',
    );
    const ms = performance.now() - swallowed;
    t.ok(ms < 5_000, `it came back after ${Math.round(ms)} ms`);
    t.strictSame(await four(db), [1, 1, 1, 1]);
    await delay(1_200);
  }
});

t.test('a peer that answers nobody is away, and is found again', async (t) => {
  const { way, db } = await behind(t);
  t.equal(await one(db), 1);
  await delay(1_200);
  way.up = () => false;
  way.down = () => false;
  const frozen = performance.now();
  t.match(await one(db), /does not answer|cannot be reached/);
  t.ok(performance.now() - frozen < 5_000, `told after ${Math.round(performance.now() - frozen)} ms`);
  const asked = performance.now();
  t.equal(await one(db), 'the database does not answer');
  t.ok(performance.now() - asked < 100, 'and the next at once');
  way.up = undefined;
  way.down = undefined;
  const thawed = performance.now();
  await until(
    async () => (await one(db)) === 1,
    () => 'it never came back',
  );
  t.ok(performance.now() - thawed < 4_000, `back after ${Math.round(performance.now() - thawed)} ms`);
});

t.test('a burnt processor is not an absent database', async (t) => {
  const { db } = await behind(t);
  t.equal(await one(db), 1);
  const long = db.read<{ one: number }>((sql) => sql`select 1 as one from (select pg_sleep(9)) s`);
  long.catch(() => {});
  for (let n = 0; n < 5; n++) {
    burn(1_700);
    await delay(30);
    t.equal(await one(db), 1, 'it is never cut off');
  }
  t.strictSame(await long, [{ one: 1 }], 'and what was under way is answered');
});

t.test(
  'a slow session is not a lost one',
  { skip: process.platform !== 'linux' && 'stops a process of the server' },
  async (t) => {
    const { w, way, db } = await behind(t);
    t.equal(await one(db), 1);
    await delay(1_200);
    const hearts = await w.sql<{ pid: number }[]>`select pid from pg_stat_activity
      where datname = current_database() and query like '%pg_backend_pid%' and pid <> pg_backend_pid()`;
    const long = db.read<{ one: number }>((sql) => sql`select 1 as one from (select pg_sleep(4)) s`);
    long.catch(() => {});
    await delay(100);
    const before = way.count;
    // Its next beat is taken and not answered: as a server with too much to do would.
    for (const { pid } of hearts) process.kill(pid, 'SIGSTOP'); // the harness has a pool too
    try {
      await until(
        () => way.count > before,
        () => 'no fresh connection was made',
      );
      await delay(500);
    } finally {
      for (const { pid } of hearts) process.kill(pid, 'SIGCONT');
    }
    t.strictSame(await long, [{ one: 1 }], 'nothing that was under way is cut off');
    t.equal(await one(db), 1);
  },
);
