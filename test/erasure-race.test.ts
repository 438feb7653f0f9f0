import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import type { Database } from '../src/database/database.js';
import { Unavailable } from '../src/errors.js';
import { accountsAtWork, erasureStep } from '../src/queries/erasure/step.js';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { refresh } from '../src/queries/segments/refresh.js';
import { ACCOUNT, ask, send, world } from './harness.js';

/**
 * Erasures while events of the same people arrive, segments are built, and processes are killed in the middle of a step.
 */

type Sent = Record<string, unknown> & { id: string; conversation_id: string };

const people = ['ann-01', 'bob-02', 'cy-03'];
/** A message of a person in one of several conversations: their own, and one of all. */
function message(n: number, word: string): Sent {
  const user = people[n % people.length] as string;
  const places = [`${user}`, `${user}:web:${n % 4}`, `c-${n % 7}`, 'all'];
  const conversation_id = places[n % places.length] as string;
  const isOwn = conversation_id !== 'all' && !conversation_id.startsWith('c-');
  return {
    id: `${word}-${n}`,
    type: 'message',
    time: new Date(Date.parse('2024-01-09T00:00:00Z') + (n % 50) * 60_000).toISOString(),
    conversation_id,
    sender: n % 5 === 0 ? 'agent' : 'user',
    sender_id: n % 5 === 0 ? 'agent-1' : user,
    text: `${word} of ${user}`,
    conversation: { bot_id: 'shop', ...(isOwn ? { user_id: user, user_email: `${user}@mail.test` } : {}) },
  };
}

/** Whether a text is in any row of any table. */
async function isThere(sql: Awaited<ReturnType<typeof world>>['sql'], text: string): Promise<string[]> {
  const tables = await sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await sql`select from ${sql(name)} t where strpos(t::text, ${text}) > 0 limit 1`;
    if (row !== undefined) found.push(name);
  }
  return found;
}

/** A database whose transactions are undone now and then after all their work, as if their process had been killed. */
const killed = (db: Database, every: number): Database => {
  let number = 0;
  return {
    ...db,
    transaction: (work, timeout) =>
      db.transaction(async (sql) => {
        const result = await work(sql);
        if (++number % every === 0) throw new Unavailable('killed');
        return result;
      }, timeout),
  };
};

/** Works on erasures until the others are done and none is left. */
async function work(db: Database, isOver: () => boolean): Promise<number> {
  let worked = 0;
  while (!isOver() || (await accountsAtWork(db)).length > 0) {
    const step = await erasureStep(db, ACCOUNT).catch((error) => {
      if (error instanceof Unavailable) return 'failed';
      throw error;
    });
    if (step === 'worked') worked++;
    else await delay(10);
  }
  return worked;
}

t.test('erasures beside senders, refreshers and kills', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const key = await w.key();
  const early = Array.from({ length: 300 }, (_, n) => message(n, 'early'));
  await send(app, key, early);

  let isOver = false;
  const sent: Sent[] = [];
  const sender = async (of: number) => {
    for (let round = 0; round < 12; round++) {
      const batch = Array.from({ length: 10 }, (_, n) => message(round * 1_000 + of * 100 + n, 'later'));
      const repeats = early.slice((round * 20) % 280, ((round * 20) % 280) + 20);
      const { status, body } = await send(app, key, [...batch, ...repeats]);
      t.equal(status, 200);
      t.equal(body.accepted, batch.length, 'what came before is a duplicate at any moment');
      sent.push(...batch);
    }
  };
  const refresher = async () => {
    while (!isOver) {
      await refresh(w.db, ACCOUNT, { own: 5, large: 1_000 }).catch((error) => {
        if (!(error instanceof Unavailable)) throw error;
      });
      await delay(15);
    }
  };
  const erase = async (user: string) => (await ask(app, key, { method: 'DELETE', url: `/v1/users/${user}` })).status;
  t.teardown(() => {
    isOver = true;
  });
  const workers = [work(killed(w.db, 3), () => isOver), work(w.db, () => isOver)];
  const refreshers = [refresher(), refresher()];
  const senders = [sender(0), sender(1), sender(2)];
  await delay(20);
  t.strictSame(await Promise.all([erase('ann-01'), erase('ann-01'), erase('bob-02')]), [202, 202, 202]);
  await Promise.all(senders);
  while ((await accountsAtWork(w.db)).length > 0) await Promise.race([delay(20), ...workers, ...refreshers]);
  isOver = true;
  const [first = 0, second = 0] = await Promise.all(workers);
  await Promise.all(refreshers);
  t.ok(first + second > 10, `${first} and ${second} steps`);

  t.strictSame(await isThere(w.sql, 'early of ann-01'), [], 'words that were stored before the erasure are gone');
  t.strictSame(await isThere(w.sql, 'early of bob-02'), []);
  t.strictSame(await isThere(w.sql, 'early of cy-03'), ['events'], 'the control: those of others are found');
  const again = await send(app, key, [...early, ...sent]);
  t.strictSame(again.body, { accepted: 0, duplicates: early.length + sent.length }, 'each event is known');
  const { differed } = await rebuild(w.db, ACCOUNT);
  t.equal(differed, 0, 'rows are those of the events');

  // What arrived after the erasure is erased by a second one, and then nothing is left.
  await Promise.all(['ann-01', 'bob-02'].map(erase));
  await work(w.db, () => true);
  for (const text of ['ann-01', 'bob-02']) {
    while ((await refresh(w.db, ACCOUNT, { own: 5, large: 1_000 }))?.day != null);
    t.strictSame(await isThere(w.sql, text), [], `${text} is found nowhere`);
  }
  t.equal((await rebuild(w.db, ACCOUNT)).differed, 0);
  const [counts] =
    await w.sql`select count(*)::int as events, count(*) filter (where sender = 'user')::int as users from events`;
  t.equal(counts?.events, early.length + sent.length, 'no event is lost, and none is double');
  const users = await w.sql<
    { user_id: string }[]
  >`select distinct user_id from conversations where user_id is not null`;
  const query = {
    dataset: 'conversations',
    start_time: '2024-01-01',
    end_time: '2024-02-01',
    measures: ['users', 'messages'],
  };
  const { body } = await ask(app, key, { method: 'POST', url: '/v1/query', payload: query });
  t.strictSame(body.rows, [[users.length, counts?.events]], 'segments count what the rows say');
});
