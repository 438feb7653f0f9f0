import type { Database } from '../../database/database.js';
import type { Timeouts } from '../timeouts.js';
import { finite } from './expiry.js';

/** Milliseconds between two looks at an account. */
const EVERY = 10_000;
/** So many rows become one: of all changes or old ranges, and of the ranges of one minute. */
const CROWD = 50;
const CROWD_OF_MINUTE = 4;
const DAY = 86_400_000;

/**
 * Keeps the rows behind revisions few. It deletes and inserts in one statement, so the totals and the ranges stay what they
 * are for everyone, and rows that another process has deleted are not counted twice.
 */
export function compacting(db: Database, timeouts: Timeouts): (account: string, now: number) => Promise<void> {
  const done = new Map<string, number>();
  return async (account, now) => {
    if ((done.get(account) ?? Number.NEGATIVE_INFINITY) + EVERY > now) return;
    if (done.size >= 10_000) done.clear();
    done.set(account, now);
    await compact(db, account, timeouts, now);
  };
}

/** Compacts the rows of an account. Ranges of what has expired a day ago become one. */
export async function compact(db: Database, account: string, timeouts: Timeouts, now: number): Promise<void> {
  const expired = new Date(now - Math.max(0, ...finite(timeouts)) - DAY).toISOString();
  await db.write(
    (sql) => sql`
      with gone as (
        delete from account_changes where account_id = ${account}::uuid and (
          select count(*) from (select from account_changes where account_id = ${account}::uuid limit ${CROWD}) c
        ) = ${CROWD}
        returning changes, digest
      )
      insert into account_changes (account_id, changes, digest)
      select ${account}::uuid, sum(changes), bit_xor(digest) from gone having count(*) > 0`,
  );
  await db.write(
    (sql) => sql`
      with own as (
        select minute, count(*) as n from account_activity where account_id = ${account}::uuid group by minute
      ), old as (
        select minute from own where minute < ${expired}::text::timestamptz
          and (select sum(n) from own where minute < ${expired}::text::timestamptz) >= ${CROWD}
      ), gone as (
        delete from account_activity where account_id = ${account}::uuid
          and minute in (select minute from own where n >= ${CROWD_OF_MINUTE} union select minute from old)
        returning minute, first_time, last_time
      )
      insert into account_activity (account_id, minute, first_time, last_time)
      select ${account}::uuid, case when minute < ${expired}::text::timestamptz then '-infinity' else minute end,
        min(first_time), max(last_time)
      from gone group by 2`,
  );
}
