import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { cutoffOf, parseRetention, type Retention } from '../src/queries/retention/days.js';
import { retentionStep } from '../src/queries/retention/step.js';
import { refresh } from '../src/queries/segments/refresh.js';
import { ACCOUNT, ask, send, type World, world } from './harness.js';

/** Conversations go so many days after their last activity, and their events do not come back. */

const NOW = Date.parse('2024-06-01T12:00:00Z');
const DAY = 86_400_000;
const retention = parseRetention('30,web=10,mail=0') as Retention;
const ago = (days: number, more = 0) => new Date(NOW - days * DAY + more).toISOString();

type Sent = Record<string, unknown> & { id: string; conversation_id: string };
const message = (conversation_id: string, id: string, days: number, more: object = {}): Sent => ({
  id,
  type: 'message',
  time: ago(days),
  conversation_id,
  sender: 'user',
  sender_id: `user-${conversation_id}`,
  text: `zztext ${conversation_id}`,
  ...more,
});
const on = (channel: string | null, more: object = {}) => ({
  conversation: { bot_id: 'shop', bot_version: 'LIVE', team_id: 'blue', channel, ...more },
});

/** Looks at all conversations now, and goes on until nothing is left to do. */
async function run(w: World, by: Retention = retention, now = NOW): Promise<number> {
  let removed = 0;
  for (;;) {
    removed += await retentionStep(w.db, ACCOUNT, by, { now, every: 0 });
    const [row] = await w.sql`select from retention where state <> 'resting'`;
    if (row === undefined) return removed;
    await delay(20);
  }
}

const refreshAll = async (w: World) => {
  while ((await refresh(w.db, ACCOUNT, { own: 1, large: 1_000 }))?.day != null);
};

async function tablesWith(w: World, text: string): Promise<string[]> {
  const tables = await w.sql<{ name: string }[]>`
    select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'`;
  const found: string[] = [];
  for (const { name } of tables) {
    const [row] = await w.sql`select from ${w.sql(name)} t where strpos(t::text, ${text}) > 0 limit 1`;
    if (row !== undefined) found.push(name);
  }
  return found.sort();
}

t.test('days by channel', async (t) => {
  t.strictSame(parseRetention('365'), { initial: 365, channels: new Map() });
  t.strictSame(parseRetention('0, web=30'), { initial: null, channels: new Map([['web', 30]]) });
  for (const bad of ['', 'web=30', '1d', '-1', '1.5', '30,30', '30,web=1,web=2', '30,=1', '36501', '01']) {
    t.equal(parseRetention(bad), null, bad);
  }
  t.equal(cutoffOf(retention, 'web', NOW), NOW - 10 * DAY);
  t.equal(cutoffOf(retention, null, NOW), NOW - 30 * DAY);
  t.equal(cutoffOf(retention, 'mail', NOW), null);
});

t.test('whole conversations go, and stay away', async (t) => {
  const w = await world(t);
  const before = await w.app({ now: NOW }); // keeps all
  const key = await w.key();
  const events = [
    message('old-web', '1', 40, on('web')),
    message('old-web', '2', 11, { sender: 'agent', sender_id: 'kim' }),
    {
      ...message('old-web', '3', 11),
      type: 'order',
      order_id: 'o1',
      amount: '5',
      sender: undefined,
      sender_id: undefined,
      text: undefined,
    },
    message('live-web', '1', 40, on('web')),
    message('live-web', '2', 9),
    message('live-web', '3', 9, { sender_id: 'guest-who-stays' }),
    message('old', '1', 31, on('voice')),
    message('old', '2', 31, { sender_id: 'guest-who-goes' }),
    message('none', '1', 31, { conversation: { bot_id: 'gone', bot_version: 'LIVE' } }),
    message('young', '1', 29, on('voice')),
    message('mail', '1', 400, on('mail')),
    message('edge', '1', 30, on('voice')),
  ].map((event) => JSON.parse(JSON.stringify(event)) as Sent);
  t.equal((await send(before, key, events)).body.accepted, events.length);
  await refreshAll(w);
  for (const id of ['old-web', 'old', 'none']) {
    t.ok((await tablesWith(w, `user-${id}`)).includes('dictionary'), `${id} is there before`);
  }
  t.ok((await tablesWith(w, 'guest-who-goes')).includes('dictionary'), 'and who else wrote');
  const app = await w.app({ now: NOW, retention });
  const etag = (await ask(app, key, { url: '/v1/bots' })).headers.etag;

  t.equal(await run(w), 3);
  const left = await w.sql<{ conversation_id: string }[]>`select conversation_id from conversations order by 1`;
  t.strictSame(
    left.map((row) => row.conversation_id),
    ['edge', 'live-web', 'mail', 'young'],
    'one whose last activity is just so many days ago stays',
  );
  for (const id of ['old-web', 'old', 'none']) {
    t.strictSame(await tablesWith(w, `user-${id}`), [], `nothing is left of ${id}`);
    t.strictSame(await tablesWith(w, `zztext ${id}`), []);
  }
  t.strictSame(await tablesWith(w, 'guest-who-goes'), [], 'nor of who else wrote');
  t.ok((await tablesWith(w, 'guest-who-stays')).includes('dictionary'), 'whose messages are there is a word');
  t.not((await ask(app, key, { url: '/v1/bots' })).headers.etag, etag, 'validators change');
  const counting = {
    dataset: 'conversations',
    start_time: '2023-01-01',
    end_time: '2025-01-01',
    measures: ['conversations', 'users'],
  };
  const count = async () => (await ask(app, key, { method: 'POST', url: '/v1/query', payload: counting })).body.rows;
  t.strictSame(await count(), [[4, 4]]);
  await refreshAll(w);
  t.strictSame(await count(), [[4, 4]], 'segments say the same');
  t.strictSame(await rebuild(w.db, ACCOUNT), { conversations: 4, differed: 0 });
  const zeros = await ask(app, key, {
    url: '/v1/bots/gone/conversations?version=LIVE&start_time=2024-01-01&end_time=2024-06-01',
  });
  t.equal(zeros.status, 200, 'a bot without conversations stays known');
  t.equal(zeros.body.data.series[0].sum, 0);

  const again = await send(app, key, events);
  t.equal(again.body.accepted, 0, 'repeats are duplicates');
  t.equal(again.body.duplicates, events.length);
  t.equal(again.headers['report-notice'], undefined);
  const late = await send(app, key, [
    message('old-web', '9', 12), // says no channel, and is younger than the usual days
    message('other', '1', 12, on('web')),
    message('other', '2', 31, on('voice')),
    message('live-web', '3', 12), // of a conversation that is there, and too old for its channel
    message('fresh', '1', 12, on('voice')),
  ]);
  t.strictSame(late.body, { accepted: 1, duplicates: 4 }, 'so are events older than the days of their channel');
  const anew = await send(app, key, [message('old-web', '10', 1, on('web'))]);
  t.strictSame(anew.body, { accepted: 1, duplicates: 0 }, 'a conversation that goes on begins anew');
  t.strictSame((await send(app, key, [message('old-web', '2', 11)])).body, { accepted: 0, duplicates: 1 });

  const { body } = await ask(app, key, { url: '/v1/audit?limit=1' });
  t.match(body.entries, [
    { action: 'retention.removed', done_by: 'service', key_id: null, subject: null, conversations: 3 },
  ]);
  t.equal(await run(w), 0, 'nothing more');
  t.equal(await run(w, retention, NOW + 2 * DAY), 3, 'until days pass');
  const [trace] = await w.sql`select count(*)::int as count from removed_conversations`;
  t.ok(trace?.count > 0);
  const ended = parseRetention('30,web=10') as Retention;
  await run(w, ended, NOW + 60 * DAY);
  await run(w, ended, NOW + 100 * DAY);
  t.equal((await w.sql`select from removed_conversations`).length, 0, 'traces go when none is needed');
});

t.test('a hook ignores what is too old', async (t) => {
  const w = await world(t);
  const app = await w.app({ now: NOW, retention });
  const key = await w.key();
  const event = { id: 'id', conversation_id: 'chat', time: 'at', sender: 'who', text: 'text' };
  const mapping = { events: [{ ...event, conversation: { channel: { const: 'web' } } }] };
  const source = await ask(app, key, { method: 'PUT', url: '/v1/sources/desk', payload: { mapping } });
  t.equal(source.status, 201, source.text);
  const say = (days: number) =>
    ask(app, null, {
      method: 'POST',
      url: source.body.path,
      payload: { id: 'm', chat: 'c', at: ago(days), who: 'user', text: 'hi' },
    });
  t.match((await say(11)).body, { accepted: 0, duplicates: 1 });
  t.match((await say(9)).body, { accepted: 1, duplicates: 0 });
});

t.test('processes beside each other, and beside senders', async (t) => {
  const w = await world(t);
  const early = await w.app({ now: NOW });
  const app = await w.app({ now: NOW, retention });
  const key = await w.key();
  const old = Array.from({ length: 400 }, (_, n) =>
    message(`c-${n % 80}`, `m${n}`, 31 + (n % 50) / 10, on(n % 2 ? 'web' : 'voice')),
  );
  await send(early, key, old);
  let isOver = false;
  const work = async () => {
    while (!isOver) {
      await retentionStep(w.db, ACCOUNT, retention, { now: NOW, every: 0 }).catch((error) => {
        if (error.name !== 'Unavailable' && error.status !== 503) throw error;
      });
      await refresh(w.db, ACCOUNT, { own: 5, large: 1_000 }).catch(() => {}); // two of them may conflict
      await delay(5);
    }
  };
  const workers = [work(), work(), work()];
  for (let round = 0; round < 20; round++) {
    const part = old.slice(round * 20, round * 20 + 40);
    const revived = message(`c-${round}`, `new-${round}`, 1, on('web'));
    const { body } = await send(app, key, [...part, revived]);
    t.equal(body.accepted, 1, 'repeats are duplicates before, while and after their conversation goes');
  }
  isOver = true;
  await Promise.all(workers);
  await run(w);
  const rows = await w.sql`select conversation_id, event_count from conversations`;
  t.ok(rows.length >= 20, `${rows.length} conversations were revived`);
  t.equal((await rebuild(w.db, ACCOUNT)).differed, 0);
  const [orphans] = await w.sql`
    select count(*)::int as count from events e
    where not exists (select from conversations c where c.conversation_id = e.conversation_id)`;
  t.equal(orphans?.count, 0, 'no event without a conversation');
});
