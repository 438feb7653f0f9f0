import { join } from 'node:path';
import t, { type Test } from 'tap';
import { buildApp } from '../src/app.js';
import { restore } from '../src/database/backup/restore.js';
import { connect, type Sql, type Target } from '../src/database/connect.js';
import { type Database, openPool } from '../src/database/database.js';
import { migrate } from '../src/database/migrate.js';
import { rebuild, refoldPending } from '../src/queries/ingest/rebuild.js';
import { markPending } from '../src/queries/segments/pending.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';
import { empty } from './empty.js';
import { kept, keptKey } from './kept.js';
import { refreshAll } from './segments/roads.js';

const NOW = Date.UTC(2024, 1, 2);
const file = join(root, 'test/upgrade/release.backup');

/** Tables of facts, and what is in them: derived of events by this version. */
const facts = ['conversations', 'participations', 'orders', 'agent_cells', 'known_ids', 'events'];

async function everything(sql: Sql) {
  const all: Record<string, unknown[]> = {};
  for (const table of facts) {
    const rows = await sql<{ row: object }[]>`select to_jsonb(t) as row from ${sql(table)} t order by to_jsonb(t)`;
    all[table] = rows.map(({ row }) => row);
  }
  return all;
}

async function service(t: Test, target: Target) {
  const db = openPool(target, { max: 4, statementTimeout: 60_000 });
  const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts, now: () => NOW });
  t.teardown(async () => {
    await app.close();
    await db.close();
  });
  const ask = async (url: string, payload?: string | object, type = 'application/json') => {
    const headers = { authorization: `Bearer ${keptKey}`, 'content-type': type };
    const sent = payload === undefined ? {} : { method: 'POST' as const, payload };
    const answer = await app.inject({ url, headers, ...sent });
    t.equal(answer.statusCode, 200, `${url} ${answer.body.slice(0, 300)}`);
    return answer.json();
  };
  return { db, ask };
}

const questions = (ask: (url: string, payload?: object) => Promise<unknown>) =>
  Promise.all([
    ask(kept.report),
    ask('/v1/conversations/kept'),
    ask('/v1/bots'),
    ask('/v1/teams'),
    ask('/v1/query', {
      ...{ dataset: 'conversations', start_time: '2024-01-01', end_time: '2024-03-01', bucket: '1w' },
      ...{ measures: ['conversations', 'csat', 'users'], group_by: ['channel'] },
    }),
    ask(`/api/reporting/v1/orgs/${kept.account}/chat_sessions`, {
      ...{ granularity: 'all', group_by: ['scope'], interval: { start: '2024-01-01', end: '2024-03-01' } },
      aggregations: [{ type: 'count' }, { type: 'sum', fields: ['sales'] }],
    }),
  ]);

t.test('a database of the release is brought up to date, and answers what the same events answer afresh', async (t) => {
  const { sql, target } = await empty(t);
  const { head } = await restore(sql, file);
  t.match(head.version, /^\d+\.\d+\.\d+$/);
  const last = head.migrations.at(-1)?.version ?? 0;
  const applied = await migrate(sql);
  t.ok(
    applied.every((name) => name === 'functions' || Number(name.slice(0, 4)) > last),
    `${applied}`,
  );
  await refoldPending(sql);
  const old = await service(t, target);
  t.equal((await rebuild(old.db, null)).differed, 0, 'what it derived is what this version derives');
  await markPending(old.db, () => false);

  const other = await empty(t);
  await migrate(other.sql);
  await other.sql`insert into accounts (account_id) select ${kept.account}::uuid`;
  const source = connect(target, { max: 1, statementTimeout: 60_000 });
  const [key] = await source<{ row: string }[]>`select to_jsonb(k)::text as row from keys k where key_id = 'kept'`;
  await source.end();
  await other.sql`insert into keys select * from jsonb_populate_record(null::keys, ${key?.row ?? ''}::text::jsonb)`;
  const fresh = await service(t, other.target);
  const [samples = '', more = ''] = kept.events();
  const ndjson = 'application/x-ndjson';
  for (const events of [samples, more]) {
    const count = events.trim().split('\n').length;
    t.strictSame(await old.ask('/v1/events', events, ndjson), { accepted: 0, duplicates: count }, 'all are there');
    t.strictSame(await fresh.ask('/v1/events', events, ndjson), { accepted: count, duplicates: 0 });
  }
  const [was, is] = [await everything(sql), await everything(other.sql)];
  for (const table of facts) t.strictSame(was[table], is[table], `${table}: ${is[table]?.length}`);

  const answers = await questions(fresh.ask);
  t.strictSame(await questions(old.ask), answers, 'with the segments that the release built');
  for (const db of [old.db, fresh.db] as Database[]) await refreshAll(db);
  t.strictSame(await questions(old.ask), answers, 'and with new ones');
  const [{ links, sources } = { links: 0, sources: 0 }] = await sql<{ links: number; sources: number }[]>`
    select (select count(*) from links) as links, (select count(*) from sources) as sources`;
  t.strictSame([links, sources], [1, 1]);
});
