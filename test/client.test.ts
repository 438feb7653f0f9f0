import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { createReports, type Event, ReportsError, SendError } from '../src/client/index.js';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { runScript } from './tools/script.js';

const NOW = Date.parse('2024-02-01T00:00:00Z');
const message = (n: number, more: object = {}): Event => ({
  id: `m-${n}`,
  type: 'message',
  sender: 'user',
  time: new Date(NOW - 86_400_000 + n * 1_000).toISOString(),
  conversation_id: `c-${n}`,
  conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' },
  ...more,
});

async function service(t: Test) {
  const w = await world(t);
  const [app, basic] = [await w.app({ now: NOW }), await w.key()];
  const key = Buffer.from(basic.slice('Basic '.length), 'base64').toString();
  await app.listen({ host: '127.0.0.1', port: 0 });
  return { w, key, url: addressOf(app) };
}

const addressOf = (app: FastifyInstance) => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

t.test('it sends, asks and reads page by page', async (t) => {
  const { url, key } = await service(t);
  const reports = createReports({ url: `${url}/`, key });
  const events = Array.from({ length: 130 }, (_, n) => message(n));
  const sizes: number[] = [];
  const counting = createReports({
    url,
    key,
    fetch: async (request) => {
      sizes.push(((await request.clone().json()) as { events: object[] }).events.length);
      return await fetch(request);
    },
  });
  t.strictSame(await counting.send(events, { batch: 50 }), { accepted: 130, duplicates: 0 });
  t.strictSame(sizes, [50, 50, 30], 'in batches');
  t.strictSame(await reports.send(events), { accepted: 0, duplicates: 130 }, 'again: nothing changes');
  t.strictSame(await reports.send([]), { accepted: 0, duplicates: 0 });
  async function* arriving() {
    yield message(130);
    yield message(131, { conversation_id: 'c-130', sender: 'bot', text: 'Hello' });
  }
  t.strictSame(await reports.send(arriving()), { accepted: 2, duplicates: 0 });

  const range = { start_time: '2024-01-31', end_time: '2024-02-01' };
  const answer = await reports.query({ dataset: 'conversations', ...range, measures: ['conversations'] });
  t.strictSame(answer.rows, [[131]]);
  const ids: string[] = [];
  for await (const { conversation_id } of reports.conversations({ bot_id: 'shop', limit: 50 }))
    ids.push(conversation_id);
  t.strictSame(
    ids,
    Array.from({ length: 131 }, (_, n) => `c-${130 - n}`),
    'every one once, newest first',
  );
  const messages: (string | null)[] = [];
  for await (const page of reports.transcript('c-130')) messages.push(...page.messages.map((one) => one.sender));
  t.strictSame(messages, ['user', 'bot']);
  const { data } = await reports.api.GET('/v1/bots');
  t.equal(data?.bots[0]?.conversations, 131, 'every other operation, typed');
});

t.test('a refusal is an error that says where', async (t) => {
  const { url, key } = await service(t);
  const reports = createReports({ url, key });
  const events = Array.from({ length: 10 }, (_, n) => message(n, n === 7 ? { time: 'soon' } : {}));
  const refused = await reports.send(events, { batch: 4 }).catch((error) => error);
  t.ok(refused instanceof SendError);
  t.match(refused, { status: 400, stored: 4, errors: [{ path: '$.events[7].time' }] }, 'by its place in all of them');
  t.strictSame(await reports.send(events.filter((_, n) => n !== 7)), { accepted: 5, duplicates: 4 });
  const unknown = createReports({ url, key: 'k:wrong' });
  const error = await unknown
    .query({ dataset: 'messages', start_time: 'now-1d', end_time: 'now', measures: ['messages'] })
    .catch((error) => error);
  t.ok(error instanceof ReportsError);
  t.match(error, { status: 401, message: /unknown, revoked/ });
});

t.test('it tries again when that may help, and waits as it is told', async (t) => {
  const { url, key, w } = await service(t);
  const waits: number[] = [];
  /** What happens to each attempt: an answer in place of the service's, none, or none after the service has stored it. */
  const through = (fates: (number | 'lost' | 'stored, then lost')[], retries = 6) => {
    let attempts = 0;
    waits.length = 0;
    const reports = createReports({
      url,
      key,
      retries,
      wait: async (time) => void waits.push(time),
      fetch: async (request) => {
        const fate = fates[attempts++];
        if (fate === 'lost') throw new TypeError('fetch failed');
        if (typeof fate === 'number') return new Response('{}', { status: fate, headers: { 'retry-after': '7' } });
        const answer = await fetch(request);
        if (fate === 'stored, then lost') throw new TypeError('terminated');
        return answer;
      },
    });
    return { reports, attempts: () => attempts };
  };
  const busy = through([429, 503, 'lost', 'stored, then lost']);
  t.strictSame(await busy.reports.send([message(1)]), { accepted: 0, duplicates: 1 }, 'stored once');
  t.equal(busy.attempts(), 5);
  t.strictSame(waits.slice(0, 2), [7_000, 7_000], 'Retry-After');
  t.ok((waits[2] as number) >= 500 && (waits[3] as number) >= 1_000 && (waits[3] as number) <= 2_000, `${waits}`);

  const away = through(Array(9).fill('lost'), 2);
  t.match(await away.reports.send([message(2)]).catch((error) => error), { message: 'fetch failed' });
  t.equal(away.attempts(), 3);
  const down = through(Array(9).fill(503), 2);
  t.match(await down.reports.send([message(2)]).catch((error) => error), { status: 503 });
  const wrong = through([400]);
  await wrong.reports.send([message(2)]).catch(() => {});
  t.equal(wrong.attempts(), 1, 'a refusal is final');

  const body = { permissions: ['read' as const] };
  const once = through(['stored, then lost']);
  await once.reports.api.POST('/v1/keys', { body }).catch(() => {});
  t.equal(once.attempts(), 1, 'what makes something new is not repeated');
  t.equal((await w.sql`select from keys`).length, 2);
  const refused = through([429]);
  t.equal((await refused.reports.api.POST('/v1/keys', { body })).response.status, 201, 'unless nothing was done');
  const stopped = new AbortController();
  stopped.abort();
  const aborted = through([]);
  t.match(await aborted.reports.send([message(3)], { signal: stopped.signal }).catch((error) => error), {
    name: 'AbortError',
  });
});

const user = `
import { createReports, type Event } from 'conversation-reports/client';

export const run = async (url: string, key: string) => {
  const reports = createReports({ url, key });
  const event: Event = { id: '1', type: 'message', sender: 'user', time: '2024-01-08T09:15:00Z', conversation_id: 'c' };
  const { accepted } = await reports.send([event]);
  // @ts-expect-error a message has a sender
  const wrong: Event = { id: '1', type: 'message', time: '2024-01-08T09:15:00Z', conversation_id: 'c' };
  // @ts-expect-error there is no such operation
  void (() => reports.api.GET('/v1/robots', wrong));
  return accepted;
};
const [url = '', key = ''] = process.argv.slice(2);
process.stdout.write(String(await run(url, key)));
`;

t.test('it is imported from the package, with its types', async (t) => {
  const { url, key } = await service(t);
  mkdirSync(join(root, '.tap'), { recursive: true });
  const dir = mkdtempSync(join(root, '.tap/client-')); // within the project, which is found by its own name
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  writeFileSync(join(dir, 'user.ts'), user);
  const compilerOptions = {
    strict: true,
    target: 'ES2023',
    module: 'NodeNext',
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['user.ts'] }));
  const compiled = await runScript('typescript/bin/tsc', '--project', dir);
  t.equal(compiled.code, 0, compiled.stdout);
  const { stdout, stderr } = await runScript(join('..', dir.slice(root.length), 'user.js'), url, key);
  t.equal(stdout, '1', stderr);
});
