import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { bounds, cutoffOf, type Retention } from './days.js';

/** Conversations that one statement looks at, and events of those that one statement removes. */
const LOOKED_AT = 500;
const MOST_EVENTS = 20_000;
/** The timeout of one statement in milliseconds: a conversation may have a million events. */
const PATIENCE = 3_600_000;

interface Place {
  start: string;
  id: string;
}

interface Found {
  conversation_id: string;
  channel: string | null;
  activity: number;
  event_count: number;
  start: string;
}

/**
 * Removes the conversations of an account whose days are over, in batches, each a transaction of its own. `now` is epoch
 * milliseconds. Returns how many it has removed.
 */
export async function removePast(
  db: Database,
  account: string,
  retention: Retention,
  now: number,
  isOver: () => boolean = () => false,
): Promise<number> {
  const { newest, oldest } = bounds(retention, now);
  if (newest === null) return 0;
  let removed = 0;
  for (let after: Place | null = { start: '-infinity', id: '' }; after !== null && !isOver(); ) {
    const from: Place = after;
    const rows: Found[] = await db.write<Found>(
      (sql) => sql`
        select conversation_id, channel, (extract(epoch from last_activity) * 1000)::float8 as activity, event_count,
          start_time::text as start
        from conversations
        where account_id = ${account}::uuid and start_time < to_timestamp(${newest}::float8 / 1000)
          and (start_time, conversation_id) > (${from.start}::text::timestamptz, ${from.id}::text collate "C")
        order by start_time, conversation_id limit ${LOOKED_AT}`,
      { timeout: PATIENCE },
    );
    let batch: { id: string; cutoff: number }[] = [];
    let events = 0;
    const flush = async () => {
      if (batch.length > 0) removed += await remove(db, account, batch, oldest);
      batch = [];
      events = 0;
    };
    for (const { conversation_id: id, channel, activity, event_count } of rows) {
      const cutoff = cutoffOf(retention, channel, now);
      if (cutoff === null || activity >= cutoff) continue;
      if (events > 0 && events + event_count > MOST_EVENTS) await flush();
      batch.push({ id, cutoff });
      events += event_count;
    }
    await flush();
    const last = rows.length < LOOKED_AT ? undefined : rows.at(-1);
    after = last === undefined ? null : { start: last.start, id: last.conversation_id };
  }
  if (oldest !== null) {
    // What is older than this is ignored whatever it is.
    await db.write(
      (sql) => sql`
        delete from removed_conversations
        where account_id = ${account}::uuid and cutoff <= to_timestamp(${oldest}::float8 / 1000)`,
      { timeout: PATIENCE },
    );
  }
  return removed;
}

/** Removes conversations that have not changed since; another process may be at some of them. */
async function remove(
  db: Database,
  account: string,
  batch: { id: string; cutoff: number }[],
  oldest: number | null,
): Promise<number> {
  const found = await db.write<{ removed: number }>(
    (sql) => sql`
      select remove_conversations(${account}::uuid, ${batch.map(({ id }) => id)}::text[],
        array(
          select to_timestamp(c.cutoff / 1000)
          from unnest(${batch.map(({ cutoff }) => cutoff)}::float8[]) with ordinality c (cutoff, n) order by c.n
        ),
        to_timestamp(${oldest}::float8 / 1000)) as removed`,
    { timeout: PATIENCE },
  );
  return only(found).removed;
}
