import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import t from 'tap';
import { callers } from '../src/database/shares.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { load } from './tools/load.js';

const START = Date.parse('2024-01-08T10:00:00Z');
const at = (n: number) => new Date(START + n * 1_000).toISOString();
const event = (n: number, more: object) => ({
  id: `e${String(n).padStart(6, '0')}`,
  time: at(n),
  conversation_id: 'c',
  ...more,
});
const message = (n: number, more: object = {}) => event(n, { type: 'message', sender: 'user', ...more });
const step = (n: number) => event(n, { type: 'step', to_step: { id: `s${n}`, type: 'dialog' } });

type Entry = { id: string; depth?: number };
type Page = { messages: Entry[]; steps: Entry[]; next_cursor: string | null };

t.test('a conversation is read page by page, messages and steps together', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const COUNT = 2_345;
  await load(
    w.db,
    Array.from({ length: COUNT }, (_, n) => (n % 3 === 0 ? step(n) : message(n))),
  );
  const read = (query: Record<string, string>) => ask(app, key, { url: '/v1/conversations/c', query });
  const walk = async (limit?: string) => {
    const pages: Page[] = [];
    for (let cursor: string | null | undefined; cursor !== null; cursor = pages.at(-1)?.next_cursor) {
      const answer = await read({ ...(limit ? { limit } : {}), ...(cursor ? { cursor } : {}) });
      t.equal(answer.status, 200, answer.text.slice(0, 200));
      pages.push(answer.body);
    }
    return pages;
  };
  for (const [limit, pages] of [
    [undefined, 3],
    ['100', 24],
    ['1000', 3],
  ] as const) {
    const found = await walk(limit);
    t.equal(found.length, pages, `limit ${limit}`);
    const ids = found.flatMap(({ messages, steps }) => [...messages, ...steps].map(({ id }) => id).sort());
    t.strictSame(
      ids,
      Array.from({ length: COUNT }, (_, n) => event(n, {}).id),
      'each once, in order',
    );
    const depths = found.flatMap(({ steps }) => steps.map(({ depth }) => depth));
    t.strictSame(
      depths,
      depths.map((_, n) => n),
      'depth counts on from page to page',
    );
  }
  for (const query of [{ limit: '0' }, { limit: '1001' }, { cursor: 'x' }] as Record<string, string>[]) {
    const answer = await read(query);
    t.equal(answer.status, 400);
    t.equal(answer.body.errors[0].path, Object.keys(query)[0]);
  }
});

t.test('a page ends at 4 MB, and get_session_content names the way out', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const noise = (n: number) =>
    Array.from({ length: 900 }, (_, k) => `${((n + 1) * 7919 * (k + 3)) % 1_000_003}`)
      .join(' ')
      .repeat(15);
  for (let n = 0; n < 150; n += 50) {
    const answer = await send(
      app,
      key,
      Array.from({ length: 50 }, (_, k) => message(n + k, { text: noise(n + k) })),
    );
    t.equal(answer.status, 200, answer.text);
  }
  let count = 0;
  let pages = 0;
  for (let cursor: string | null | undefined; cursor !== null; pages++) {
    const answer = await ask(app, key, { url: '/v1/conversations/c', query: cursor ? { cursor } : {} });
    t.ok(answer.text.length < 4.2 * 1024 * 1024, `${answer.text.length} bytes`);
    count += answer.body.messages.length;
    cursor = answer.body.next_cursor;
  }
  t.equal(count, 150);
  t.ok(pages > 2, `${pages} pages`);

  const content = async () => {
    const query = '{ rows: get_session_content(args: {session_id: "c"}) { session_id messages } }';
    return (await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } })).body;
  };
  const rich = await content();
  t.match(rich.errors[0], {
    message: /GET \/v1\/conversations\/c\?limit=1000/,
    extensions: { code: 'limit-exceeded' },
  });
});

t.test('get_session_content tells 10,000 entries and no more', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await load(
    w.db,
    Array.from({ length: 10_000 }, (_, n) => message(n)),
  );
  const ask2 = () =>
    ask(app, key, {
      method: 'POST',
      url: '/v1/graphql',
      payload: { query: '{ rows: get_session_content(args: {session_id: "c"}) { messages } }' },
    });
  t.equal((await ask2()).body.data?.rows[0].messages.length, 10_001, 'all, and its expiry');
  await load(w.db, [message(10_000)]);
  t.match((await ask2()).body.errors[0], { message: /page by page/, extensions: { code: 'limit-exceeded' } });
});

t.test('a CSV of a list is whole, with a limit a page, and breaks the connection when it fails', async (t) => {
  const w = await world(t);
  const key = await w.key();
  const COUNT = 3_210;
  await load(
    w.db,
    Array.from({ length: COUNT }, (_, n) => message(n, { conversation_id: `c${n}` })),
  );
  const app = await w.app();
  const csv = (query: Record<string, string> = {}) =>
    ask(app, key, { url: '/v1/conversations', query: { format: 'csv', ...query } });
  const ids = (text: string) =>
    text
      .split('\r\n')
      .slice(1, -1)
      .map((line) => line.split(',')[0]);
  const whole = await csv();
  t.equal(whole.status, 200);
  t.strictSame(
    ids(whole.text),
    Array.from({ length: COUNT }, (_, n) => `c${COUNT - 1 - n}`),
  );
  t.notOk('link' in whole.headers, 'there is no next page');
  t.equal(ids((await csv({ limit: '7' })).text).length, 7);
  const after = (await ask(app, key, { url: '/v1/conversations', query: { limit: '100' } })).body.next_cursor;
  t.equal(ids((await csv({ cursor: after })).text).length, COUNT - 100, 'from a cursor to the end');
  t.equal(ids((await csv({ q: 'nobody' })).text).length, 0);
  t.equal((await csv({ start_time: 'x' })).status, 400, 'a fault is told as ever');

  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  t.ok((app.server.address() as AddressInfo).port > 0);
  const read = w.db.read.bind(w.db);
  let statements = 0;
  w.db.read = async (query) => {
    if (++statements > 3) throw new Error('the database is gone');
    return read(query);
  };
  t.teardown(() => {
    w.db.read = read;
  });
  await t.rejects(
    fetch(`${url}/v1/conversations?format=csv`, { headers: { authorization: key } }).then((answer) => answer.text()),
    'an end that looks like one would be a lie',
  );
});

t.test('every read of a whole list counts as its key, however slowly it is taken', async (t) => {
  const w = await world(t);
  const key = await w.key({ permissions: ['read'] });
  await w.sql`
    insert into conversations (account_id, conversation_id, user_name, user_id, start_time, end_time, last_activity)
    select ${ACCOUNT}::uuid, 'c' || n, repeat('x', 190), repeat('y', 190), time, time, time
    from (select n, timestamptz '2024-01-08Z' + n * interval '1 s' as time from generate_series(1, 20_500) n) made`;
  const app = await w.app();
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const read = w.db.read;
  const asked: (string | undefined)[] = [];
  w.db.read = (query, weight) => {
    asked.push(callers.getStore());
    return read(query, weight);
  };
  t.teardown(() => {
    w.db.read = read;
  });
  const who = Buffer.from(key.slice(6), 'base64').toString().split(':')[0];
  const lines = await new Promise<number>((resolve, reject) => {
    get(`${url}/v1/conversations?format=csv`, { headers: { authorization: key } }, (answer) => {
      let [count, bytes] = [0, 0];
      answer.on('data', (part: Buffer) => {
        count += part.toString('latin1').split('\n').length - 1;
        bytes += part.length;
        if (bytes < 500_000) return;
        bytes = 0;
        answer.pause();
        setTimeout(() => answer.resume(), 100);
      });
      answer.on('end', () => resolve(count));
    }).on('error', reject);
  });
  t.equal(lines, 20_501);
  const [, ...pages] = asked; // the first is of the key itself
  t.strictSame(
    pages,
    Array.from({ length: 22 }, () => who), // the revision of the account, and 21 pages,
  );
});
