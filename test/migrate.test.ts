import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { connect } from '../src/database/connect.js';
import { openPool } from '../src/database/database.js';
import { migrate, migrations } from '../src/database/migrate.js';
import { rebuild, refoldPending } from '../src/queries/ingest/rebuild.js';
import { root } from '../src/root.js';
import { empty } from './empty.js';
import { old } from './old.js';
import { describeSchema } from './tools/describe-schema.js';

t.test('all migrations, then none; the schema is the one in db/schema.txt', async (t) => {
  const { sql } = await empty(t);
  t.equal((await migrate(sql)).length, migrations().length + 1, 'and the functions');
  t.strictSame(await migrate(sql), []);
  t.equal(await describeSchema(sql), readFileSync(join(root, 'db/schema.txt'), 'utf8'), 'npm run schema renews it');
});

t.test('ten processes that start at once apply each migration once', async (t) => {
  const { open } = await empty(t);
  const all = Array.from({ length: 10 }, open);
  const applied = await Promise.all(all.map((sql) => migrate(sql)));
  await Promise.all(all.map((sql) => sql.end()));
  t.strictSame(applied.flat().sort(), [
    ...migrations().map(({ version, name }) => `${String(version).padStart(4, '0')}_${name}`),
    'functions',
  ]);
});

t.test('a migration that fails leaves nothing behind, and says which it was', async (t) => {
  const { sql } = await empty(t);
  const broken = [
    { version: 1, name: 'good', text: 'create table a ()' },
    { version: 2, name: 'broken', text: 'create table b (); select 1/0' },
  ];
  await t.rejects(migrate(sql, broken, []), { message: /migration 2 broken failed: division by zero/ });
  t.strictSame(
    (await sql`select version from schema_migrations`).map(({ version }) => ({ version })),
    [{ version: 1 }],
  );
  t.equal((await sql`select from pg_class where relname = 'b'`).length, 0);
});

t.test('a newer database is refused', async (t) => {
  const { sql } = await empty(t);
  await migrate(sql);
  await sql`insert into schema_migrations (version, name) values (9999, 'future')`;
  await t.rejects(migrate(sql), { message: /version 9999, newer than/ });
});

t.test('a migration that is missing before the newest, or has another text, is refused', async (t) => {
  const { sql } = await empty(t);
  const wanted = [1, 2, 3, 4, 5].map((version) => ({
    version,
    name: `m_${version}`,
    text: `create table t${version} ()`,
  }));
  await migrate(sql, wanted, []);
  const changed = wanted.map((one) => (one.version === 4 ? { ...one, text: 'create table other ()' } : one));
  await t.rejects(migrate(sql, changed, []), { message: /ran another text of migration 4 m_4/ });
  await sql`delete from schema_migrations where version = 2`;
  await t.rejects(migrate(sql, wanted, []), { message: /version 5 without migration 2 m_2/ });
});

t.test('later migrations go a statement at a time, and comments may hold semicolons', async (t) => {
  const { sql } = await empty(t);
  const text =
    '-- first; this\ncreate table a ( -- of all; really\n  b integer\n);\ncreate index concurrent on a (b);\n';
  await migrate(
    sql,
    [1, 2, 3].map((version) => ({ version, name: 'm', text: 'select 1' })).concat({ version: 4, name: 'm', text }),
    [],
  );
  t.equal((await sql`select from pg_class where relname = 'concurrent'`).length, 1);
});

t.test('a function is replaced when its text changes, and not by an older service', async (t) => {
  const { sql } = await empty(t);
  const version = (number: number) => [
    { name: 'one', text: `create or replace function one() returns integer language sql return ${number}` },
  ];
  const wanted = [{ version: 1, name: 'm', text: 'select 1' }];
  t.strictSame(await migrate(sql, wanted, version(1)), ['0001_m', 'functions']);
  t.strictSame(await migrate(sql, wanted, version(1)), []);
  const newer = [...wanted, { version: 2, name: 'n', text: 'select 2' }];
  t.strictSame(await migrate(sql, newer, version(2)), ['0002_n', 'functions']);
  await t.rejects(migrate(sql, wanted, version(1)), { message: /version 2, newer than/ });
  t.equal((await sql`select one() as one`)[0]?.one, 2);
});

/** The database of `old`, migrated. */
async function upgraded(t: Test) {
  const opened = await old(t);
  t.strictSame(await migrate(opened.sql), [
    '0004_fold_state',
    '0005_rates',
    '0006_segments',
    '0007_changes',
    '0008_participation_segments',
    '0009_links',
    '0010_sources',
    '0011_erasures',
    '0012_marked_at',
    '0013_message_segments',
    '0014_segment_messages',
    'functions',
  ]);
  return opened;
}

const facts = ['conversations', 'participations', 'orders', 'agent_cells', 'known_ids', 'events'];

async function everything(sql: ReturnType<typeof connect>) {
  const all: Record<string, unknown[]> = {};
  for (const table of facts)
    all[table] = (await sql.unsafe(`select to_jsonb(t) as row from ${table} t order by to_jsonb(t)`)).map(
      ({ row }) => row,
    );
  return all;
}

t.test('an upgrade gives what the same events give when they are sent afresh', async (t) => {
  const { sql, target } = await upgraded(t);
  const told: number[] = [];
  const [{ count }] = (await sql`select count(*) as count from conversations`) as unknown as [{ count: number }];
  t.equal(await refoldPending(sql, ({ conversations }) => told.push(conversations)), count);
  t.ok(told.length > 1 && told.at(-1) === count, 'it tells how far it is');
  t.equal(await refoldPending(sql), 0, 'once');

  const db = openPool(target, { max: 2, statementTimeout: 60_000 });
  t.teardown(() => db.close());
  t.strictSame(await rebuild(db, null), { conversations: count, differed: 0 });

  const fresh = await empty(t);
  await migrate(fresh.sql);
  const batches =
    await sql`select account_id, json_agg(to_jsonb(e) - 'response_seconds')::text as events from events e group by 1`;
  for (const { account_id, events } of batches)
    await fresh.sql`select ingest(${account_id}, ${events}::text, null, null, null)`;
  const [old, made] = [await everything(sql), await everything(fresh.sql)];
  for (const table of facts) t.strictSame(old[table], made[table], table);
});

t.test('an event that comes before its conversation is upgraded folds it whole', async (t) => {
  const { sql } = await upgraded(t);
  const [row] = await sql`
    select account_id, conversation_id from events where sender = 'agent' group by 1, 2 order by count(*) desc limit 1`;
  const event = [
    { conversation_id: row?.conversation_id, id: 'new', type: 'message', time: '2024-02-01T00:00:00Z', sender: 'user' },
  ];
  await sql`select ingest(${row?.account_id}, ${JSON.stringify(event)}::text, null, null, null)`;
  const [{ differ }] = (await sql`
    select refold(${row?.account_id}, array[${row?.conversation_id}]::text[]) as differ`) as unknown as [
    { differ: string[] },
  ];
  t.strictSame(differ, []);
});

t.test('rebuild puts right what is wrong and says how many conversations that were', async (t) => {
  const { sql, target } = await upgraded(t);
  await refoldPending(sql);
  const before = await everything(sql);
  const db = openPool(target, { max: 2, statementTimeout: 60_000 });
  t.teardown(() => db.close());
  const account = '00000000-0000-4000-8000-0000000000ff';
  await sql`update conversations set user_messages = 99 where account_id = ${account} and conversation_id = 'c1'`;
  await sql`delete from conversations where account_id = ${account} and conversation_id = 'c2'`;
  await sql`insert into conversations (account_id, conversation_id) values (${account}, 'no events')`;
  await sql`insert into orders (account_id, conversation_id, order_id, time, amount, subscription)
    values (${account}, 'c3', 'no event', now(), 1, false)`;
  await sql`update events set response_seconds = 4711
    where (account_id, conversation_id, id) in (select account_id, conversation_id, id from events where account_id = ${account} and conversation_id = 'c4' limit 1)`;
  await sql`update agent_cells set messages = messages + 1
    where account_id = ${account} and conversation_id = (select min(conversation_id) from agent_cells where account_id = ${account} and conversation_id > 'c5')`;
  t.strictSame((await rebuild(db, '5b0f6f0e-2f4b-4a55-9a9e-0d6c1f6a7b22')).differed, 0, 'another account');
  t.strictSame((await rebuild(db, account)).differed, 6);
  t.strictSame((await rebuild(db, null)).differed, 0);
  t.strictSame(await everything(sql), before);
});
