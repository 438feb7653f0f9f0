import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { parse } from 'yaml';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf, until } from './service.js';

const ACCOUNT = '00000000-0000-4000-8000-00000000000a';
const SECRET = 'a-secret-of-the-test';
const authorization = `Bearer first:${SECRET}`;
/** Stands in what is sent, and must be in no metric. */
const MARK = 'Zz9secret';
const json = { authorization, 'content-type': 'application/json' };

/** The service with its metrics, over a database of the test's own behind a proxy. */
async function measuredService(t: Test, env: Record<string, string> = {}) {
  const { target, sql } = await world(t);
  const way = await proxy(target);
  t.teardown(() => way.close());
  const stray = `data:text/javascript,process.on('SIGUSR2', () => Promise.reject(new Error('stray')))`;
  const service = launch(process.execPath, ['--import', stray, ...main, 'serve'], t.testdir(), {
    DATABASE_URL: `postgres://${target.username}@127.0.0.1:${way.target.port}/${target.database}`,
    PORT: '0',
    METRICS_PORT: '0',
    BOOTSTRAP_KEY: `first:${SECRET}`,
    BOOTSTRAP_ACCOUNT: ACCOUNT,
    ...env,
  });
  t.teardown(() => service.child.kill('SIGKILL'));
  const port = await portOf(service);
  const url = /"url":"(http:[^"]*\/metrics)"/.exec(service.said())?.[1] ?? '';
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: json, ...init }).then(async (answer) => {
      await answer.text();
      return answer.status;
    });
  const post = (path: string, body: object) => ask(path, { method: 'POST', body: JSON.stringify(body) });
  const scrape = () => fetch(url, { signal: AbortSignal.timeout(5_000) }).then((answer) => answer.text());
  /** The value of a series; undefined where there is none. */
  const value = async (series: string) => {
    const line = (await scrape()).split('\n').find((one) => one.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  /** Waits until a series has a value: an answer may reach us before it is counted. */
  const counts = async (series: string, expected: number) => {
    await until(
      async () => (await value(series)) === expected,
      () => `${series} is not ${expected}`,
      10_000,
    ).catch(() => {});
    t.equal(await value(series), expected, series);
  };
  return { service, way, sql, port, url, ask, post, scrape, value, counts };
}

const event = (id: string, more: object = {}) => ({
  ...{ id, type: 'message', sender: 'user', time: new Date().toISOString(), conversation_id: MARK },
  ...{ text: MARK, conversation: { bot_id: 'shop', bot_version: 'LIVE' }, ...more },
});

const requests = (method: string, route: string, status: string) =>
  `conversation_reports_http_requests_total{method="${method}",route="${route}",status="${status}"}`;

t.test('what a service did, as Prometheus reads it', async (t) => {
  const { service, way, sql, port, url, ask, post, scrape, value, counts } = await measuredService(t, {
    KEY_RATE: '20',
  });

  await t.test('requests by template and status; URLs of any kind are one label', async () => {
    const report = '/v1/bots/shop/conversations?version=LIVE&start_time=now-1d&end_time=now';
    t.equal(await post('/v1/events', { events: [event('1'), event('2', { time: '2024-01-08T10:00:00Z' })] }), 200);
    t.equal(await post('/v1/events', { events: [event('1')] }), 200);
    t.equal(await post('/v1/events', { events: [event('3'), event('4', { [MARK]: MARK })] }), 400);
    t.equal(await ask(report), 200);
    t.equal(await ask(report.replace('shop', MARK)), 404);
    for (const path of [`/${MARK}`, `/v1/${MARK}?${MARK}=1`, `/%ZZ${MARK}`]) await ask(path);
    await ask('/healthz', { method: 'PROPFIND' });
    await counts(requests('POST', '/v1/events', '200'), 2);
    await counts(requests('POST', '/v1/events', '400'), 1);
    await counts(requests('GET', '/v1/bots/:bot_id/conversations', '200'), 1);
    await counts(requests('GET', '/v1/bots/:bot_id/conversations', '404'), 1);
    await counts(requests('GET', 'unknown', '404'), 2);
    await counts(requests('GET', 'unknown', '400'), 1);
    await counts(
      'conversation_reports_http_request_duration_seconds_count{method="GET",route="/v1/bots/:bot_id/conversations"}',
      2,
    );
    await counts('conversation_reports_http_requests_in_flight', 0);
    await counts('conversation_reports_events_total{outcome="accepted"}', 2);
    await counts('conversation_reports_events_total{outcome="duplicates"}', 1);
    await counts('conversation_reports_events_total{outcome="refused"}', 2);
    await counts('conversation_reports_ingest_lag_seconds_count', 1);
    await counts('conversation_reports_ingest_lag_seconds_bucket{le="60"}', 1);
    t.ok(((await value('conversation_reports_statement_duration_seconds_count{weight="write"}')) ?? 0) >= 3);
    const roads = await Promise.all(
      ['segments', 'raw', 'mixed', 'kept'].map((road) => value(`conversation_reports_reports_total{road="${road}"}`)),
    );
    t.equal(
      roads.reduce<number>((sum, one) => sum + (one ?? 0), 0),
      1,
      'one report was computed',
    );
  });

  await t.test('what Node refuses before it is a request has a line in the log and a count', async () => {
    const say = async (text: string) => {
      const socket = connect(port, '127.0.0.1');
      socket.on('error', () => {}).resume();
      socket.write(text);
      await once(socket, 'close');
    };
    await say(`${MARK} ${MARK}\r\n\r\n`);
    await say(`GET /${MARK} HTTP/1.1\r\nHost: here\r\nCookie: ${MARK.repeat(3_000)}\r\n\r\n`);
    await say(`GET / HTTP/1.1\r\nHost: here\r\nExpect: ${MARK}\r\n\r\n`);
    const unreadable = (reason: string) => `conversation_reports_http_unreadable_total{reason="${reason}"}`;
    await counts(unreadable('invalid'), 1);
    await counts(unreadable('headers'), 1);
    await counts(unreadable('expectation'), 1);
    await counts(unreadable('timeout'), 0);
    for (const status of [400, 431, 417]) t.match(service.said(), new RegExp(`"route":null,"status":${status}`));
  });

  await t.test('what was turned away, and stray rejections', async () => {
    await delay(1_000 - (Date.now() % 1_000)); // the rate is counted by the second
    const statuses = await Promise.all(Array.from({ length: 60 }, () => ask('/v1/me')));
    const limited = statuses.filter((status) => status === 429).length;
    t.ok(limited > 0, `${limited} were limited`);
    await counts('conversation_reports_http_shed_total{reason="key_rate"}', limited);
    await counts('conversation_reports_unhandled_rejections_total', 0);
    service.child.kill('SIGUSR2');
    await counts('conversation_reports_unhandled_rejections_total', 1);
  });

  await t.test('the age of the oldest mark, which is looked for beside scrapes', async () => {
    const age = async () => (await value('conversation_reports_segments_oldest_mark_seconds')) ?? -1;
    // The first mark of an account is looked at, so those of the events above have to be gone.
    await until(async () => (await sql`select from segment_marks`).count === 0, service.said, 30_000);
    await sql.begin(async (tx) => {
      // As a refresh that goes on elsewhere, so that nobody takes the mark.
      await tx`select pg_advisory_xact_lock(hashtextextended(${`segments of ${ACCOUNT}`}, 0))`;
      await sql`insert into segment_marks (account_id, bot_id, hour, marked_at)
        values (${ACCOUNT}::uuid, '', '2024-01-08T10:00:00Z', now() - interval '1 hour')`;
      await until(async () => (await age()) >= 3_600, service.said, 30_000);
    });
    t.ok((await age()) < 4_000);
    await until(async () => (await age()) === 0, service.said, 30_000);
  });

  await t.test('a scrape neither fails nor hangs while the database is away', async () => {
    await counts('conversation_reports_database_up', 1);
    way.refuse = () => {}; // takes connections, and never answers
    way.up = () => false;
    await until(async () => (await value('conversation_reports_database_up')) === 0, service.said, 30_000);
    t.equal(await ask('/v1/bots'), 503);
    const shed = await value('conversation_reports_http_shed_total{reason="database"}');
    t.ok(shed !== undefined && shed >= 1, `${shed} requests ran into it`);
    way.refuse = undefined;
    way.up = undefined;
    await until(async () => (await value('conversation_reports_database_up')) === 1, service.said, 30_000);
  });

  await t.test('every name in the rules and the dashboard is one of a scrape', async () => {
    const text = await scrape();
    const names = new Set([...text.matchAll(/^([a-z0-9_]+)(?:\{| )/gm)].map(([, name]) => name as string));
    const rules = parse(readFileSync(join(root, 'samples/prometheus/alerts.yml'), 'utf8')) as {
      groups: { rules: { alert: string; expr: string; annotations: { summary: string } }[] }[];
    };
    const dashboard = JSON.parse(readFileSync(join(root, 'samples/grafana/service.json'), 'utf8')) as {
      panels: { title: string; targets: { expr: string }[] }[];
    };
    const expressions = [
      ...rules.groups.flatMap((group) => group.rules.map(({ alert, expr }) => [alert, expr] as const)),
      ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
    ];
    t.ok(expressions.length > 30, `${expressions.length} expressions`);
    for (const [title, expr] of expressions) {
      const used = [...expr.matchAll(/\b(?:conversation_reports|nodejs|process)_[a-z0-9_]+/g)].map(([name]) => name);
      const labels = [...expr.matchAll(/(\w+)="([^"$]*)"/g)].filter(([, label]) => label !== 'job');
      if (used.length === 0) t.match(expr, /^up\{/, title);
      for (const name of used) t.ok(names.has(name), `${title}: ${name}`);
      for (const [, label, value] of labels) {
        const isStatus = label === 'status'; // a status has a series with its first answer
        t.ok(isStatus || text.includes(`${label}="${value}"`), `${title}: ${label}="${value}"`);
      }
    }
  });

  await t.test('nothing in it is of a person, a key or an account; nothing else is at its address', async () => {
    const text = await scrape();
    for (const word of [MARK, ACCOUNT, SECRET, 'first', 'shop']) t.notOk(text.includes(word), word);
    t.equal((await fetch(new URL('/', url))).status, 404);
    t.equal((await fetch(url, { method: 'POST' })).status, 405);
    t.equal(await ask('/metrics'), 404, 'nor are they at the address of the API');
  });

  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0, service.said());
});

t.test('without METRICS_PORT there are none; a port in use is named', async (t) => {
  const { url, service } = await measuredService(t, { METRICS_PORT: '' });
  t.equal(url, '');
  service.child.kill('SIGTERM');
  await service.ended;

  const { createServer } = await import('node:http');
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.teardown(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  await t.rejects(measuredService(t, { METRICS_PORT: String(port) }), {
    message: new RegExp(`METRICS_PORT=${port} is in use on 127.0.0.1: .* set METRICS_PORT to another port`),
  });
});
