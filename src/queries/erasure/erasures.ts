import { randomBytes } from 'node:crypto';
import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { recordAudit } from '../audit.js';

/** An erasure as it is shown: without what it looks for. */
export interface Erasure {
  erasure_id: string;
  /** What takes the place of the user. */
  stand_in: string;
  state: 'running' | 'ended';
  /** The key that asked for it. */
  key_id: string;
  requested_at: string;
  ended_at: string | null;
  conversations: number;
  events: number;
}

const time = (sql: Sql, column: ReturnType<Sql>) =>
  sql`to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

const columns = (sql: Sql) => sql`erasure_id, stand_in, key_id,
  case state when 'ended' then 'ended' else 'running' end as state,
  ${time(sql, sql`requested_at`)} as requested_at, ${time(sql, sql`ended_at`)} as ended_at,
  conversations::float8 as conversations, events::float8 as events`;

/** The timeout of a request for an erasure in milliseconds. */
const PATIENCE = 30_000;

/** Asks for the erasure of a user. One that is under way is returned instead. */
export async function requestErasure(db: Database, account: string, key_id: string, user_id: string): Promise<Erasure> {
  const erasure_id = `e${randomBytes(8).toString('hex')}`;
  const stand_in = `erased-${randomBytes(8).toString('hex')}`;
  return db.transaction(
    async (sql) => {
      const [same] = await sql<Erasure[]>`
      select ${columns(sql)} from erasures e
      where account_id = ${account}::uuid and state <> 'ended' and user_id = ${user_id} order by e.requested_at limit 1`;
      if (same !== undefined) return same;
      const made = await sql<Erasure[]>`
      insert into erasures (account_id, erasure_id, key_id, stand_in, state, user_id)
      values (${account}::uuid, ${erasure_id}, ${key_id}, ${stand_in}, 'gathering', ${user_id}) returning ${columns(sql)}`;
      await recordAudit(
        sql,
        account,
        { by: 'key', key_id },
        { action: 'erasure.requested', subject: erasure_id, of: null },
      );
      return only(made);
    },
    PATIENCE,
    'read committed',
  );
}

/** An erasure of an account; null if there is none of this id. */
export async function findErasure(db: Database, account: string, id: string): Promise<Erasure | null> {
  const [found] = await db.read<Erasure>(
    (sql) => sql`select ${columns(sql)} from erasures where account_id = ${account}::uuid and erasure_id = ${id}`,
  );
  return found ?? null;
}
