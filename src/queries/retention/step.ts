import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { isWaitingFor } from '../erasure/settle.js';
import type { Retention } from './days.js';
import { removePast } from './remove.js';
import { forgetWords, markUnworded } from './words.js';

/** Minutes between two looks at all conversations of an account. */
const EVERY = 10;
/** The timeout of one statement in milliseconds. */
const PATIENCE = 600_000;

/**
 * Removes what is past its days from an account, if nobody has looked for `every` minutes, and goes on with what follows.
 * Any number of processes may call it. Returns how many conversations it has removed.
 */
export async function retentionStep(
  db: Database,
  account: string,
  retention: Retention,
  { now, every = EVERY, isOver }: { now: number; every?: number; isOver?: () => boolean },
): Promise<number> {
  const { due } = only(
    await db.write<{ due: boolean }>(
      (sql) => sql`
        with looked as (
          insert into retention as r (account_id, state, looked_at) values (${account}::uuid, 'resting', clock_timestamp())
          on conflict (account_id) do update set looked_at = excluded.looked_at
            where r.looked_at <= clock_timestamp() - ${every}::float8 * interval '1 minute'
          returning account_id
        )
        select exists (select from looked) as due`,
    ),
  );
  const removed = due ? await removePast(db, account, retention, now, isOver) : 0;
  while (await forgetStep(db, account));
  return removed;
}

/**
 * Takes the users of removed conversations out of the words of segments, as an erasure does: when all transactions that began
 * before are gone. Returns whether there is more to do now.
 */
const forgetStep = (db: Database, account: string): Promise<boolean> =>
  db.transaction(async (sql) => {
    const [row] = await sql<{ state: string; settle_from: string | null }[]>`
      select state, settle_from::text as settle_from from retention
      where account_id = ${account}::uuid and state <> 'resting' for update skip locked`;
    if (row === undefined) return false;
    if (row.settle_from === null) {
      await sql`update retention set settle_from = clock_timestamp() where account_id = ${account}::uuid`;
      return true;
    }
    if (await isWaitingFor(sql, row.settle_from)) return false;
    await (row.state === 'settling' ? forgetWords(sql, account) : markUnworded(sql, account));
    const next = row.state === 'settling' ? 'marking' : 'resting';
    await sql`update retention set state = ${next}, settle_from = null where account_id = ${account}::uuid`;
    return true;
  }, PATIENCE);
