import t from 'tap';
import type { Sql } from '../src/database/connect.js';
import { ACCOUNT, world } from './harness.js';

/** The kinds of event that take different ways through ingest, as rows of `events`. */
const kinds = [
  { type: 'message', sender: 'user', actor_id: 'ann', body: { text: 'Hello' } },
  { type: 'message', sender: 'bot', body: { text: 'Good day' } },
  { type: 'message', sender: 'agent', actor_id: 'mia', team_id: 'care', body: { text: 'Here I am' } },
  { type: 'participant.joined', actor_id: 'mia', team_id: 'care' },
  { type: 'order', body: { order_id: 'o', amount: '3', subscription: false } },
  { type: 'rating', body: { value: 4, target: 'conversation' } },
  { type: 'step', body: { to_step: { id: 'a', type: 'b' } } },
  { type: 'note', body: { text: 'hm' } },
  { type: 'conversation.updated', attributes: { bot_id: 'shop' } },
  { type: 'conversation.closed', body: { reason: 'resolved' } },
];

/** An event of each kind for a conversation. */
const round = (conversation: number, n: number) =>
  kinds.map((kind, k) => ({
    conversation_id: `c${conversation}`,
    id: `${n} ${k}`,
    time: new Date(Date.UTC(2024, 0, 1) + n * 60_000 + k * 1_000).toISOString(),
    seq: 0,
    ...kind,
  }));

const store = (sql: Sql, events: object[]) =>
  sql`select ingest(${ACCOUNT}::uuid, ${JSON.stringify(events)}::text, null, null, null)`;

/** Rows that this transaction has read so far, by table. */
async function rowsRead(sql: Sql): Promise<Record<string, number>> {
  const found = await sql<{ relname: string; rows: number }[]>`
    select relname, coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0) as rows from pg_stat_xact_user_tables`;
  return Object.fromEntries(found.map(({ relname, rows }) => [relname, rows]));
}

t.test('a connection that began while the tables were empty reads no more of them once they are large', async (t) => {
  const w = await world(t);
  const CONVERSATIONS = 1_000;
  await w.sql.begin(async (tx) => {
    const sql = tx as unknown as Sql;
    await store(sql, [...round(0, 0), ...round(1, 0)]);
    await store(sql, [...round(0, 1), ...round(1, 1)]); // all plans are made by now, and are kept
    const others = Array.from({ length: CONVERSATIONS }, (_, c) => round(c + 2, 0));
    for (let n = 0; n < CONVERSATIONS; n += 50) await store(sql, others.slice(n, n + 50).flat());

    const before = await rowsRead(sql);
    await store(sql, [...round(0, 2), ...round(1, 2)]);
    const after = await rowsRead(sql);
    for (const name of ['conversations', 'events', 'agent_cells', 'participations', 'orders']) {
      const rows = (after[name] ?? 0) - (before[name] ?? 0);
      t.ok(rows < 200, `${name}: ${rows} rows read for two conversations among ${CONVERSATIONS}`);
    }
  });
});
