import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';

/** Progress of a rebuild. */
export interface Rebuilt {
  conversations: number;
  /** The number of conversations with a derived row that differed from its events and was corrected. */
  differed: number;
}

/** The number of conversations that one transaction locks and folds. */
const BATCH = 200;

/** Timeout of a batch in milliseconds. A batch may contain a conversation of a million events. */
const PATIENCE = 3_600_000;

/**
 * Rebuilds every derived row of one account, or of all accounts (null), from the events. It works in batches, each in
 * its own transaction, and services may run meanwhile. Rows without events are removed, and missing rows are created.
 */
export async function rebuild(
  db: Database,
  account: string | null,
  tell: (soFar: Rebuilt) => void = () => {},
): Promise<Rebuilt> {
  const soFar = { conversations: 0, differed: 0 };
  for (let current = await accountAfter(db, account, null); current !== null; ) {
    let after: string | null = '';
    while (after !== null) {
      const ids: string[] = await idsAfter(db, current, after);
      const folded = await db.write<{ differed: number }>(
        (sql) => sql`select coalesce(cardinality(refold(${current}::uuid, ${ids}::text[])), 0) as differed`,
        { timeout: PATIENCE },
      );
      soFar.conversations += ids.length;
      soFar.differed += only(folded).differed;
      if (ids.length > 0) tell(soFar);
      after = ids.at(-1) ?? null;
    }
    current = account === null ? await accountAfter(db, null, current) : null;
  }
  return soFar;
}

/** The next account that has events or rows; with `account`, that one if it has any. */
async function accountAfter(db: Database, wanted: string | null, after: string | null): Promise<string | null> {
  const [row] = await db.read<{ account_id: string }>(
    (sql) => sql`
      select account_id from (
        (select account_id from conversations c where ${within(sql, wanted, after)} order by account_id limit 1)
        union all
        (select account_id from events c where ${within(sql, wanted, after)} order by account_id limit 1)
      ) found order by account_id limit 1`,
  );
  return row?.account_id ?? null;
}

const within = (sql: Sql, wanted: string | null, after: string | null) => {
  if (wanted !== null) return sql`c.account_id = ${wanted}::uuid`;
  return after === null ? sql`true` : sql`c.account_id > ${after}::uuid`;
};

/** The next conversations of an account, including those with events but no row and those with a row but no events. */
async function idsAfter(db: Database, account: string, after: string): Promise<string[]> {
  const rows = await db.write<{ id: string }>(
    (sql) => sql`
      with known as (
        select conversation_id from conversations
        where account_id = ${account}::uuid and conversation_id > ${after}::text order by 1 limit ${BATCH}
      ), bound as (
        select case when count(*) = ${BATCH} then max(conversation_id collate "C") end as last from known
      )
      select conversation_id as id from known
      union
      select e.conversation_id from events e, bound
      where e.account_id = ${account}::uuid and e.conversation_id > ${after}::text
        and (bound.last is null or e.conversation_id <= bound.last)
      order by 1`,
    { timeout: PATIENCE },
  );
  return rows.map(({ id }) => id);
}

/**
 * Refolds the rows that an earlier version of the fold wrote, when a migration asks for it (a row in `pending_refold`).
 * Processes that start at the same time share the work, and an interrupted refold is resumed. `tell` is called after
 * every batch.
 */
export async function refoldPending(
  sql: Sql,
  tell: (soFar: { conversations: number; of: number }) => void = () => {},
): Promise<number> {
  let conversations = 0;
  let of: number | null = null;
  for (;;) {
    const done = await sql.begin(async (tx) => {
      const [place] = await tx<{ account_id: string; conversation_id: string }[]>`
        select account_id, conversation_id from pending_refold for update`;
      if (place === undefined) return null;
      of ??= only(await tx<{ count: number }[]>`select count(*) as count from conversations`).count;
      const next = await tx<{ account_id: string; conversation_id: string }[]>`
        select account_id, conversation_id from conversations
        where (account_id, conversation_id) > (${place.account_id}::uuid, ${place.conversation_id}::text)
        order by account_id, conversation_id limit ${BATCH}`;
      const last = next.at(-1);
      if (last === undefined) {
        await tx`delete from pending_refold`;
        return null;
      }
      for (const account of new Set(next.map((row) => row.account_id))) {
        const ids = next.filter((row) => row.account_id === account).map((row) => row.conversation_id);
        await tx`select refold(${account}::uuid, ${ids}::text[])`;
      }
      await tx`update pending_refold set account_id = ${last.account_id}, conversation_id = ${last.conversation_id}`;
      return next.length;
    });
    if (done === null) return conversations;
    conversations += done as number;
    tell({ conversations, of: of ?? conversations });
  }
}
