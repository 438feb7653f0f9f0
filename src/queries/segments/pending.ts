import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { markWhere } from './mark.js';

/** Milliseconds between two looks at the transactions of others, and the timeout of the marking. */
const EVERY = 200;
const PATIENCE = 3_600_000;

/**
 * After an upgrade from a version without segments or validators: marks every conversation, so that segments are built of
 * them, and notes when they expire. It first waits for transactions of the service that began before this call, because they
 * may run an earlier `ingest`, which makes no marks. Transactions of other roles cannot be seen, and are not waited for.
 */
export async function markPending(db: Database, isOver: () => boolean): Promise<void> {
  const [pending] = await db.read((sql) => sql`select from pending_marks`);
  if (pending === undefined) return;
  const { bound } = only(await db.read<{ bound: string }>((sql) => sql`select clock_timestamp()::text as bound`));
  for (;;) {
    const [older] = await db.read(
      (sql) => sql`
        select from pg_stat_activity
        where datname = current_database() and application_name = 'conversation-reports'
          and xact_start < ${bound}::text::timestamptz and pid <> pg_backend_pid()
        limit 1`,
    );
    if (older === undefined) break;
    if (isOver()) return;
    await delay(EVERY);
  }
  await db.transaction(async (sql) => {
    const taken = await sql`delete from pending_marks returning since`;
    if (taken.length === 0) return; // another process was faster
    await sql`
      insert into known_ids (account_id, kind, id)
      select distinct c.account_id, 'organization', o.id
      from conversations c cross join unnest(c.organization_ids) o (id)
      where o.id <> c.account_id::text -- that of agents for whom no event names one
      on conflict do nothing`;
    await sql`
      insert into account_activity (account_id, minute, first_time, last_time)
      select account_id, date_bin('1 minute', last_activity, timestamptz '0001-01-01Z'), min(last_activity), max(last_activity)
      from conversations where closed_at is null and last_activity is not null group by 1, 2`;
    await markWhere(sql, sql`true`);
  }, PATIENCE);
}
