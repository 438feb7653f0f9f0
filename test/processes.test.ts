import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { type Random, random, randomEvent } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, send, world } from './harness.js';
import { proxy } from './proxy.js';
import { refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';
import { launch, main, portOf, type Service, until } from './service.js';
import { inForm, isTimed } from './tools/form.js';
import { rowsOf } from './tools/rows.js';

/**
 * Three services on one database, one of them killed in the middle of its work and started again: writers and readers use all of
 * them. Answers agree with a recount of the rows, and in the end the rows are those that one service makes.
 */

const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));
/** With `npm run test:processes`, what takes them more than five minutes. */
const BATCHES = inForm(60, isTimed ? 12_000 : 150);
/** Milliseconds for a half of them. */
const LONGEST = inForm(60_000, isTimed ? 900_000 : 120_000);
const WRITERS = 6;
const READERS = 3;

t.test(`three services, one killed (SEED=${seed})`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const base = mkdtempSync(join(tmpdir(), 'reports-processes-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const way = await proxy(w.target); // PostgreSQL on TCP, as DATABASE_URL names it
  t.teardown(way.close);
  const serve = (): Service => {
    const service = launch(process.execPath, [...main, 'serve'], base, {
      DATABASE_URL: `postgres://${w.target.username}@127.0.0.1:${way.target.port}/${w.target.database}`,
      ...{ PORT: '0', BOOTSTRAP_ACCOUNT: ACCOUNT, KEY_CONNECTIONS: '8', KEY_REPORTS: '4', LOG_LEVEL: 'warn' },
    });
    t.teardown(async () => {
      service.child.kill('SIGKILL');
      await service.ended;
    });
    return service;
  };
  const services = [serve(), serve(), serve()];
  const ports = await Promise.all(services.map(portOf));
  await until(
    () => services.every(({ said }) => /^(Accounts |export KEY=)/m.test(said())),
    () => 'a start says less',
  );

  const keys = services.flatMap(({ said }) => /^export KEY=(\S+)$/m.exec(said())?.[1] ?? []);
  t.equal(keys.length, 1, 'of three that start at once on an empty database, one makes the first key');
  const headers = { authorization: `Bearer ${keys[0]}`, 'content-type': 'application/json' };

  /** Asks a service; null where it was cut off, or has to be asked again. */
  async function ask(n: number, path: string, body?: unknown, method = body === undefined ? 'GET' : 'POST') {
    const payload = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await fetch(`http://127.0.0.1:${ports[n]}${path}`, { method, headers, ...payload })
      .then(async (one) => ({ status: one.status, headers: one.headers, text: await one.text() }))
      .catch(() => null);
    if (answer === null || answer.status === 503 || answer.status === 429) return null;
    if (answer.status >= 400 && answer.status !== 404 && answer.status !== 401)
      throw new Error(`${path}: ${answer.text}`);
    return answer;
  }

  // Writers: each conversation's events in batches that come twice and in any order; a batch is sent until it is acknowledged.
  const batches = Array.from({ length: BATCHES }, (_, n) => batch(r, n));
  const waiting = r.shuffle([...batches, ...batches.slice(0, BATCHES / 3)]);
  const total = waiting.length;
  let [sent, again] = [0, 0];
  const writer = async (own: Random) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      while ((await ask(own.below(3), '/v1/events', { events: next })) === null) {
        again++;
        await delay(50);
      }
      sent++;
      await delay(own.below(120));
    }
  };

  // Readers: every number here only grows, so an answer lies between a recount before it and one after it.
  const counts = async () =>
    (
      await w.sql<{ conversations: number; messages: number; stored: number }[]>`
        select (select count(*)::int from conversations where start_time is not null and not withdrawn) as conversations,
          (select count(*)::int from events where type = 'message') as messages,
          (select count(*)::int from conversations where bot_id = 'shop' and not withdrawn) as stored`
    )[0] as { conversations: number; messages: number; stored: number };
  const range = { start_time: '2024-01-07', end_time: '2024-01-10' };
  const series = 'start_time=2024-01-07&end_time=2024-01-10&bucket=1d';
  const questions: {
    path: string;
    body?: unknown;
    of: 'conversations' | 'messages' | 'stored';
    found: (a: never) => number;
  }[] = [
    {
      ...{ path: `/v1/bots/shop/conversations?version=LIVE&format=csv&${series}`, of: 'stored' },
      found: (csv: string) =>
        csv
          .trim()
          .split('\r\n')
          .slice(1)
          .reduce((all, line) => all + Number(line.split(',')[1]), 0),
    },
    {
      ...{
        path: '/v1/query',
        body: { dataset: 'conversations', ...range, measures: ['conversations'] },
        of: 'conversations',
      },
      found: (a: { rows: [number][] }) => a.rows[0]?.[0] ?? 0,
    },
    {
      ...{ path: '/v1/query', body: { dataset: 'messages', ...range, measures: ['messages'] }, of: 'messages' },
      found: (a: { rows: [number][] }) => a.rows[0]?.[0] ?? 0,
    },
    {
      ...{ path: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`, of: 'conversations' },
      body: {
        ...{ interval: { start: range.start_time, end: range.end_time }, granularity: 'all' },
        ...{ aggregations: [{ type: 'count' }], filters: { type: 'selector', dimension: 'scope', value: 'org' } },
      },
      found: (a: { data: [string, number][] }) => a.data[0]?.[1] ?? 0,
    },
    {
      ...{ path: '/v1/graphql', of: 'conversations' },
      body: {
        query: `{ sessions_per_channel(args: {start_time: "${range.start_time}", end_time: "${range.end_time}"}) { session_count } }`,
      },
      found: (a: { data: { sessions_per_channel: { session_count: number }[] } }) =>
        a.data.sessions_per_channel.reduce((all, { session_count }) => all + session_count, 0),
    },
    {
      ...{ path: '/v1/bots', of: 'stored' },
      found: (a: { bots: { bot_id: string; conversations: number }[] }) =>
        a.bots.find(({ bot_id }) => bot_id === 'shop')?.conversations ?? 0,
    },
  ];
  const wrong: string[] = [];
  const compared = questions.map(() => 0);
  const end = performance.now() + 120_000;
  let isWriting = true;
  const reader = async (own: Random) => {
    while (isWriting || (Math.min(...compared) < 3 && performance.now() < end)) {
      const n = own.below(questions.length);
      const { path, body, of, found } = questions[n] as (typeof questions)[number];
      const before = (await counts())[of];
      const answer = await ask(own.below(3), path, body);
      if (answer === null || answer.status === 404) continue; // of the bot, before its first event
      const count = found((path.includes('csv') ? answer.text : JSON.parse(answer.text)) as never);
      const after = (await counts())[of];
      compared[n] = (compared[n] as number) + 1;
      if (!(before <= count && count <= after)) wrong.push(`${path} ${of}: ${count}, recounted ${before} to ${after}`);
    }
  };
  const killer = async () => {
    await until(
      () => sent > total / 4,
      () => 'nothing is sent',
      LONGEST,
    );
    services[1]?.child.kill('SIGKILL');
    await services[1]?.ended;
    await until(
      () => sent > total / 2,
      () => 'nothing is sent after the kill',
      LONGEST,
    );
    services[1] = serve();
    ports[1] = await portOf(services[1]);
  };
  const began = performance.now();
  const writing = Promise.all([
    killer(),
    ...Array.from({ length: WRITERS }, (_, n) => writer(random(seed + n))),
  ]).finally(() => {
    isWriting = false;
  });
  await Promise.all([writing, ...Array.from({ length: READERS }, (_, n) => reader(random(seed + 100 + n)))]);
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stderr.write(
    `processes: ${seconds} s, ${sent} batches, ${again} of them sent again; answers compared: ${compared.join(', ')}, wrong ${wrong.length}\n`,
  );
  t.strictSame(wrong, [], 'every answer lies between a recount before it and one after it');
  t.equal(sent, total);
  t.ok(Math.min(...compared) >= 3, 'each question was compared');
  t.ok(again > 0, 'the kill was felt');

  await until(
    async () => (await w.sql`select from segment_marks`).length === 0,
    () => 'marks are left',
  );
  const built = await differences(w.sql);
  t.ok(built.segments > 0);
  t.strictSame(built.wrong, [], 'every segment is what is built from scratch');

  const other = await world(t);
  const [app, key] = [await other.app(), await other.key()];
  for (const events of batches) t.equal((await send(app, key, events)).status, 200);
  await refreshAll(other.db);
  const [many, single] = [await rowsOf(w.sql), await rowsOf(other.sql)];
  for (const [table, rows] of Object.entries(single)) {
    t.ok(rows.length > 0, `${table} has rows`);
    t.strictSame(many[table], rows, `${table}: the rows that one service makes`);
  }

  // Comparing so many rows has held the proxy, so that the services may take the database for away.
  const isReady = (port: number) => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok);
  await until(
    async () => (await Promise.all(ports.map(isReady))).every(Boolean),
    () => 'a service does not come back',
  );
  // Nothing changes any more: all of them answer alike, with the same tag.
  for (const { path, body } of questions) {
    const answers = await Promise.all([0, 1, 2].map((n) => ask(n, path, body)));
    const told = answers.map((answer) => [answer?.status, answer?.headers.get('etag'), answer?.text]);
    t.equal(told[0]?.[0], 200, path);
    t.strictSame(told, [told[0], told[0], told[0]], path);
  }

  await t.test('what is taken away at one of them stops at all', async (t) => {
    const made = JSON.parse(
      (await ask(0, '/v1/keys', { name: 'second', permissions: ['read', 'admin'] }))?.text ?? '{}',
    );
    const second = { authorization: `Bearer ${made.key}` };
    const status = (n: number, path: string, more: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${ports[n]}${path}`, more).then((answer) => answer.status);
    const everywhere = (path: string, more?: RequestInit) => Promise.all([0, 1, 2].map((n) => status(n, path, more)));
    const share = async (more: Record<string, string>) => {
      const answer = await fetch(`http://127.0.0.1:${ports[0]}/v1/links`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json', ...more } },
        body: JSON.stringify({ report: `/v1/bots/shop/conversations?version=LIVE&${series}` }),
      });
      return (await answer.json()) as { link_id: string; path: string };
    };
    const [link, ofSecond] = [await share({ authorization: headers.authorization }), await share(second)];
    const put = await ask(0, '/v1/sources/desk', { preset: 'chatwoot' }, 'PUT');
    const hook = JSON.parse(put?.text ?? '{}').path as string;
    const delivery = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"event":"other"}' };

    t.strictSame(
      await everywhere('/v1/bots', { headers: second }),
      [200, 200, 200],
      'the key, which all of them remember',
    );
    t.strictSame(await everywhere(link.path), [200, 200, 200]);
    t.strictSame(await everywhere(ofSecond.path), [200, 200, 200]);
    t.strictSame(await everywhere(hook, delivery), [200, 200, 200]);

    await ask(1, `/v1/links/${link.link_id}`, undefined, 'DELETE');
    t.strictSame(await everywhere(link.path), [404, 404, 404], 'a link, at once');
    await ask(2, '/v1/sources/desk', undefined, 'DELETE');
    t.strictSame(await everywhere(hook, delivery), [404, 404, 404], 'a source, at once');
    await ask(1, `/v1/keys/${made.key_id}`, undefined, 'DELETE');
    t.strictSame(await everywhere(ofSecond.path), [404, 404, 404], 'a link of a key that is revoked, at once');
    const gone = async () => (await everywhere('/v1/bots', { headers: second })).every((one) => one === 401);
    await until(gone, () => 'a revoked key still works', 30_000);
    t.pass('and the key within 30 seconds');
  });
});

/** Events of a few conversations, of which many batches know more. */
function batch(r: Random, n: number): Event[] {
  return Array.from({ length: 1 + r.below(40) }, (_, m) => {
    const conversation = `c${r.below(BATCHES)}`;
    const event = randomEvent(r, n * 100 + m, conversation);
    return {
      ...event,
      conversation: { ...(event.conversation as object), bot_id: 'shop', bot_version: 'LIVE', withdrawn: false },
    } as Event;
  });
}
