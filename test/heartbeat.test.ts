import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { openPool, type Pool } from '../src/database/database.js';
import { type World, world } from './harness.js';
import { type Pair, proxy } from './proxy.js';
import { until, untilActive } from './service.js';
import { inForm, isTimed } from './tools/form.js';

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
async function back(t: Test, db: Pool, most: number) {
  const began = performance.now();
  await until(
    async () => (await one(db)) === 1,
    () => 'it never came back',
  );
  const ms = Math.round(performance.now() - began);
  if (isTimed) t.ok(ms < most, `back after ${ms} ms`);
}
const four = (db: Pool) => Promise.all([1, 2, 3, 4].map(() => one(db)));
/** The server's sessions behind the hearts of both pools, the harness's and the test's, that have been answered. */
const hearts = async ({ sql }: World) =>
  (
    await sql<{ pid: number }[]>`select pid from pg_stat_activity where datname = current_database()
      and query like '%pg_backend_pid%' and state = 'idle' and pid <> pg_backend_pid()`
  ).map(({ pid }) => pid);
const heartsBeat = (w: World) =>
  until(
    async () => (await hearts(w)).length >= 2,
    () => 'no heart beats',
  );

/** A statement that is under way until it is let go. */
async function underWay(w: World, db: Pool) {
  const holder = await w.sql.reserve();
  await holder`select pg_advisory_lock(1)`;
  const long = db.read<{ one: number }>((sql) => sql`select 1 as one from (select pg_advisory_lock_shared(1)) s`);
  long.catch(() => {});
  await untilActive(w.sql, '%pg_advisory_lock_shared%', 'Lock');
  return {
    async letGo() {
      await holder`select pg_advisory_unlock(1)`;
      holder.release();
      return long;
    },
  };
}

/** Keeps this thread from everything else for a while. */
const burn = (ms: number) => {
  for (const end = performance.now() + ms; performance.now() < end; );
};

t.test('a peer that vanishes without closing: old connections are swallowed, new ones pass', async (t) => {
  const { w, way, db } = await behind(t);
  t.strictSame(await four(db), [1, 1, 1, 1]);
  await heartsBeat(w);
  for (let times = 0; times < 2; times++) {
    const gone = new Set<Pair>(way.pairs);
    way.up = (_, pair) => !gone.has(pair);
    way.down = (_, pair) => !gone.has(pair);
    // By its heart, not by the timeout of the statement, which says something else.
    t.match(await one(db), /cannot be reached|does not answer/, 'what was sent on an old one fails');
    await back(t, db, 5_000);
    t.strictSame(await four(db), [1, 1, 1, 1]);
    await until(
      async () => (await hearts(w)).length >= 2 && [...way.pairs].some((pair) => !gone.has(pair)),
      () => 'no new heart beats',
    );
  }
});

t.test('a peer that answers nobody is away, and is found again', async (t) => {
  const { w, way, db } = await behind(t);
  t.equal(await one(db), 1);
  await heartsBeat(w);
  way.up = () => false;
  way.down = () => false;
  const silent = performance.now();
  t.match(await one(db), /does not answer|cannot be reached/);
  const ms = Math.round(performance.now() - silent);
  if (isTimed) t.ok(ms < 5_000, `told after ${ms} ms`);
  let isSent = false;
  const refused = db.read((sql) => {
    isSent = true;
    return sql`select 1`;
  });
  await t.rejects(refused, { message: 'the database does not answer' });
  t.notOk(isSent, 'the next is refused without being asked');
  way.up = undefined;
  way.down = undefined;
  await back(t, db, 4_000);
});

t.test('a burnt processor is not an absent database', async (t) => {
  const { w, db } = await behind(t);
  t.equal(await one(db), 1);
  const { letGo } = await underWay(w, db);
  for (let n = 0; n < inForm(3, 10); n++) {
    burn(1_700);
    await delay(30);
    t.equal(await one(db), 1, 'it is never cut off');
  }
  t.strictSame(await letGo(), [{ one: 1 }], 'and what was under way is answered');
});

t.test(
  'a slow session is not a lost one',
  { skip: process.platform !== 'linux' && 'stops a process of the server' },
  async (t) => {
    const { w, way, db } = await behind(t);
    t.equal(await one(db), 1);
    await heartsBeat(w);
    const { letGo } = await underWay(w, db);
    const before = way.count;
    const stopped = await hearts(w);
    // Its next beat is taken and not answered: as a server with too much to do would.
    for (const pid of stopped) process.kill(pid, 'SIGSTOP'); // the harness has a pool too
    try {
      await until(
        () => way.count > before,
        () => 'no fresh connection was made',
      );
      // Both hearts ask on fresh connections, which are answered.
      await until(
        async () => (await hearts(w)).filter((pid) => !stopped.includes(pid)).length >= 2,
        () => 'no fresh connection is answered',
      );
    } finally {
      for (const pid of stopped) process.kill(pid, 'SIGCONT');
    }
    t.strictSame(await letGo(), [{ one: 1 }], 'nothing that was under way is cut off');
    t.equal(await one(db), 1);
  },
);
