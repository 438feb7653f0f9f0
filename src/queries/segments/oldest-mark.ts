import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';

/**
 * Seconds since the oldest mark of all accounts was made; null if there is none. It reads the first mark of each account
 * that has any, by the key of the table, and no other.
 */
export async function oldestMark(db: Database): Promise<number | null> {
  const rows = await db.read<{ seconds: number | null }>(
    (sql) => sql`
      with recursive first as (
        (select account_id, marked_at from segment_marks order by account_id, mark_id limit 1)
        union all
        select next.account_id, next.marked_at from first
        cross join lateral (
          select m.account_id, m.marked_at from segment_marks m
          where m.account_id > first.account_id order by m.account_id, m.mark_id limit 1
        ) next
      )
      select extract(epoch from clock_timestamp() - min(marked_at))::float8 as seconds from first`,
  );
  const { seconds } = only(rows);
  return seconds === null ? null : Math.max(0, seconds);
}
