import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { root } from '../src/root.js';
import { ask, send, type World, world } from './harness.js';

// The examples of the further reports: what transcripts show of them, and what /v1/events takes. examples-reports/README.md.

interface Case {
  name: string;
  account: string | null;
  now: string;
  request: { method: 'GET' | 'POST'; path: string; query?: Record<string, string>; body?: { query?: string } };
  expect: { status: number; body?: unknown; part?: unknown; path?: string };
}

const folder = join(root, 'test/examples-reports');
const events: { account: string; event: object }[] = readFileSync(join(folder, 'events.ndjson'), 'utf8')
  .split('\n')
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line));
const isOurs = ({ request: { path, query = {}, body } }: Case) =>
  path === '/v1/events' ||
  (path.startsWith('/v1/conversations/') && !('limit' in query) && !('cursor' in query)) ||
  (path === '/v1/graphql' && body?.query?.includes('get_session_content('));
const cases = (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as Case[]).filter(isOurs);

const orders: { name: string; batch: number; sort: (list: typeof events) => typeof events }[] = [
  { name: 'as listed, in one batch', batch: 10_000, sort: (list) => list },
  { name: 'backwards, one by one', batch: 1, sort: (list) => [...list].reverse() },
  { name: 'in batches of 7', batch: 7, sort: (list) => [...list].sort((a, b) => mix(a) - mix(b)) },
];

const mix = ({ event }: { event: object }) =>
  [...JSON.stringify(event)].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);

for (const { name, batch, sort } of orders) {
  t.test(`examples of reports, events ${name}`, async (t) => {
    const w = await world(t);
    const keys = await load(w, sort(events), batch);
    const apps = new Map<string, FastifyInstance>();
    t.ok(cases.length > 25, `${cases.length} cases`);
    for (const { name, account, now, request, expect } of cases) {
      const app = apps.get(now) ?? (await w.app({ now: Date.parse(now) }));
      apps.set(now, app);
      const { method, path, query, body } = request;
      const answer = await ask(app, keys.get(account ?? '') ?? null, {
        method,
        url: path,
        ...(query ? { query } : {}),
        ...(body ? { payload: body } : {}),
      });
      t.equal(answer.status, expect.status, `${name}: status`);
      const wanted = expect.body ?? expect.part;
      if (wanted !== undefined) t.strictSame(difference(answer.body, wanted, expect.part !== undefined), null, name);
      if (expect.path !== undefined) {
        const paths = answer.body.errors.map((fault: { path: string }) => fault.path);
        t.ok(paths.includes(expect.path), `${name}: names ${expect.path}, among ${paths}`);
      }
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
      const answer = await send(app, key, own.slice(n, n + size));
      if (answer.status !== 200) throw new Error(`the events were not taken: ${answer.text}`);
    }
  }
  return keys;
}

/** Where an answer is not what is wanted, or null. In a part, objects may have more keys, and null stands for no key too. */
function difference(answer: unknown, wanted: unknown, isPart: boolean, path = '$'): string | null {
  const differs = `${path} is ${JSON.stringify(answer)}, not ${JSON.stringify(wanted)}`;
  if (wanted === '(any)') return answer == null ? differs : null;
  if (wanted === null) return answer === null || (isPart && answer === undefined) ? null : differs;
  if (typeof wanted === 'number' && typeof answer === 'number') {
    return Math.abs(answer - wanted) <= 1e-12 * Math.abs(wanted) ? null : differs;
  }
  if (typeof wanted !== 'object') return answer === wanted ? null : differs;
  if (typeof answer !== 'object' || answer === null || Array.isArray(answer) !== Array.isArray(wanted)) return differs;
  const keys = Object.keys(wanted);
  const closed = !isPart || Array.isArray(wanted);
  if (closed && Object.keys(answer).length !== keys.length) return differs;
  for (const key of keys) {
    const [one, other] = [answer as Record<string, unknown>, wanted as Record<string, unknown>].map((all) => all[key]);
    const found = difference(one, other, isPart, `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}
