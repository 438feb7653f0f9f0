import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { buildApp } from '../src/app.js';
import { createKey } from '../src/auth/keys.js';
import { connect } from '../src/database/connect.js';
import { openPool } from '../src/database/database.js';
import { type Embedded, startEmbedded } from '../src/database/embedded.js';
import { migrate } from '../src/database/migrate.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { ACCOUNT, ask } from './harness.js';
import { hogConnections } from './hog.js';
import { until } from './service.js';
import { signal } from './signal.js';
import { inForm, isTimed } from './tools/form.js';

/** Seconds that the server is frozen: longer than the service accepts to tell a slow database from one that is away. */
const FROZEN = inForm(6, 20);
/**
 * Milliseconds after which a request must have its answer, whatever became of the database. It takes 3 s on a quiet machine.
 * On a busy one the longer limit still finds a request that waits for its statement's own timeout, STATEMENT_TIMEOUT.
 */
const IN_TIME = isTimed ? 5_000 : 15_000;
const STATEMENT_TIMEOUT = 60_000;

t.test(
  'a database that comes and goes under load',
  { skip: process.platform !== 'linux' && 'reads /proc' },
  async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'reports-outage-'));
    const start = () => startEmbedded({ dir, settings: { max_connections: '25', fsync: 'off' } }); // kills lose no page cache
    let server: Embedded = await start();
    const first = connect(server.connection, { max: 1, statementTimeout: 10_000 });
    await migrate(first);
    await first.end();
    const db = openPool(server.connection, { max: 8, statementTimeout: STATEMENT_TIMEOUT });
    const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts });
    const { key_id, secret } = await createKey(db, {
      account_id: ACCOUNT,
      name: '',
      permissions: ['admin'],
      team_ids: null,
      bot_ids: null,
    });
    const key = `Bearer ${key_id}.${secret}`;
    t.teardown(async () => {
      await app.close();
      await db.close();
      await server.stop();
      rmSync(dir, { recursive: true, force: true });
    });

    const acknowledged: string[] = [];
    const answers: { at: number; ms: number; status: number; retryAfter: boolean }[] = [];
    let running = true;
    const answered: number[] = [];
    const load = async (request: (n: number) => Parameters<typeof ask>[2], done: (n: number) => void) => {
      const worker = answered.push(0) - 1;
      for (let n = 0; running; n++) {
        const at = performance.now();
        const answer = await ask(app, key, request(n));
        answers.push({
          at,
          ms: performance.now() - at,
          status: answer.status,
          retryAfter: 'retry-after' in answer.headers,
        });
        if (answer.status === 200) {
          answered[worker] = (answered[worker] ?? 0) + 1;
          done(n);
        }
        await delay(inForm(30, 4)); // steady rather than all that the machine can do
      }
    };
    const event = (sender: number, n: number) => ({
      id: `${sender}-${n}`,
      type: 'message',
      sender: 'user',
      time: new Date(Date.UTC(2024, 0, 8) + n * 1000).toISOString(),
      conversation_id: `c${n % 50}`, // shared by the senders
      conversation: { bot_id: 'shop', bot_version: 'LIVE' },
    });
    const reads = {
      url: '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-01&end_time=2024-02-01&bucket=1d',
    };
    const workers = [
      ...[0, 1, 2, 3].map((sender) =>
        load(
          (n) => ({ method: 'POST', url: '/v1/events', payload: { events: [event(sender, n)] } }),
          (n) => acknowledged.push(`${sender}-${n}`),
        ),
      ),
      ...[0, 1].map(() =>
        load(
          () => reads,
          () => {},
        ),
      ),
    ];

    /** Waits until each worker has been answered so many more requests with 200. */
    async function allAnswered(more: number): Promise<void> {
      const wanted = answered.map((count) => count + more);
      await until(
        () => answered.every((count, n) => count >= (wanted[n] as number)),
        () => `${answered} requests answered with 200, of ${wanted}`,
        60_000,
      );
    }

    const rate = (from: number, to: number) =>
      (1000 * answers.filter(({ at, status }) => status === 200 && at >= from && at < to).length) / (to - from);

    /** Lets a fault strike between two times when all is well, and tells what requests met meanwhile. */
    async function strike(t: Test, fault: (isFelt: () => boolean) => Promise<void>) {
      const began = performance.now();
      await (isTimed ? delay(1_500) : allAnswered(10));
      const before = rate(began, performance.now());
      const struck = performance.now();
      await fault(() => answers.some(({ at, ms, status }) => at + ms > struck && status === 503));
      const mended = performance.now();
      await allAnswered(20); // it came back by itself
      if (isTimed) {
        await delay(Math.max(0, mended + 6_000 - performance.now()));
        const first = answers.find(({ at, status }) => at > mended && status === 200);
        t.ok(first !== undefined && first.at - mended < IN_TIME, 'it came back in time');
        const after = rate(mended + 4_000, mended + 6_000);
        t.ok(after > before / 3, `${Math.round(before)} requests a second before, ${Math.round(after)} from 4 s after`);
      }
      const met = answers.filter(({ at, ms }) => at + ms > struck);
      const slowest = Math.max(...met.map(({ ms }) => ms));
      const statuses = [...new Set(met.map(({ status }) => status))];
      t.strictSame(
        statuses.filter((status) => status !== 200 && status !== 503),
        [],
        'only 200 and 503',
      );
      t.ok(statuses.includes(503), 'the fault was felt');
      t.ok(
        met.every(({ status, retryAfter }) => status === 200 || retryAfter),
        'every 503 says when to retry',
      );
      t.ok(slowest < IN_TIME, `the slowest answer took ${Math.round(slowest)} ms`);
      const refused = met.filter(({ status }) => status === 503).length;
      t.comment(`${refused} of ${met.length} times 503, slowest answer ${Math.round(slowest)} ms`);
    }

    while (acknowledged.length < 20) await delay(20); // from here on the bot is known
    answers.length = 0;

    await t.test('killed', (t) =>
      strike(t, async () => {
        signal(server.pid, 'SIGKILL');
        await server.ended;
        await delay(1_000);
        await server.stop();
        server = await start();
      }),
    );
    await t.test('stopped and started', (t) =>
      strike(t, async () => {
        await server.stop();
        await delay(1_000);
        server = await start();
      }),
    );
    await t.test(`frozen for ${FROZEN} s`, (t) =>
      strike(t, async () => {
        signal(server.pid, 'SIGSTOP');
        await delay(FROZEN * 1000);
        signal(server.pid, 'SIGCONT');
      }),
    );
    await t.test('out of connections', (t) =>
      strike(t, async (isFelt) => {
        const began = performance.now();
        await hogConnections(server.connection, 30, () => {
          const passed = performance.now() - began;
          return passed > 2_500 && (isFelt() || passed > 30_000);
        });
      }),
    );

    running = false;
    await Promise.all(workers);
    const sql = connect(server.connection, { max: 1, statementTimeout: 30_000 });
    const stored = await sql<{ id: string; times: number }[]>`select id, count(*) as times from events group by id`;
    const ids = new Set(stored.map(({ id }) => id));
    const [sums] =
      await sql`select (select sum(user_messages)::int from conversations) as counted, (select count(*) from events) as events`;
    await sql.end();
    t.ok(acknowledged.length > 80, `${acknowledged.length} events acknowledged`);
    t.strictSame(
      acknowledged.filter((id) => !ids.has(id)),
      [],
      'no acknowledged event is missing',
    );
    t.ok(
      stored.every(({ times }) => times === 1),
      'none is double',
    );
    t.equal(sums?.counted, sums?.events, 'the conversations count every event once');
  },
);
