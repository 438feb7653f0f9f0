import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { createKey } from '../src/auth/keys.js';
import { type Answer, type Sent, type Target, target } from './attack/target.js';
import { ACCOUNT, type World, world } from './harness.js';
import { isTimed } from './tools/form.js';

/** The long form, part of `npm run test:attack`, is for a machine that does nothing else: times are held there alone. */
const CONVERSATIONS = 300_000;
/** Milliseconds for which the small requests are measured, without the flood and beside it. */
const MEASURED = 15_000;
const FLOOD = 200;

const FLOODING = 'flooding:the-key-that-floods';
const OTHER = '00000000-0000-4000-8000-00000000000b';
const json = { 'content-type': 'application/json' };

const heavy: Sent = {
  method: 'POST',
  url: '/v1/query',
  headers: json,
  payload: JSON.stringify({
    dataset: 'conversations',
    start_time: '2024-01-01',
    end_time: '2024-05-01',
    bucket: '1w',
    time_zone: 'Europe/Helsinki',
    measures: ['conversations', 'users', { aggregate: 'percentile', of: 'duration_seconds', p: 90 }],
    group_by: ['user_id'],
    order_by: [{ by: 'users' }],
    limit: 50,
  }),
};

const event = (id: string) => ({
  id,
  type: 'message',
  sender: 'user',
  time: '2024-01-08T10:00:00Z',
  conversation_id: `c${id}`,
  conversation: { bot_id: 'small', bot_version: 'LIVE', channel: 'web' },
});
const write = (events: object[]): Sent => ({
  method: 'POST',
  url: '/v1/events',
  headers: json,
  payload: JSON.stringify({ events }),
});

/** What the other key asks, one after the other. */
const small = (n: number): Sent =>
  [
    { method: 'GET' as const, url: '/v1/bots' },
    write([event(`w${n} ${Date.now()}`)]),
    { method: 'GET' as const, url: '/v1/conversations/c1' },
    {
      method: 'GET' as const,
      url: '/v1/bots/small/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09&bucket=1h',
    },
  ][n % 4] as Sent;

t.test(
  `200 heavy reports of one key, over ${CONVERSATIONS} conversations, beside small requests of another`,
  { skip: !isTimed && 'by npm run test:attack' },
  async (t) => {
    const w = await world(t);
    const { key_id, secret } = await createKey(w.db, {
      account_id: OTHER,
      name: 'small',
      permissions: ['admin'],
      team_ids: null,
      bot_ids: null,
    });
    const other = `${key_id}:${secret}`;
    await createKey(w.db, {
      account_id: ACCOUNT,
      name: 'flooding',
      permissions: ['read'],
      team_ids: null,
      bot_ids: null,
      key_id: FLOODING.split(':')[0] as string,
      secret: FLOODING.split(':')[1] as string,
    });
    const service = await target(t, w);
    await fill(w); // a start on a new database folds all rows anew, and removes those without events
    const first = Array.from({ length: 1_000 }, (_, n) => event(String(n)));
    t.equal((await service.ask(other, write(first))).status, 200);
    const report = await service.ask(FLOODING, heavy);
    t.equal(report.status, 200, report.text.slice(0, 300));
    const [count] = await w.sql`select count(*)::int as n from conversations where account_id = ${ACCOUNT}`;
    t.equal(count?.n, CONVERSATIONS);
    t.ok(JSON.parse(report.text).rows.length > 0, 'a report of them');

    await steadily(service, other, 1_000); // warms up
    const without = await steadily(service, other, MEASURED);
    const refused: Answer[] = [];
    const flooded = new Map<number, number>();
    let flooding = true;
    const flood = Array.from({ length: FLOOD }, async () => {
      while (flooding) {
        const answer = await service.ask(FLOODING, heavy);
        flooded.set(answer.status, (flooded.get(answer.status) ?? 0) + 1);
        if (answer.status !== 429) continue;
        refused.push(answer);
        await delay(Number(answer.headers['retry-after']) * 1_000);
      }
    });
    await delay(500);
    const beside = await steadily(service, other, MEASURED);
    flooding = false;
    await Promise.all(flood);

    const [alone, crowded] = [figures(without), figures(beside)];
    const says = [
      `flood: a heavy report alone takes ${Math.round(report.ms)} ms; its key got ${JSON.stringify(Object.fromEntries(flooded))}`,
      ...(['p50', 'p95', 'max'] as const).map(
        (name) => `  ${name} ${alone[name]} ms without, ${crowded[name]} ms beside it`,
      ),
      `  of ${without.length} and ${beside.length} small requests; peak ${service.peakMb()} MB`,
    ];
    process.stderr.write(`${says.join('\n')}\n`);
    t.strictSame([...new Set([...without, ...beside].map(({ status }) => status))], [200], 'the other key is answered');
    t.ok(refused.length >= FLOOD - 100, `${refused.length} reports are refused with 429`);
    t.ok(
      refused.every(({ headers }) => /^[1-9]\d*$/.test(String(headers['retry-after']))),
      'each says when to come back',
    );
    t.notOk(
      [...flooded.keys()].some((status) => ![200, 429, 503].includes(status)),
      'nothing else happens to it',
    );
    t.ok(service.isAlive());
    if (isTimed) t.ok(crowded.p95 < Math.max(50, 3 * alone.p95), says.join('\n'));
  },
);

/** Asks small requests at a steady rate, however long each takes. */
async function steadily(service: Target, key: string, ms: number): Promise<Answer[]> {
  const asked: Promise<Answer>[] = [];
  for (const end = performance.now() + ms; performance.now() < end; await delay(25))
    asked.push(service.ask(key, small(asked.length)));
  return Promise.all(asked);
}

function figures(answers: Answer[]) {
  const sorted = answers.map(({ ms }) => ms).sort((a, b) => a - b);
  const at = (share: number) => Math.round(10 * (sorted[Math.floor((sorted.length - 1) * share)] as number)) / 10;
  return { p50: at(0.5), p95: at(0.95), max: at(1) };
}

/** Conversations of the flooding key's account, written below ingest. */
async function fill({ sql }: World): Promise<void> {
  await sql`
  insert into conversations (account_id, conversation_id, bot_id, bot_version, channel, language, user_id, start_time, end_time, last_activity, user_messages)
  select ${ACCOUNT}::uuid, 'seeded-' || n, 'bot ' || n % 20, 'LIVE', (array['web', 'whatsapp', 'sms', 'email'])[1 + n % 4],
    (array['en', 'fi', 'sv', 'de', 'fr'])[1 + n % 5], 'person ' || n % ${CONVERSATIONS / 4}::int, time, time + n % 900 * interval '1 second', time, 3
  from (
    select n, date_trunc('milliseconds', timestamptz '2024-01-01Z' + n * (interval '120 days' / ${CONVERSATIONS}::int)) as time
    from generate_series(0, ${CONVERSATIONS - 1}::int) n
  ) made`;
  await sql`vacuum analyze conversations`;
}
