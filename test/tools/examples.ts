import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { refresh } from '../../src/queries/segments/refresh.js';
import { root } from '../../src/root.js';
import { type Answer, ask, send, type World, world } from '../harness.js';
import { within } from './close.js';

/** One request and what it is answered: the README beside the cases says how to read them. */
interface Case {
  name: string;
  account: string | null;
  now: string;
  timeout: string;
  request: { method: 'GET' | 'POST'; path: string; query?: Record<string, string | string[]>; body?: object };
  expect: {
    status: number;
    body?: unknown;
    part?: unknown;
    text?: string;
    path?: string;
    graphql_errors?: boolean;
    notice?: boolean;
    catalogue?: Record<string, { dimensions: string[]; measures: string[] }>;
  };
}

interface Line {
  account: string;
  event: object;
}

/** Orders of arrival, with the size of a batch, and the roads of the answers: each must give the same. */
const orders: { name: string; batch: number; sort: (list: Line[]) => Line[]; road: Road }[] = [
  { name: 'as listed, in one batch', batch: 10_000, sort: (list) => list, road: 'raw' },
  { name: 'backwards, one by one', batch: 1, sort: (list) => [...list].reverse(), road: 'built' },
  {
    name: 'sorted by a hash, in batches of 7',
    batch: 7,
    sort: (list) => [...list].sort((a, b) => mix(a) - mix(b)),
    road: 'stored',
  },
];

/** The raw road alone, or segments where they can answer: built in the answer, or stored before. */
type Road = 'raw' | 'built' | 'stored';

const mix = ({ event }: Line) =>
  [...JSON.stringify(event)].reduce((hash, c) => (Math.imul(hash, 31) + c.charCodeAt(0)) | 0, 7);

/**
 * Tests every case of a folder of test/, with its events in `most` orders of arrival. A number with a fraction may be off by
 * `tolerance`, as a share of it: as many digits as the cases are written with. A whole number must be met exactly.
 */
export function testExamples(name: string, tolerance: number, most: number): void {
  const folder = join(root, 'test', name);
  const events: Line[] = readFileSync(join(folder, 'events.ndjson'), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
  const cases: Case[] = JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8'));

  for (const order of orders.slice(-most)) {
    t.test(`${name}, events ${order.name}, ${roadNames[order.road]}`, async (t) => {
      const w = await world(t);
      const keys = await load(w, order.sort(events), order.batch);
      await prepare(w, order.road, [...keys.keys()]);
      const apps = new Map<string, FastifyInstance>(); // one for each timeout; their clock goes from case to case
      let now = 0;
      const answers = new Map<string, Answer>();

      async function answerOf(example: Case): Promise<Answer> {
        const known = answers.get(example.name);
        if (known !== undefined) return known;
        const app = apps.get(example.timeout) ?? (await w.app({ now: () => now, timeouts: example.timeout }));
        apps.set(example.timeout, app);
        const key = example.account === null ? null : (keys.get(example.account) ?? null);
        const { method, path, query, body } = example.request;
        const filled = query && (await withCursors(query)); // asks other cases, at their time
        now = Date.parse(example.now);
        const answer = await ask(app, key, {
          method,
          url: path,
          ...(filled ? { query: filled } : {}),
          ...(body ? { payload: body } : {}),
        });
        answers.set(example.name, answer);
        return answer;
      }

      /** A cursor that stands for one of another case is the one that this case is answered with. */
      async function withCursors(query: Record<string, string | string[]>): Promise<Record<string, string | string[]>> {
        const filled: Record<string, string | string[]> = {};
        for (const [name, value] of Object.entries(query)) {
          const [, kind = '', other] = /^\((\w+_cursor) of (.*)\)$/.exec(String(value)) ?? [];
          const example = cases.find((one) => one.name === other);
          const body = example === undefined ? null : (await answerOf(example)).body;
          filled[name] = body === null ? value : (body.pagination?.[kind] ?? body[kind]);
        }
        return filled;
      }

      for (const example of cases) compare(t, example, await answerOf(example), tolerance);
      const roads = [...answers.values()].map(
        ({ headers }) => /desc="(\w+)"/.exec(String(headers['server-timing']))?.[1],
      );
      const fast = roads.filter((road) => road === 'segments').length;
      const slow = roads.filter((road) => road === 'raw').length;
      t.comment(`${fast} answers by segments, ${slow} by the raw road`);
      t.ok(slow > 0);
      t.equal(fast > roads.length / 10, order.road !== 'raw', `${fast} answers by segments`);
    });
  }
}

const roadNames: Record<Road, string> = {
  raw: 'raw road',
  built: 'segments built in the answer',
  stored: 'stored segments',
};

async function prepare({ sql, db }: World, road: Road, accounts: string[]): Promise<void> {
  // As after an upgrade: segments are not used.
  if (road === 'raw') await sql`insert into pending_marks default values`;
  else if (road === 'stored') {
    for (const account of accounts) while ((await refresh(db, account)) !== null);
  }
}

async function load(w: World, list: Line[], size: number): Promise<Map<string, string>> {
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

function compare(t: Test, { name, expect }: Case, answer: Answer, tolerance: number) {
  const { closeTo, partOf, closeText } = within(tolerance);
  t.equal(answer.status, expect.status, `${name}: status (${answer.text.slice(0, 300)})`);
  if (expect.body !== undefined) t.strictSame(closeTo(answer.body, expect.body), expect.body, name);
  if (expect.part !== undefined) t.strictSame(partOf(answer.body, expect.part), expect.part, name);
  if (expect.text !== undefined) t.equal(closeText(answer.text, expect.text), expect.text, name);
  if (expect.path !== undefined) {
    const paths = (answer.body?.errors ?? []).map((fault: { path: string }) => fault.path);
    t.ok(paths.includes(expect.path), `${name}: names ${expect.path}, among ${paths}`);
  }
  if (expect.graphql_errors) {
    t.ok(answer.body?.errors?.length > 0 && answer.body.data == null, `${name}: errors and no data`);
  }
  if (expect.notice !== undefined) t.equal('report-notice' in answer.headers, expect.notice, `${name}: Report-Notice`);
  for (const [dataset, names] of Object.entries(expect.catalogue ?? {})) {
    const found = answer.body.datasets.find((one: { name: string }) => one.name === dataset);
    for (const kind of ['dimensions', 'measures'] as const) {
      const there = found[kind].map((one: { name: string }) => one.name);
      t.strictSame(
        names[kind].filter((one) => !there.includes(one)),
        [],
        `${name}: ${kind} of ${dataset}`,
      );
    }
  }
}
