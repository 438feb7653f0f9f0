import { gzipSync } from 'node:zlib';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { openPool } from '../src/database/database.js';
import { callers, keyShare, shares, type Weight } from '../src/database/shares.js';
import { usualLimits } from '../src/http/admission.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { ACCOUNT, type Answer, ask, send, type World, world } from './harness.js';
import { untilActive } from './service.js';

const OTHER = '00000000-0000-4000-8000-00000000000b';

t.test('the share of a key', async (t) => {
  t.strictSame(keyShare(10, { heavy: 3 }), { connections: 5, heavy: 3 });
  t.strictSame(keyShare(10, { connections: 2, heavy: 7 }), { connections: 2, heavy: 2 });
  t.strictSame(keyShare(1), { connections: 1, heavy: 1 }, 'at least one');
  t.strictSame(keyShare(4, { connections: 9, heavy: 1 }), { connections: 4, heavy: 1 }, 'never more than there are');
});

t.test('turns', async (t) => {
  const given: string[] = [];
  const leaves = new Map<string, () => void>();
  const place = shares(10, { connections: 5, heavy: 2 });
  const ask = async (key: string, weight: Weight, name: string) => {
    const leave = await callers.run(key, () => place.enter(60_000, weight)).catch(() => null);
    if (leave === null) return;
    given.push(name);
    leaves.set(name, leave);
  };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  for (let n = 0; n < 6; n++) ask('a', 'heavy', `a heavy ${n}`);
  for (let n = 0; n < 6; n++) ask('a', 'light', `a light ${n}`);
  await settle();
  t.strictSame(
    given.splice(0),
    ['a heavy 0', 'a heavy 1', 'a light 0', 'a light 1', 'a light 2'],
    'heavy ones do not hold up small ones; together they stay within the share',
  );
  ask('b', 'heavy', 'b heavy');
  ask('b', 'write', 'b write');
  for (let n = 0; n < 6; n++) ask('c', 'light', `c light ${n}`);
  await settle();
  t.strictSame(given.splice(0), ['b heavy', 'b write', 'c light 0', 'c light 1'], 'others get theirs at once');
  ask('d', 'write', 'd write');
  await settle();
  t.strictSame(given.splice(0), ['d write'], 'reads never take the last connections from writes');
  leaves.get('a light 0')?.();
  leaves.get('b heavy')?.();
  await settle();
  t.strictSame(given.splice(0).sort(), ['a light 3', 'c light 2'], 'one key after the other');
  place.clear(new Error('enough'));
});

t.test('a key that floods waits for itself alone', async (t) => {
  const w = await world(t);
  await fill(w, 30_000);
  const app = await w.app();
  const [flooding, other] = [await w.key(), await w.key({ account_id: OTHER })];
  await send(app, other, [event('first')]);
  const report = '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-01&end_time=2024-12-31&bucket=1d';
  let most = 0;
  let watching = true;
  const watcher = (async () => {
    while (watching) {
      const [row] = await w.sql<{ n: number }[]>`select count(*)::int as n from pg_stat_activity
        where datname = current_database() and state = 'active' and query like '%width_bucket%' and pid <> pg_backend_pid()`;
      most = Math.max(most, row?.n ?? 0);
    }
  })();
  const flood = Promise.all(
    Array.from({ length: 200 }, () => ask(app, flooding, { url: `${report}&group_by=channel_type` })),
  );
  const small: number[] = [];
  let flooded = false;
  flood.then(() => {
    flooded = true;
  });
  for (let n = 0; !flooded && n < 200; n++) {
    small.push((await ask(app, other, { url: '/v1/conversations?limit=1' })).status);
    small.push((await send(app, other, [event(`more ${n}`)])).status);
  }
  const answers = await flood;
  watching = false;
  await watcher;
  t.ok(small.length > 4, `${small.length} small requests beside it`);
  t.strictSame([...new Set(small)], [200], 'the other key is answered');
  const refused = answers.filter(({ status }) => status === 429);
  t.equal(refused.length, 200 - usualLimits.requests);
  t.ok(refused.every(saysWhen), 'each refusal says when to come back');
  t.ok(
    answers.every(({ status }) => status === 200 || status === 429),
    `${answers.map(({ status }) => status)}`,
  );
  t.ok(most > 0 && most <= keyShare(10).heavy, `at most ${most} of its reports ran at a time`);
});

const saysWhen = ({ headers, body }: Answer) => /^\d+$/.test(String(headers['retry-after'])) && body.status === 429;

t.test('every operation refuses beyond the share, GraphQL too', async (t) => {
  const w = await world(t);
  const app = await w.app({ limits: { ...usualLimits, requests: 1 } });
  const [key, other] = [await w.key(), await w.key({ account_id: OTHER })];
  const release = await lock(w);
  const first = ask(app, key, { url: '/v1/conversations' });
  await untilActive(w.sql, '%', 'Lock');
  const graphql = {
    method: 'POST',
    url: '/v1/graphql',
    payload: { query: '{ sessions_per_channel { channel } }' },
  } as const;
  for (const request of [
    graphql,
    { url: '/v1/teams' },
    { url: '/v1/conversations/c' },
    { method: 'POST', url: '/v1/events', payload: { events: [] } } as const,
    { method: 'POST', url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`, payload: {} } as const,
  ]) {
    const answer = await ask(app, key, request);
    t.equal(answer.status, 429, request.url);
    t.ok(saysWhen(answer), request.url);
  }
  t.equal((await send(app, other, [])).status, 200, 'another key is not meant');
  await release();
  t.equal((await first).status, 200);
  t.equal((await ask(app, key, graphql)).status, 200, 'and then it may again');
});

t.test('bodies that wait are bounded in bytes', async (t) => {
  const w = await world(t);
  const app = await w.app({ limits: { ...usualLimits, bytes: 1_000_000 } });
  const [key, other] = [await w.key(), await w.key({ account_id: OTHER })];
  const release = await lock(w);
  const big = (id: string) => ({ events: Array.from({ length: 6 }, (_, n) => event(`${id}${n}`, 'x'.repeat(99_000))) });
  const waiting = send(app, key, big('a').events);
  await untilActive(w.sql, '%', 'Lock');
  const refused = await send(app, key, big('b').events);
  t.equal(refused.status, 429);
  t.ok(saysWhen(refused));
  t.match(refused.body.detail, /exceed .* MiB together/);
  const packed = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  const small = gzipSync(JSON.stringify({ events: [] }));
  const passed = await ask(app, key, { method: 'POST', url: '/v1/events', payload: small, headers: packed });
  t.equal(passed.status, 200, 'small ones pass');
  const bomb = gzipSync(JSON.stringify(big('d')));
  const unpacked = await ask(app, key, { method: 'POST', url: '/v1/events', payload: bomb, headers: packed });
  t.equal(unpacked.status, 429, `${bomb.length} bytes count as what they unpack to`);
  const others = send(app, other, big('c').events);
  await release();
  t.equal((await others).status, 200);
  t.equal((await waiting).status, 200);
});

t.test('a rate of each key, shared by all processes', async (t) => {
  const w = await world(t);
  const limits = { ...usualLimits, rate: 5 };
  const [one, two] = [await w.app({ limits }), await w.app({ limits })];
  const [key, other] = [await w.key(), await w.key()];
  // The counting itself must not take longer than the second that it counts.
  await Promise.all([ask(one, key, { url: '/v1/bots' }), ask(two, other, { url: '/v1/bots' })]);
  const started = performance.now();
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) => ask(n % 2 ? one : two, key, { url: '/v1/conversations?limit=1' })),
  );
  const seconds = Math.ceil((performance.now() - started) / 1000) + 1;
  const passed = answers.filter(({ status }) => status === 200).length;
  t.ok(passed >= 4 && passed <= 5 * seconds, `${passed} passed in at most ${seconds} windows`);
  const refused = answers.filter(({ status }) => status === 429);
  t.equal(refused.length, 40 - passed);
  t.ok(refused.every((answer) => saysWhen(answer) && answer.headers['retry-after'] === '1'));
  t.equal((await ask(one, other, { url: '/v1/conversations?limit=1' })).status, 200, 'another key has its own');
  const unbounded = await w.app();
  t.equal((await ask(unbounded, key, { url: '/v1/bots' })).status, 200);
  t.equal((await w.sql`select from request_rates`).length, 2);
});

t.test('one conversation cannot fill the disk', async (t) => {
  const w = await world(t);
  const db = openPool(w.target, { max: 4, statementTimeout: 60_000, tempFileLimit: 16 * 1024 * 1024 });
  t.teardown(() => db.close());
  const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts });
  t.teardown(() => app.close());
  const key = await w.key();
  const ids = (name: string, n: number) => Array.from({ length: 100 }, (_, i) => `${name}-${n * 100 + i}`);
  const events = Array.from({ length: 5 }, (_, n) => ({
    ...event(String(n)),
    conversation_id: 'wide',
    conversation: { visitor_ids: ids('v', n), visitor_session_ids: ids('s', n), room_ids: ids('r', n) },
  }));
  t.equal((await send(app, key, events)).status, 200);
  const report = {
    method: 'POST',
    url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`,
    payload: {
      interval: { start: '2024-01-01', end: '2024-02-01' },
      granularity: 'all',
      aggregations: [{ type: 'count' }],
      group_by: ['visitor_ids', 'visitor_session_ids', 'room_ids'],
    },
  } as const;
  const answer = await ask(app, key, report);
  t.equal(answer.status, 400, answer.text.slice(0, 300));
  t.match(answer.body.detail, /more temporary disk space than allowed: ask for a shorter range or fewer groups/);
  const [used] = await w.sql<
    { bytes: number }[]
  >`select temp_bytes as bytes from pg_stat_database where datname = current_database()`;
  t.ok(Number(used?.bytes) < 64 * 1024 * 1024, `${used?.bytes} bytes of temporary files`);
  const few = { ...report, payload: { ...report.payload, group_by: ['room_ids'] } };
  t.equal((await ask(app, key, few)).status, 200, 'a smaller question is answered');
});

const event = (id: string, text = 'hello') => ({
  id,
  type: 'message',
  sender: 'user',
  time: '2024-01-08T10:00:00Z',
  conversation_id: `c ${id}`,
  text,
  conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' },
});

/** Makes conversations by the thousand. */
async function fill(w: World, count: number): Promise<void> {
  const app = await w.app();
  const key = await w.key();
  for (let n = 0; n < count; n += 5_000) {
    const events = Array.from({ length: 5_000 }, (_, i) => ({
      ...event(`f${n + i}`),
      time: new Date(Date.UTC(2024, 0, 1) + ((n + i) % 8_700) * 3_600_000).toISOString(),
    }));
    await send(app, key, events);
  }
}

/** Holds up every statement on conversations until it is released. */
async function lock(w: World): Promise<() => Promise<void>> {
  const locked = await w.sql.reserve();
  await locked`begin`;
  await locked`lock table conversations in access exclusive mode`;
  return async () => {
    await locked`rollback`;
    locked.release();
  };
}
