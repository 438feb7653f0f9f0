/** Refreshers that are killed, doubled, late, stopped, or refused. */
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { openPool } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { build, type Mark, refresh } from '../src/queries/segments/refresh.js';
import { startRefresher } from '../src/queries/segments/refresher.js';
import { random } from './fold/events.js';
import { ACCOUNT, send, world } from './harness.js';
import { asked, byBot, marks, numbered, SMALL, starting } from './segments/days.js';
import { FIRST, moving } from './segments/moving.js';
import { NOW } from './segments/questions.js';
import { write } from './segments/race.js';
import { refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';
import { until } from './service.js';

const DAY = 86_400_000;
const OTHER = '00000000-0000-4000-8000-000000000001'; // before the account of the tests

t.test('a refresher that is killed in the middle of its transaction', async (t) => {
  const w = await world(t);
  const generator = moving(random(1));
  for (let n = 0; n < 4; n++) await write(w.db, generator.batch());
  await refreshAll(w.db, SMALL);
  const before = await w.sql`select bot_id, from_time, version from conversation_segments order by 1, 2`;
  const words = await w.sql`select dimension, value, code from dictionary order by 1, 2`;
  await write(w.db, [...generator.batch(), ...starting(FIRST, ['new word'], 'a new bot')]);
  const marked = await marks(w.sql);
  t.ok(marked > 0);
  // It waits for a lock when all but the last statement is done.
  await w.sql`create function wait() returns trigger language plpgsql as $$
    begin perform pg_sleep(60); return null; end $$`;
  await w.sql`create trigger wait after insert on dictionary for each statement execute function wait()`;
  const killed = refresh(w.db, ACCOUNT, SMALL);
  const rejected = t.rejects(killed, { message: /the database cannot be reached|shutting down/ }, 'it fails');
  const sleeping = w.sql`datname = current_database() and wait_event = 'PgSleep'`;
  await until(
    async () => (await w.sql`select from pg_stat_activity where ${sleeping}`).length === 1,
    () => 'it does not wait',
  );
  const pids = await w.sql`select pg_terminate_backend(pid) from pg_stat_activity where ${sleeping}`;
  t.equal(pids.length, 1, 'one backend');
  await rejected;
  await w.sql`drop trigger wait on dictionary`;
  t.equal(await marks(w.sql), marked, 'the marks still stand');
  t.strictSame(
    [...(await w.sql`select bot_id, from_time, version from conversation_segments order by 1, 2`)],
    [...before],
  );
  t.strictSame([...(await w.sql`select dimension, value, code from dictionary order by 1, 2`)], [...words]);
  t.equal(await asked(t, w, byBot), 'built');
  await refreshAll(w.db, SMALL);
  t.equal(await marks(w.sql), 0, 'the next one completes');
  t.strictSame((await differences(w.sql)).wrong, []);
  t.equal(await asked(t, w, byBot), 'stored');
});

t.test('a segment costs what its own conversations have', async (t) => {
  const w = await world(t);
  const ofDay = (day: number) =>
    ['shop', 'cafe', 'bar'].flatMap((bot) => {
      const ids = numbered(`${bot} ${day}`, 10);
      const asked = [0, 1, 2].flatMap((n) => starting(FIRST + day * DAY + n * 60_000, ids, bot));
      const answered = starting(FIRST + day * DAY + 180_000, ids, bot).map((event) => ({
        ...event,
        sender: 'agent',
        sender_id: 'an agent',
      }));
      return [...asked, ...answered];
    });
  for (let day = 0; day < 30; day++) await write(w.db, ofDay(day));
  await w.sql`analyze`;
  await refreshAll(w.db, SMALL);
  await write(w.db, starting(FIRST + 3 * DAY, ['one more'], 'shop'));
  const read = await w.db.transaction(async (sql) => {
    const taken = await sql<Mark[]>`delete from segment_marks returning bot_id, hour::text`;
    t.equal(taken.length, 1, 'one segment is marked');
    // What this connection has read so far, also in earlier transactions.
    const readSoFar = async () => {
      const tables = await sql<{ relname: string; read: number }[]>`
        select relname, (seq_tup_read + idx_tup_fetch)::integer as read from pg_stat_xact_user_tables`;
      return new Map(tables.map(({ relname, read }) => [relname, read]));
    };
    const before = await readSoFar();
    await sql`set local enable_nestloop = off`; // as it would choose for millions of conversations, if it could
    await build(sql, ACCOUNT, new Date(FIRST + 3 * DAY).toISOString(), taken, { ...SMALL, large: 1_000 });
    const after = await readSoFar();
    return ['events', 'participations'].map((table) => (after.get(table) ?? 0) - (before.get(table) ?? 0));
  }, 60_000);
  t.strictSame(read, [41, 10], 'events and participations, of those of 901 conversations');
  t.strictSame((await differences(w.sql)).wrong, []);
});

t.test('a day with too much for one statement is built in parts', async (t) => {
  const w = await world(t);
  const statements: string[] = [];
  const db = openPool(w.target, { max: 1, statementTimeout: 60_000, observe: (text) => statements.push(text) });
  t.teardown(() => db.close());
  const names = Array.from({ length: 6 }, (_, n) => `bot ${n}`);
  await write(
    w.db,
    names.flatMap((bot, n) => starting(FIRST + n * 60_000, numbered(bot, 4 + n), bot)),
  );
  await write(w.db, starting(FIRST + DAY / 2, ['one', 'two'], 'little'));
  for (const [most, parts] of [
    [1, 7],
    [10, 6],
    [1_000, 1],
  ] as const) {
    await w.sql`delete from conversation_segments`;
    await w.sql`insert into segment_marks (account_id, bot_id, hour)
      select distinct account_id, bot_id, date_trunc('hour', start_time, 'UTC') from conversations`;
    statements.length = 0;
    await refreshAll(db, { own: 3, large: 1_000, most });
    const filling = statements.filter((text) => text.includes('filled as ('));
    t.equal(filling.length / 3, parts, `${most} conversations a statement, for each of the three sections`);
    t.strictSame((await differences(w.sql)).wrong, []);
    t.equal(await asked(t, w, byBot), 'stored');
  }
});

t.test('two refreshers of one account', async (t) => {
  const w = await world(t);
  const generator = moving(random(2));
  for (let n = 0; n < 40; n++) await write(w.db, generator.batch());
  let [built, undone] = [0, 0];
  const work = async () => {
    for (;;) {
      try {
        const refreshed = await refresh(w.db, ACCOUNT, SMALL);
        if (refreshed === null) return;
        if (refreshed.isBusy) await delay(1);
        else built++;
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error; // it has lost a race, and changed nothing
        undone++;
      }
    }
  };
  await Promise.all([work(), work()]);
  t.comment(`${built} days built, ${undone} undone`);
  t.ok(built > 1, `${built} days built`);
  t.equal(await marks(w.sql), 0, 'both have ended, and nothing is marked');
  t.strictSame((await differences(w.sql)).wrong, []);
  t.equal(await asked(t, w, byBot), 'stored');
});

t.test('a refresher whose snapshot is older than the words of another', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, ['a'], 'the same new bot'));
  await write(w.db, starting(FIRST + DAY, ['b'], 'the same new bot'));
  const days = [FIRST, FIRST + DAY].map((time) => new Date(time).toISOString());
  const mark = (n: number) => ({ bot_id: 'the same new bot', hour: days[n] as string });
  const late = w.db.transaction(async (sql) => {
    await sql`select from segment_marks`;
    await w.db.transaction((first) => build(first, ACCOUNT, days[0] as string, [mark(0)], SMALL), 60_000);
    await build(sql, ACCOUNT, days[1] as string, [mark(1)], SMALL);
  }, 60_000);
  await t.rejects(
    late,
    { message: 'the transaction conflicted with another one' },
    'fails as one that has lost a race, and may try again',
  );
});

t.test('the refresher of the service', async (t) => {
  const w = await world(t);
  const errors: unknown[] = [];
  const old = Array.from({ length: 80 }, (_, n) => starting(FIRST + n * DAY, [`c${n}`])).flat();
  await write(w.db, old);
  const first = startRefresher(w.db, { initial: null, channels: new Map() }, (error) => errors.push(error));
  await until(
    async () => (await w.sql`select from conversation_segments`).length > 2,
    () => 'nothing is built',
  );
  await first.stop();
  const left = await marks(w.sql);
  t.ok(left > 0 && left < 80, `stopped in the middle of its work, ${left} marks are left`);
  await delay(50);
  t.equal(await marks(w.sql), left, 'and it builds no more');
  t.strictSame(errors, []);

  // One account cannot be refreshed; the others are.
  await w.sql`create function refuse() returns trigger language plpgsql as $$
    begin
      if new.account_id = ${w.sql.unsafe(`'${OTHER}'`)} then perform pg_sleep(0.5); raise exception 'refused'; end if;
      return new;
    end $$`;
  await w.sql`create trigger refuse before insert on conversation_segments for each row execute function refuse()`;
  const app = await w.app({ now: NOW });
  await send(app, await w.key({ account_id: OTHER }), starting(FIRST, ['other']));
  const second = startRefresher(w.db, { initial: null, channels: new Map() }, (error) => errors.push(error));
  t.teardown(() => second.stop());
  const of = (account: string) => w.sql`select from segment_marks where account_id = ${account}::uuid`;
  await until(
    async () => (await of(ACCOUNT)).length === 0,
    () => 'the other account is not refreshed',
  );
  t.ok(errors.length > 0, 'an error is reported');
  t.match(String((errors[0] as Error)?.message), /refused/);
  t.equal((await of(OTHER)).length, 1, 'its mark still stands');
  const failures = errors.length;
  await until(
    async () => errors.length > failures,
    () => 'it does not fail again',
  );
  const again = performance.now();
  await until(
    async () => errors.length > failures + 1,
    () => 'it does not fail a third time',
  );
  t.ok(performance.now() - again > 4_000, 'after half a second of work it rests for nine times as long');
  await w.sql`drop trigger refuse on conversation_segments`;
  await until(
    async () => (await of(OTHER)).length === 0,
    () => 'it does not try again',
  );
  await second.stop();
});
