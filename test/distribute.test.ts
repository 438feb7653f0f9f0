import { tmpdir } from 'node:os';
import t, { type Test } from 'tap';
import { distribute } from '../src/database/distribute.js';
import { functions } from '../src/database/migrate.js';
import { delegated, distributed, everywhere, local } from '../src/database/placement.js';
import { ACCOUNT, send, type World, world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, untilActive } from './service.js';

/**
 * What Citus asks of the schema, held by the catalogue of a migrated database; and what `distribute` sends, recorded by
 * functions that stand in for those of the extension. That Citus takes it, only a Citus can tell: docs/scaling.md.
 */

const facts = [...distributed, ...Object.keys(everywhere)];
const one = (rows: readonly object[]) => rows.map((row) => Object.values(row)[0]);

t.test('the schema can be distributed by account_id', async (t) => {
  const { sql } = await world(t);
  const tables = await sql`select tablename from pg_tables where schemaname = 'public' order by tablename collate "C"`;
  t.strictSame(
    one(tables),
    [...facts, ...Object.keys(local)].sort(),
    'src/database/placement.ts says of each table where it lives, and names no other',
  );
  const keyed = await sql`
    select attrelid::regclass::text from pg_attribute
    where attname = 'account_id' and atttypid = 'uuid'::regtype and attnotnull and attrelid::regclass::text = any(${[...distributed]})
    order by 1`;
  t.strictSame(one(keyed), [...distributed].sort(), 'each has the column');
  const unique = await sql`
    select i.indrelid::regclass::text as table, i.indexrelid::regclass::text as index, exists (
        select from pg_attribute a where a.attrelid = i.indrelid and a.attname = 'account_id'
          and a.attnum = any((i.indkey::int2[])[0:i.indnkeyatts - 1])
      ) as has
    from pg_index i where i.indrelid::regclass::text = any(${[...distributed]}) and (i.indisunique or i.indisexclusion)`;
  t.ok(unique.length >= distributed.length, 'each has a primary key');
  t.strictSame(
    unique.filter(({ has }) => !has).map(({ index }) => index),
    [],
    'and it is in every unique key',
  );
  const triggers = await sql`select tgname from pg_trigger where not tgisinternal`;
  t.strictSame(one(triggers), [], 'no trigger');
  const foreign = await sql`
    select conname from pg_constraint
    where contype = 'f' and (conrelid::regclass::text = any(${facts}) or confrelid::regclass::text = any(${facts}))`;
  t.strictSame(one(foreign), [], 'no foreign key from or to facts');
  const parents =
    await sql`select inhrelid::regclass::text from pg_inherits join pg_class c on c.oid = inhrelid where relkind = 'r'`;
  t.strictSame(one(parents), [], 'no inheritance');
});

/** The statements of a function's body. */
const statementsOf = (body: string) => body.replace(/--.*$/gm, '').split(';');

/** The tables of facts that a statement writes. */
const writtenBy = (statement: string) => [
  ...new Set(
    [...statement.matchAll(/\b(?:insert\s+into|update|delete\s+from)\s+(\w+)/gi)]
      .map(([, table = '']) => table)
      .filter((table) => facts.includes(table)),
  ),
];

t.test('functions keep to what runs on a node', async (t) => {
  const { sql } = await world(t);
  const all = await sql<{ name: string; language: string; body: string; arguments: string[] | null }[]>`
    select p.proname as name, l.lanname as language, coalesce(p.prosrc, '') as body, p.proargnames as arguments
    from pg_proc p join pg_language l on l.oid = p.prolang where p.pronamespace = 'public'::regnamespace`;
  t.strictSame(
    all.map(({ name }) => name).sort(),
    functions()
      .map(({ name }) => name)
      .sort(),
    'all of them are in db/functions',
  );
  const named = new RegExp(`\\b(${facts.join('|')})\\b`);
  t.strictSame(
    all.filter(({ language, body }) => language === 'sql' && named.test(body)).map(({ name }) => name),
    [],
    'none that reads facts is language sql, which the planner would take apart',
  );
  const many = all.flatMap(({ name, body }) =>
    statementsOf(body)
      .filter((text) => writtenBy(text).length > 1)
      .map((text) => `${name}: ${text}`),
  );
  t.strictSame(many, [], 'no statement writes two tables of facts');
  const writers = all.filter(({ body }) => statementsOf(body).some((text) => writtenBy(text).length > 0));
  t.ok(writers.length > 5, 'the functions that write are seen');
  for (const [name, argument] of Object.entries(delegated)) {
    t.ok(all.find((f) => f.name === name)?.arguments?.includes(argument), `${name} has the argument ${argument}`);
  }
});

t.test('the check of statements sees one that writes two tables', async (t) => {
  const both = 'with a as (insert into events (id) values (1)) update conversations set id = 1';
  t.strictSame(writtenBy(both), ['events', 'conversations']);
  t.strictSame(writtenBy('insert into events select from conversations on conflict do update set a = 1'), ['events']);
});

/** Stands in for the extension: its functions record how they are called, and its catalogue says what they have done. */
async function standIn({ sql }: World): Promise<() => Promise<string[]>> {
  for (const statement of [
    'create table calls (n serial, call text)',
    'create table pg_dist_local_group as select 0 as groupid',
    "create table pg_dist_node as select true as isactive, 'primary' as noderole, true as shouldhaveshards from generate_series(1, 2)",
    'create table pg_dist_partition (logicalrelid regclass, partmethod "char", partkey text)',
    'create table pg_dist_object (classid oid, objid oid, force_delegation boolean)',
    'create function column_to_column_name(regclass, text) returns text language sql return $2',
    `create function create_distributed_table(name regclass, key text, colocate_with text default 'default') returns void
      language sql as $$
        insert into calls (call) values (concat_ws(' ', 'table', name, key, colocate_with));
        insert into pg_dist_partition values (name, 'h', key) $$`,
    `create function create_reference_table(name regclass) returns void language sql as $$
        insert into calls (call) values (concat_ws(' ', 'reference', name));
        insert into pg_dist_partition values (name, 'n', null) $$`,
    `create function truncate_local_data_after_distributing_table(name regclass) returns void
      language sql as $$ insert into calls (call) values (concat_ws(' ', 'truncate', name)) $$`,
    `create function create_distributed_function(name regprocedure, argument text default null,
        colocate_with text default null, force_delegation boolean default null) returns void language sql as $$
        insert into calls (call) values (concat_ws(' ', 'function', name, argument, colocate_with, force_delegation));
        insert into pg_dist_object values ('pg_proc'::regclass, name, force_delegation) $$`,
  ]) {
    await sql.unsafe(statement);
  }
  return async () => (await sql`delete from calls returning n, call`).map(({ call }) => call as string);
}

/** Runs the command on a database as an operator would. */
async function run(t: Test, { target }: World): Promise<{ code: unknown; said: string }> {
  const way = await proxy(target); // PostgreSQL on TCP, as DATABASE_URL names it
  t.teardown(way.close);
  const command = launch(process.execPath, [...main, 'distribute'], tmpdir(), {
    DATABASE_URL: `postgres://${target.username}@127.0.0.1:${way.target.port}/${target.database}`,
  });
  return { code: await command.ended, said: command.said() };
}

t.test('distribute sends each table and function once, and says what stays', async (t) => {
  const w = await world(t);
  const calls = await standIn(w);
  const { code, said } = await run(t, w);
  t.equal(code, 0, said);
  t.match(said, /^distributed over 2 nodes: events, conversations, .*pending_marks$/m);
  t.match(said, /^functions on every node: .*\bingest\b.*\brefold\b/m);
  for (const [name, why] of Object.entries(local)) t.match(said, new RegExp(`^  ${name} +${why}$`, 'm'));
  const sent = await calls();
  const others = distributed.filter((name) => name !== 'events');
  t.strictSame(
    sent.filter((call) => /^(table|reference|truncate)/.test(call)),
    [
      ...['table events account_id default', 'truncate events'],
      ...others.flatMap((name) => [`table ${name} account_id events`, `truncate ${name}`]),
      ...['reference pending_marks', 'truncate pending_marks'],
    ],
    'events first, all others beside it',
  );
  const ofFunctions = sent.filter((call) => call.startsWith('function'));
  t.equal(ofFunctions.length, functions().length);
  t.strictSame(ofFunctions.filter((call) => / t$/.test(call)).length, 2, 'two are delegated');
  t.ok(ofFunctions.includes('function ingest(uuid,text,text[],text[],text[]) p_account events t'));
  t.ok(ofFunctions.includes('function refold(uuid,text[]) p_account events t'));
  t.ok(sent.indexOf(ofFunctions[0] as string) > sent.indexOf('truncate pending_marks'), 'after the tables');

  const again = await run(t, w);
  t.equal(again.code, 0);
  t.match(again.said, /^distributed over 2 nodes: nothing to do/m);
  t.match(again.said, /^functions on every node: nothing to do/m);
  t.strictSame(await calls(), [], 'again changes nothing');

  await w.sql`delete from pg_dist_partition where logicalrelid = 'dictionary'::regclass`;
  await w.sql`delete from pg_dist_object where objid = 'fold_version'::regproc`;
  t.strictSame(await distribute(w.sql), { nodes: 2, tables: ['dictionary'], functions: ['fold_version'] });
  t.strictSame(
    await calls(),
    ['table dictionary account_id events', 'truncate dictionary', 'function fold_version()'],
    'what an upgrade has added is distributed alone',
  );
});

t.test('what stands in the way is said with the way out, and nothing is changed', async (t) => {
  const w = await world(t);
  const { code, said } = await run(t, w);
  t.equal(code, 1);
  t.match(said, /^this PostgreSQL does not have Citus: install it on every node, .*docs\/scaling\.md/);
  const calls = await standIn(w);
  await w.sql`insert into pg_dist_partition values ('orders'::regclass, 'h', 'conversation_id')`;
  await t.rejects(distribute(w.sql), {
    message: /^the table orders is distributed in another way, by conversation_id: run/,
  });
  await w.sql`update pg_dist_partition set logicalrelid = 'keys'::regclass, partmethod = 'n'`;
  await t.rejects(distribute(w.sql), { message: /^the table keys is distributed in another way, to every node: run/ });
  await w.sql`delete from pg_dist_partition`;
  await w.sql`update pg_dist_node set isactive = false`;
  await t.rejects(distribute(w.sql), { message: /^no node holds shards: add workers on the coordinator/ });
  await w.sql`update pg_dist_local_group set groupid = 3`;
  await t.rejects(distribute(w.sql), { message: /^DATABASE_URL is a worker: set it to the coordinator/ });
  t.strictSame(await calls(), []);

  const embedded = launch(process.execPath, [...main, 'distribute'], tmpdir(), {});
  t.equal(await embedded.ended, 1);
  t.match(embedded.said(), /^the embedded PostgreSQL is a single node/);
});

t.test('a failure in the middle leaves nothing distributed', async (t) => {
  const w = await world(t);
  const calls = await standIn(w);
  await w.sql`create or replace function create_reference_table(name regclass) returns void
    language plpgsql as $$ begin raise exception 'a node is down'; end $$`;
  await t.rejects(distribute(w.sql), { message: /a node is down/ });
  t.strictSame(await calls(), []);
  t.strictSame((await w.sql`select from pg_dist_partition`).length, 0);
});

t.test('distribute waits for a batch that is being stored, and lets the next one in afterwards', async (t) => {
  const w = await world(t);
  await standIn(w);
  const [app, key] = [await w.app(), await w.key()];
  const event = (id: string) => ({
    id,
    type: 'message',
    time: '2024-01-08T09:00:00Z',
    conversation_id: 'c',
    sender: 'user',
  });
  await send(app, key, [event('1')]);
  let go = () => {};
  let held = () => {};
  const isHeld = new Promise<void>((resolve) => {
    held = resolve;
  });
  const holding = w.db.transaction(async (tx) => {
    await tx`select from conversations where account_id = ${ACCOUNT}::uuid for no key update`;
    held();
    await new Promise<void>((resolve) => {
      go = resolve;
    });
  }, 60_000);
  await isHeld;
  const order: string[] = [];
  const moved = distribute(w.sql).then(() => order.push('distributed'));
  await untilActive(w.sql, 'lock table%', 'Lock');
  const sent = send(app, key, [event('2')]).then(({ status }) => order.push(`sent ${status}`));
  order.push('stored');
  go();
  await Promise.all([holding, moved, sent]);
  t.strictSame(order, ['stored', 'distributed', 'sent 200']);
});

t.test('a node that is lost is an outage, and another internal error is a fault', async (t) => {
  const w = await world(t);
  await w.sql.unsafe(`create function fail(says text) returns void language plpgsql as $$
    begin raise exception '%', says using errcode = 'XX000'; end $$`);
  const failing = (says: string) => w.db.read((sql) => sql`select fail(${says}::text)`);
  for (const says of [
    'server closed the connection unexpectedly\n\tThis probably means the server terminated abnormally',
    'connection to the remote node postgres@db1:5432 failed with the following error: timeout expired',
    'could not receive data from server: Connection reset by peer',
    'no connection to the server',
  ]) {
    await t.rejects(
      failing(says),
      { status: 503, retryAfter: 2, message: 'a node of the database cannot be reached' },
      says,
    );
  }
  await t.rejects(failing('cache lookup failed for relation 1'), { code: 'XX000', name: 'PostgresError' });
});
