import t from 'tap';
import { connect } from '../src/database/connect.js';
import { functions, migrate, migrations } from '../src/database/migrate.js';
import { only } from '../src/database/rows.js';
import { markPending } from '../src/queries/segments/pending.js';
import { ACCOUNT, world } from './harness.js';
import { asked, byBot, numbered, SMALL, starting } from './segments/days.js';
import { FIRST } from './segments/moving.js';
import { write } from './segments/race.js';
import { refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';

/**
 * A process of the version before segments may still write while another one migrates: its batch calls functions that know
 * no marks, and commits after the migration has marked what it saw.
 */
t.test('a batch of the version before, in flight while the database is migrated', async (t) => {
  const w = await world(t);
  const before = migrations().filter(({ version }) => version < 6);
  const without = (text: string, what: RegExp, by: string) => {
    if (!what.test(text)) throw new Error(`${what} is not in it`);
    return text.replace(what, by);
  };
  const unmarking = functions().map(({ name, text, ...one }) => {
    if (name === 'mark_segments' || name === 'note_change')
      return { ...one, name, text: without(text, /begin[\s\S]*end;/, 'begin end;') };
    if (name === 'ingest')
      return { ...one, name, text: without(text, /exists \(select from erased_events[\s\S]*?then/, 'false then') };
    return { ...one, name, text };
  });
  // The test's database is migrated already; it goes back.
  await w.sql`drop table segment_marks, dictionary, conversation_segments, pending_marks, account_changes, account_activity, links, sources, source_deliveries,
    erasures, erased_events, erasure_secrets, audit, removed_conversations, retention`;
  await w.sql`drop sequence segment_version`;
  await w.sql`drop index conversations_by_version, conversations_by_team`;
  await w.sql`delete from schema_migrations where version >= 6`;
  await migrate(w.sql, before, unmarking);
  await write(w.db, starting(FIRST, ['early']));

  const old = connect(w.target, { max: 1, statementTimeout: 60_000 });
  t.teardown(() => old.end());
  const [event] = starting(FIRST + 2 * 86_400_000, ['in flight']);
  const { id, type, time, conversation_id, sender, sender_id: actor_id, conversation: attributes } = event ?? {};
  const row = { id, type, time, conversation_id, sender, actor_id, attributes, body: {} };
  const other = connect(w.target, { max: 1, statementTimeout: 60_000 });
  t.teardown(() => other.end());
  let migrated: Promise<unknown> | undefined;
  await old.begin(async (tx) => {
    const stored = await tx<{ n: number }[]>`
      select ingest(${ACCOUNT}::uuid, ${JSON.stringify([row])}::text, null, null, null) as n`;
    t.equal(only(stored).n, 1);
    migrated = migrate(other);
    // Either it waits for this transaction, or it is done without it.
    await Promise.race([migrated, new Promise((resolve) => setTimeout(resolve, 2_000))]);
  });
  await migrated;
  t.equal(await asked(t, w, byBot), 'raw', 'segments are not used yet');
  await markPending(w.db, () => false);
  await refreshAll(w.db);
  t.equal(await asked(t, w, byBot), 'stored');
  await markPending(w.db, () => false);
  t.equal((await w.sql`select from segment_marks`).length, 0, 'all are marked once');
});

t.test('segments from before messages', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, numbered('busy', 20)));
  await write(w.db, starting(FIRST + 86_400_000, ['calm']));
  await refreshAll(w.db, SMALL);
  const [empty] = await w.sql`select count(*)::integer as n from conversation_segments where row_count = 0`;
  t.ok(empty?.n > 20, 'hours without conversations have segments too');
  const columns = await w.sql<{ name: string }[]>`
    select attname as name from pg_attribute
    where attrelid = 'conversation_segments'::regclass and (attname ~ '^m_' or attname in ('messages', 'layout'))`;
  await w.sql.unsafe(
    `alter table conversation_segments ${columns.map(({ name }) => `drop ${name}`).join(', ')};
     alter table segment_marks drop messages_from, drop messages_to;
     delete from schema_migrations where version >= 13`,
  );
  await migrate(w.sql);
  const byHour = { ...byBot, dataset: 'messages', measures: ['messages', 'users'] };
  t.equal(await asked(t, w, byHour), 'raw', 'segments are not used yet');
  await markPending(w.db, () => false);
  t.equal(await asked(t, w, byHour), 'built');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, byHour), 'stored');
  t.equal(await asked(t, w, byBot), 'stored');
  t.strictSame((await differences(w.sql)).wrong, []);
});

t.test('segments from before the sum of messages', async (t) => {
  const w = await world(t);
  await write(w.db, starting(FIRST, numbered('busy', 20)));
  await refreshAll(w.db, SMALL);
  await w.sql.unsafe(
    `alter table conversation_segments drop messages, drop constraint conversation_segments_layout;
     update conversation_segments set layout = 2;
     delete from schema_migrations where version = 14`,
  );
  await migrate(w.sql);
  const summed = { ...byBot, measures: ['messages', 'user_messages'] };
  t.equal(await asked(t, w, summed), 'raw', 'segments are not used yet');
  await markPending(w.db, () => false);
  t.equal(await asked(t, w, summed), 'built');
  await refreshAll(w.db, SMALL);
  t.equal(await asked(t, w, summed), 'stored');
  t.strictSame((await differences(w.sql)).wrong, []);
});
