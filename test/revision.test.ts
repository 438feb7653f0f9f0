import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { connect, type Sql } from '../src/database/connect.js';
import type { Database } from '../src/database/database.js';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { compact } from '../src/queries/revision/compact.js';
import { expiryOf, MANY, type Ranges } from '../src/queries/revision/expiry.js';
import { revisions } from '../src/queries/revision/revision.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { random, randomEvent } from './fold/events.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { refreshAll } from './segments/roads.js';
import { inForm, isFull } from './tools/form.js';

const SEED = Number(process.env.SEED ?? Date.now());
const timeouts = (text: string) => parseTimeouts(text) as Timeouts;
const asOf = { now: Date.UTC(2024, 0, 15), timeouts: timeouts('0') };

t.test('transactions that commit in another order than that of their ids', async (t) => {
  const w = await world(t);
  const look = revisions(w.db);
  const facts = async () => (await look(ACCOUNT, asOf))?.facts;
  const highest = async () => Number((await w.sql`select max(change_id) as id from account_changes`)[0]?.id);
  const [early, late] = [0, 1].map(() => connect(w.target, { max: 1, statementTimeout: 60_000 })) as [Sql, Sql];
  t.teardown(() => Promise.all([early.end(), late.end()]));
  const change = (sql: Sql, id: string) => {
    const event = { id, type: 'track', time: '2024-01-08T10:00:00Z', conversation_id: id, body: {} };
    return sql`select ingest(${ACCOUNT}::uuid, ${JSON.stringify([event])}, null, null, null)`;
  };
  const seen = [await facts()];
  await early.begin(async (tx) => {
    await change(tx as unknown as Sql, 'early');
    t.equal(await facts(), seen[0], 'nothing has committed');
    await change(late, 'late');
    seen.push(await facts());
    for (let n = 0; n < 60; n++) await change(late, `more ${n}`);
    seen.push(await facts());
    await compact(w.db, ACCOUNT, asOf.timeouts, asOf.now); // which does not see the first
    t.equal(await facts(), seen.at(-1), 'compacted');
    t.equal((await w.sql`select from account_changes`).length, 1);
  });
  const compacted = await highest();
  seen.push(await facts());
  const [{ id } = { id: 0 }] = await w.sql`select min(change_id) as id from account_changes`;
  t.ok(Number(id) < compacted, 'the highest id does not tell of the first transaction');
  t.equal(new Set(seen).size, seen.length, 'all states differ');

  await Promise.all(Array.from({ length: 8 }, () => compact(w.db, ACCOUNT, asOf.timeouts, asOf.now)));
  t.equal(await facts(), seen.at(-1), 'compacted by many at once');
});

t.test('compacting by many while others write', async (t) => {
  const w = await world(t);
  const look = revisions(w.db);
  const facts = async () => String((await look(ACCOUNT, asOf))?.facts);
  const counts: number[] = [];
  let written = 0;
  let isOver = false;
  const writer = async (name: number) => {
    for (let n = 0; n < 60; n++) {
      await w.db.write((sql) => sql`select note_change(${ACCOUNT}::uuid, '{}')::text as done`);
      written++;
      if (name === 0) counts.push(Number((await facts()).split(' ')[0]));
    }
  };
  const tidy = async () => {
    while (!isOver) await compact(w.db, ACCOUNT, asOf.timeouts, asOf.now);
  };
  const tidying = [tidy(), tidy()];
  await Promise.all([writer(0), writer(1), writer(2)]);
  isOver = true;
  await Promise.all(tidying);
  t.equal(Number((await facts()).split(' ')[0]), written);
  t.ok(
    counts.every((count, n) => n === 0 || count > (counts[n - 1] as number)),
    'the count only grows',
  );
  t.ok((await w.sql`select from account_changes`).length < 60, 'and the rows do not');
});

t.test('requests share a look-up that starts after all of them', async (t) => {
  const started: (() => void)[] = [];
  const db = {
    read(query: (sql: unknown) => unknown) {
      return new Promise((resolve) => {
        started.push(() => {
          query(() => ({}));
          resolve([{ is_pending: false, facts: `look ${started.length}`, ranges: null }]);
        });
      });
    },
  } as unknown as Database;
  const look = revisions(db);
  const tick = () => new Promise((resolve) => setImmediate(resolve));
  const first = look(ACCOUNT, asOf);
  await tick();
  started[0]?.();
  const isSent = look(ACCOUNT, asOf); // the first has been sent meanwhile
  const [second, other] = [look(ACCOUNT, asOf), look('00000000-0000-4000-8000-00000000000b', asOf)];
  await tick();
  await first;
  await tick();
  t.equal(started.length, 3, 'one for those that came later, one for another account');
  for (const start of started.slice(1)) start();
  t.equal((await isSent)?.facts, (await second)?.facts);
  t.not((await isSent)?.facts, (await first)?.facts);
  await other;
});

t.test(`texts of expiry differ where a conversation expires between (SEED=${SEED})`, (t) => {
  const r = random(SEED);
  let [passed, kept] = [0, 0];
  const wrong: unknown[] = [];
  for (let round = 0; round < 5_000; round++) {
    const activities = Array.from({ length: r.below(8) }, () => r.below(100));
    const delays = r.pick([[10], [10, 25]]);
    // Ten are a minute here. Ranges may be wider than what lies in them; those of the first minutes are one.
    const merged = r.below(6);
    const minutes = new Map<number, [number, number]>();
    for (const at of activities) {
      const minute = Math.floor(at / 10) < merged ? -1 : Math.floor(at / 10);
      const [first, last] = minutes.get(minute) ?? [at, at];
      minutes.set(minute, [Math.min(first, at), Math.max(last, at + (r.chance(0.5) ? r.below(10 - (at % 10)) : 0))]);
    }
    const sorted = [...minutes].sort(([x], [y]) => x - y);
    const textAt = (now: number, from: number) => {
      const ranges = delays.map((delay): Ranges => {
        const later = sorted.filter(([, [, last]]) => last > from - delay);
        const old = later.filter(([minute]) => minute === -1);
        return [...old, ...later.filter(([minute]) => minute >= 0).slice(0, MANY)].map(([, range]) => range);
      });
      return expiryOf(delays, ranges, now);
    };
    const [a, b] = [r.below(140), r.below(140)].sort((x, y) => x - y) as [number, number];
    const expires = activities.some((at) => delays.some((delay) => at + delay > a && at + delay <= b));
    const isSame = textAt(a, a - r.below(3)) === textAt(b, b - r.below(3));
    if (isSame && expires) wrong.push({ activities, merged, delays, a, b });
    if (expires) passed++;
    else if (isSame && a < b) kept++;
  }
  t.strictSame(wrong, []);
  t.ok(passed > 500 && kept > 500, `${passed} expired, ${kept} the same`);
  t.end();
});

t.test(`answers with the same tag are the same (SEED=${SEED})`, async (t) => {
  const w = await world(t);
  const r = random(SEED);
  const start = Date.UTC(2024, 0, 8);
  let now = start;
  const settings = ['24h', '30s,web=5s', '0', '10s,chat=0'];
  const apps: FastifyInstance[] = [];
  for (const text of settings) apps.push(await w.app({ now: () => now, timeouts: text }));
  const keys = [await w.key(), await w.key({ team_ids: ['care', 'sales'] })];
  const range = 'start_time=2024-01-08&end_time=2024-01-09';
  const urls = [
    '/v1/conversations',
    '/v1/conversations?state=open&limit=3',
    '/v1/conversations?format=csv',
    '/v1/conversations/c0',
    '/v1/conversations/c3',
    '/v1/bots',
    '/v1/teams?format=csv',
    `/v1/teams/care/conversations?${range}&bucket=1d&group_by=language`,
    '/v1/teams/care/conversations?start_time=now-1d/d&end_time=now/h&bucket=1d',
  ];
  const told = new Map<string, string>();
  let [same, kept, other] = [0, 0, 0];
  const wrong: string[] = [];
  for (let round = 0; round < inForm(150, 600); round++) {
    if (r.chance(0.2)) {
      const batch = Array.from({ length: 1 + r.below(4) }, (_, n) => randomEvent(r, round * 10 + n, `c${r.below(6)}`));
      await send(apps[0] as FastifyInstance, keys[0] as string, batch);
    }
    if (r.chance(0.5)) now = start + r.below(90_000);
    if (r.chance(0.3)) now += r.below(3) - 1;
    if (r.chance(0.1)) await refreshAll(w.db, { own: 2, large: 4 });
    if (r.chance(0.1))
      await compact(w.db, ACCOUNT, timeouts(r.pick(settings)), r.chance(0.5) ? now : now + 172_800_000);
    if (r.chance(0.05)) await rebuild(w.db, null);
    const [app, key, url] = [r.pick(apps), r.pick(keys), r.pick(urls)];
    const { status, headers, text } = await ask(app, key, { url });
    if (status !== 200) continue;
    const tag = String(headers.etag);
    const before = told.get(tag);
    if (before === undefined) other++;
    else if (before === text) same++;
    else wrong.push(`${url} at ${now}: ${before}, then ${text}`);
    told.set(tag, text);
    const again = await ask(app, key, { url, headers: { 'if-none-match': tag } });
    if (again.status === 304) kept++;
  }
  t.strictSame(wrong, []);
  t.ok((same > 0 || !isFull) && other > 10 && kept > 10, `${same} the same, ${other} new, ${kept} validated`);
});
