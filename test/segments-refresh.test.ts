/** Refreshing segments: when it is killed, doubled, stopped, on a hot day, and before it has run at all. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { Sql } from '../src/database/connect.js';
import { Unavailable } from '../src/errors.js';
import { build, refresh } from '../src/queries/segments/refresh.js';
import { startRefresher } from '../src/queries/segments/refresher.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, type World, world } from './harness.js';
import { FIRST, moving } from './segments/moving.js';
import { NOW, WHOLE } from './segments/questions.js';
import { write } from './segments/race.js';
import { compare, queryOf, refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';
import { until } from './service.js';

const DAY = 86_400_000;
const OTHER = '00000000-0000-4000-8000-000000000001'; // before the account of the tests
const timeouts = parseTimeouts('24h') as Timeouts;
const SMALL = { own: 3, large: 8 };

/** Conversations that start at this time, a message of each. */
const starting = (time: number, ids: string[], bot: string | null = 'shop'): Event[] =>
  ids.map((id) => ({
    id: `m ${time}`,
    type: 'message',
    time: new Date(time).toISOString(),
    conversation_id: id,
    sender: 'user',
    sender_id: `user of ${id}`,
    text: 'hello',
    conversation: { bot_id: bot, channel: 'web' },
  }));

const numbered = (name: string, count: number) => Array.from({ length: count }, (_, n) => `${name} ${n}`);

const marks = async (sql: Sql) => (await sql`select from segment_marks`).length;

/** Asks both roads, and says by which kind of segments the fast one answered. */
async function asked(t: Test, w: World, body: object, asOf = { now: NOW, timeouts }): Promise<string> {
  const query = queryOf({ ...WHOLE, ...body }, NOW);
  if (query === null) throw new Error('no such query');
  const compared = await compare(w.db, query, asOf);
  t.strictSame(compared?.fast, compared?.slow, JSON.stringify(body));
  return String(compared?.road);
}

const byBot = { bucket: '1h', group_by: ['bot_id'], measures: ['conversations', 'users'] };

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
  await asked(t, w, byBot);
  await refreshAll(w.db, SMALL);
  t.equal(await marks(w.sql), 0, 'the next one completes');
  t.strictSame((await differences(w.sql)).wrong, []);
  t.equal(await asked(t, w, byBot), 'stored');
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
  const first = startRefresher(w.db, (error) => errors.push(error));
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
      if new.account_id = ${w.sql.unsafe(`'${OTHER}'`)} then raise exception 'refused'; end if;
      return new;
    end $$`;
  await w.sql`create trigger refuse before insert on conversation_segments for each row execute function refuse()`;
  const app = await w.app({ now: NOW });
  await send(app, await w.key({ account_id: OTHER }), starting(FIRST, ['other']));
  const second = startRefresher(w.db, (error) => errors.push(error));
  t.teardown(() => second.stop());
  const of = (account: string) => w.sql`select from segment_marks where account_id = ${account}::uuid`;
  await until(
    async () => (await of(ACCOUNT)).length === 0,
    () => 'the other account is not refreshed',
  );
  t.ok(errors.length > 0, 'an error is reported');
  t.match(String((errors[0] as Error)?.message), /refused/);
  t.equal((await of(OTHER)).length, 1, 'its mark still stands');
  await w.sql`drop trigger refuse on conversation_segments`;
  await until(
    async () => (await of(OTHER)).length === 0,
    () => 'it does not try again',
  );
  await second.stop();
});

t.test('a hot day, late events and conversations without a bot', async (t) => {
  const w = await world(t);
  const sizes = { own: 20, large: 50 };
  const noon = FIRST + DAY / 2;
  await write(w.db, starting(noon, numbered('calm', 30)));
  await refreshAll(w.db, sizes);
  const segmentsOf = (bot: string) => w.sql<{ from_time: Date; hours: number; version: number; row_count: number }[]>`
    select from_time, date_part('epoch', to_time - from_time)::integer / 3600 as hours, version, row_count
    from conversation_segments where bot_id = ${bot} order by from_time`;
  t.strictSame(
    (await segmentsOf('shop')).map(({ hours, row_count }) => [hours, row_count]),
    [[24, 30]],
    'a segment of its own',
  );
  for (let hour = 0; hour < 24; hour++) {
    await write(w.db, starting(FIRST + hour * 3_600_000, numbered(`hot ${hour}`, 10)));
  }
  await refreshAll(w.db, sizes);
  const hot = await segmentsOf('shop');
  t.strictSame(
    hot.map(({ hours, row_count }) => [hours, row_count]),
    Array.from({ length: 24 }, (_, hour) => [1, hour === 12 ? 40 : 10]),
    'cut into its hours',
  );
  await write(w.db, starting(FIRST + 7 * 3_600_000, numbered('more', 5)));
  t.equal(await asked(t, w, byBot), 'built');
  await refreshAll(w.db, sizes);
  const after = await segmentsOf('shop');
  const changed = after.filter(({ version }, n) => version !== hot[n]?.version);
  t.strictSame(
    changed.map(({ from_time, row_count }) => [from_time.getTime(), row_count]),
    [[FIRST + 7 * 3_600_000, 15]],
    'a batch for one hour builds its segment again, and no other',
  );
  t.equal(await asked(t, w, byBot), 'stored');

  const whole = {
    start_time: FIRST - 40 * DAY,
    measures: ['conversations', 'users'],
    group_by: ['bot_id'],
    bucket: '1d',
  };
  const old = Array.from({ length: 30 }, (_, n) => FIRST - (n + 1) * DAY);
  for (const time of old) await write(w.db, starting(time, numbered(`old ${time}`, 2), 'old'));
  t.equal(await asked(t, w, whole), 'built', '30 days are built in place');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, whole), 'stored');
  const late = old.flatMap((time) => [
    ...starting(time + 3_600_000, [`late ${time}`], 'old'),
    { ...starting(time, [`old ${time} 0`], null)[0], id: 'later', time: new Date(time + 1).toISOString() },
  ]);
  await write(w.db, late);
  t.equal(await asked(t, w, whole), 'built', 'late events for 30 old days');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, whole), 'stored');
  const [{ n } = { n: -1 }] = await w.sql<{ n: number }[]>`
    select count(*)::integer as n from conversations where bot_id is null`;
  t.equal(n, 30, 'whose conversations have no bot any more');

  await write(w.db, starting(noon, ['nobody'], null));
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: null } }), 'built');
  await refreshAll(w.db, sizes);
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: null } }), 'stored');
  // A bot that is named as no bot is stored.
  t.equal(await asked(t, w, { ...whole, filter: { type: 'selector', dimension: 'bot_id', value: '' } }), 'stored');
  t.strictSame((await differences(w.sql)).wrong, []);
});

t.test('a timeout that changes between two reads', async (t) => {
  const w = await world(t);
  const generator = moving(random(3));
  for (let n = 0; n < 8; n++) await write(w.db, generator.batch());
  await refreshAll(w.db, SMALL);
  const states = new Set<string>();
  for (const text of ['1m', '24h', '0', '2h,web=0', '0,web=1h', '30d']) {
    const query = queryOf({ ...WHOLE, group_by: ['state'], measures: ['conversations'] }, NOW);
    const asOf = { now: FIRST + DAY / 2, timeouts: parseTimeouts(text) as Timeouts };
    const compared = query && (await compare(w.db, query, asOf));
    t.strictSame(compared?.fast, compared?.slow, text);
    t.equal(compared?.road, 'stored', 'the segments stay');
    states.add(JSON.stringify(compared?.fast));
  }
  t.ok(states.size > 2, `${states.size} different answers`);
});

t.test('an account that has no segments yet', async (t) => {
  const w = await world(t);
  const generator = moving(random(4));
  for (let n = 0; n < 8; n++) await write(w.db, generator.batch());
  // As it is after an upgrade: the conversations are there, and the migration has marked them.
  await w.sql`delete from segment_marks`;
  const migration = readFileSync(join(root, 'db/migrations/0006_segments.sql'), 'utf8');
  await w.sql.unsafe(migration.slice(migration.indexOf('insert into segment_marks')));
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const body = {
    ...WHOLE,
    bucket: '1d',
    group_by: ['bot_id', 'channel', 'state'],
    measures: ['conversations', 'users'],
  };
  const answer = async () => (await ask(app, key, { method: 'POST', url: '/v1/query', payload: body })).body.rows;
  const first = await answer();
  t.ok(first.length > 4, `${first.length} rows`);
  await asked(t, w, byBot);
  t.equal(await asked(t, w, { ...byBot, end_time: new Date(FIRST + DAY).toISOString() }), 'built');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, byBot), 'stored');
  t.strictSame(await answer(), first, 'it answers the same before and after');

  // Too much to build for one answer goes the raw road.
  await write(w.db, Array.from({ length: 60 }, (_, n) => starting(FIRST - n * DAY, [`old ${n}`])).flat());
  const long = { ...byBot, bucket: '1d', start_time: FIRST - 100 * DAY };
  t.equal(await asked(t, w, long), 'raw');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, long), 'stored');
});
