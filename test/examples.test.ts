import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { root } from '../src/root.js';
import { type Answer, ask, send, type World, world } from './harness.js';

/** One request and its whole answer: test/examples/README.md says how to read them. */
interface Case {
  name: string;
  account: string | null;
  now: string;
  timeout: string;
  request: { method: 'GET' | 'POST'; path: string; query?: Record<string, string | string[]>; body?: object };
  expect: { status: number; body?: unknown; text?: string; path?: string; graphql_errors?: boolean; notice?: boolean };
}

const folder = join(root, 'test/examples');
const events: { account: string; event: object }[] = readFileSync(join(folder, 'events.ndjson'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const cases: Case[] = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));

/** Orders of arrival, with the size of a batch: each must give the same answers. */
const orders: { name: string; batch: number; sort: (list: typeof events) => typeof events }[] = [
  { name: 'as listed, in one batch', batch: 10_000, sort: (list) => list },
  { name: 'backwards, one by one', batch: 1, sort: (list) => [...list].reverse() },
  { name: 'sorted by a hash, in batches of 7', batch: 7, sort: (list) => [...list].sort((a, b) => mix(a) - mix(b)) },
];

const mix = ({ event }: { event: object }) =>
  [...JSON.stringify(event)].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);

for (const order of orders) {
  t.test(`examples, events ${order.name}`, async (t) => {
    const w = await world(t);
    const keys = await load(w, order.sort(events), order.batch);
    const apps = new Map<string, FastifyInstance>();
    for (const example of cases) {
      const id = `${example.now} ${example.timeout}`;
      const app = apps.get(id) ?? (await w.app({ now: Date.parse(example.now), timeouts: example.timeout }));
      apps.set(id, app);
      const key = example.account === null ? null : (keys.get(example.account) ?? null);
      const { method, path, query, body } = example.request;
      const answer = await ask(app, key, {
        method,
        url: path,
        ...(query ? { query } : {}),
        ...(body ? { payload: body } : {}),
      });
      compare(t, example, answer);
    }
  });
}

async function load(w: World, list: typeof events, size: number): Promise<Map<string, string>> {
  const app = await w.app();
  const keys = new Map<string, string>();
  for (const account of new Set(list.map((line) => line.account))) {
    const key = await w.key({ account_id: account });
    keys.set(account, key);
    const own = list.filter((line) => line.account === account).map((line) => line.event);
    for (let n = 0; n < own.length; n += size) {
      const batch = own.slice(n, n + size);
      const answer = await send(app, key, batch);
      if (answer.body.accepted !== batch.length) throw new Error(`the events were not taken: ${answer.text}`);
    }
  }
  return keys;
}

function compare(t: Test, { name, expect }: Case, answer: Answer) {
  t.equal(answer.status, expect.status, `${name}: status (${answer.text.slice(0, 300)})`);
  if (expect.body !== undefined) t.strictSame(closeTo(answer.body, expect.body), expect.body, name);
  if (expect.text !== undefined) t.equal(answer.text, expect.text, name);
  if (expect.path !== undefined) {
    const paths = (answer.body?.errors ?? []).map((fault: { path: string }) => fault.path);
    t.ok(paths.includes(expect.path), `${name}: names ${expect.path}, among ${paths}`);
  }
  if (expect.graphql_errors) {
    t.ok(answer.body?.errors?.length > 0 && answer.body.data == null, `${name}: errors and no data`);
  }
  if (expect.notice !== undefined) t.equal('report-notice' in answer.headers, expect.notice, `${name}: Report-Notice`);
}

/** The answer with each average that is off by no more than its last digits set to the expected one. */
function closeTo(answer: unknown, expected: unknown): unknown {
  if (typeof answer === 'number' && typeof expected === 'number') {
    return !Number.isInteger(expected) && Math.abs(answer - expected) <= 1e-14 * Math.abs(expected) ? expected : answer;
  }
  if (Array.isArray(answer) && Array.isArray(expected)) return answer.map((item, n) => closeTo(item, expected[n]));
  if (typeof answer === 'object' && answer !== null && typeof expected === 'object' && expected !== null) {
    return Object.fromEntries(
      Object.entries(answer).map(([key, item]) => [key, closeTo(item, (expected as Record<string, unknown>)[key])]),
    );
  }
  return answer;
}
