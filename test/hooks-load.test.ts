import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { ask, world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf } from './service.js';
import { rowsOf } from './tools/rows.js';

/**
 * 1,000 deliveries, a third of them repeats, in any order, by two processes on one database: the rows are those that the
 * command `import` makes of the same records.
 */

const KEY = 'first:a-secret-of-the-test';
const authorization = `Basic ${Buffer.from(KEY).toString('base64')}`;
const ACCOUNT = '00000000-0000-4000-8000-00000000000a';
const seed = Number(process.env.SEED ?? Math.floor(Math.random() * 1e9));

/** Numbers from 0 to 1 that a seed decides. */
function random(from: number): () => number {
  let state = from >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The webhooks of 40 conversations of Chatwoot, in order. */
function story(r: () => number): object[] {
  const began = Date.parse('2024-01-08T09:00:00Z');
  return Array.from({ length: 40 }, (_, c) => {
    const contact = { id: c % 7, name: `user-${c % 7}`, type: 'contact' };
    const conversation = {
      id: c,
      channel: 'Channel::WebWidget',
      inbox_id: 1,
      status: 'open',
      meta: { sender: contact },
    };
    const shared = { account: { id: 1 } };
    const at = (n: number) => began + c * 3_600_000 + n * 60_000;
    const messages = Array.from({ length: 15 }, (_, n) => {
      const kind = n === 0 || r() < 0.5 ? 'incoming' : r() < 0.3 ? 'template' : 'outgoing';
      const sender =
        kind === 'incoming' ? contact : kind === 'outgoing' ? { id: n % 3, name: 'agent-1', type: 'user' } : null;
      return {
        event: 'message_created',
        ...{ id: c * 100 + n, content: `message ${n}`, created_at: new Date(at(n)).toISOString(), message_type: kind },
        ...{ private: kind === 'outgoing' && r() < 0.2, content_type: 'text', sender, conversation, ...shared },
      };
    });
    const status = (to: string, n: number) => ({
      ...{ event: 'conversation_status_changed', ...conversation, ...shared, status: to, updated_at: at(n) / 1000 },
    });
    return [status('resolved', 7.5), status('open', 9.5), ...messages, ...(r() < 0.5 ? [status('resolved', 20)] : [])];
  }).flat();
}

function shuffled<T>(items: T[], r: () => number): T[] {
  const all = [...items];
  for (let n = all.length - 1; n > 0; n--) {
    const other = Math.floor(r() * (n + 1));
    [all[n], all[other]] = [all[other] as T, all[n] as T];
  }
  return all;
}

t.test('deliveries to two processes make the rows of one import', async (t) => {
  const r = random(seed);
  t.comment(`SEED=${seed}`);
  const all = story(r);
  const deliveries = shuffled([...all, ...shuffled(all, r).slice(0, 1_000 - all.length)], r);
  t.equal(deliveries.length, 1_000);

  const w = await world(t);
  const base = mkdtempSync(join(tmpdir(), 'reports-hooks-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  const way = await proxy(w.target); // PostgreSQL on TCP, as DATABASE_URL names it
  t.teardown(way.close);
  const ports: number[] = [];
  for (let n = 0; n < 2; n++) {
    const service = launch(process.execPath, [...main, 'serve'], base, {
      DATABASE_URL: `postgres://${w.target.username}@127.0.0.1:${way.target.port}/${w.target.database}`,
      ...{ PORT: '0', BOOTSTRAP_KEY: KEY, BOOTSTRAP_ACCOUNT: ACCOUNT, KEY_CONNECTIONS: '8' },
    });
    t.teardown(async () => {
      service.child.kill('SIGKILL');
      await service.ended;
    });
    ports.push(await portOf(service));
  }
  const headers = { authorization, 'content-type': 'application/json' };
  const put = await fetch(`http://127.0.0.1:${ports[0]}/v1/sources/desk`, {
    ...{ method: 'PUT', headers, body: JSON.stringify({ preset: 'chatwoot', set: { bot_id: 'shop' } }) },
  });
  const { path } = (await put.json()) as { path: string };

  const total = { accepted: 0, duplicates: 0, ignored: 0, failed: 0 };
  const waiting = [...deliveries.entries()];
  const sender = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [n, delivery] = next;
      const answer = await fetch(`http://127.0.0.1:${ports[n % 2]}${path}`, {
        ...{ method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(delivery) },
      });
      const outcome = (await answer.json()) as typeof total;
      if (answer.status !== 200) throw new Error(JSON.stringify(outcome));
      for (const name of Object.keys(total) as (keyof typeof total)[]) total[name] += outcome[name];
    }
  };
  await Promise.all(Array.from({ length: 12 }, sender));
  t.strictSame(total, { accepted: all.length, duplicates: 1_000 - all.length, ignored: 0, failed: 0 });
  const shown = await fetch(`http://127.0.0.1:${ports[1]}/v1/sources/desk`, { headers });
  t.match(await shown.json(), { deliveries: 1_000, ...total, recent: [] }, 'and no count is lost');

  // The command imports the same records, in order, into a database of its own.
  const other = await world(t);
  const [app, key] = [await other.app(), await other.key()];
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const file = join(base, 'desk.ndjson');
  writeFileSync(file, all.map((record) => `${JSON.stringify(record)}\n`).join(''));
  const args = ['import', file, '--url', url, '--preset', 'chatwoot', '--set', 'bot_id=shop'];
  const secret = Buffer.from(key.replace('Basic ', ''), 'base64').toString();
  const command = launch(process.execPath, [...main, ...args], base, { CONVERSATION_REPORTS_KEY: secret });
  t.equal(await command.ended, 0, command.said());
  const [hooked, imported] = [await rowsOf(w.sql), await rowsOf(other.sql)];
  for (const table of Object.keys(imported)) {
    if (table !== 'orders') t.ok((imported[table]?.length ?? 0) > 0, `${table} has rows`);
    t.strictSame(hooked[table], imported[table], table);
  }
  t.equal((await ask(app, key, { url: '/v1/bots' })).body.bots[0].conversations, 40);
});
