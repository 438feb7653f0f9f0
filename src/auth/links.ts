import { randomBytes } from 'node:crypto';
import type { Sql } from '../database/connect.js';
import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';
import { recordAudit } from '../queries/audit.js';
import type { Scope } from '../queries/scope.js';
import { columns, hash, isoTime, isWithin, type Key, PATIENCE } from './keys.js';

/** What a link reads: the path and query of a GET report, or the body of `POST /v1/query` as JSON. */
export type Shared = { report: string; query: null } | { report: null; query: string };

/** A link as it is listed, without its token. */
export type Link = Shared & {
  link_id: string;
  name: string;
  /** The key that made it. */
  key_id: string;
  created_at: string;
  expires_at: string | null;
  /** Whether it answers: it has not ended, and its key is not revoked. */
  is_active: boolean;
};

/** Whose links a caller sees: those of its own key and, for an admin, of all keys within its scope. */
export interface Owner {
  key_id: string;
  scope: Scope;
  isAdmin: boolean;
}

const TOKEN = /^[\w-]{43}$/;

/** A time in epoch milliseconds as SQL. */
const at = (sql: Sql, ms: number | null) => sql`to_timestamp(${ms}::float8 / 1000)`;

/** Creates a link of a key and returns its token, which is not stored. `now` and `expires` are epoch milliseconds. */
export async function createLink(
  db: Database,
  { key_id, account_id }: Pick<Key, 'key_id' | 'account_id'>,
  { name, expires, report, query }: Shared & { name: string; expires: number | null },
): Promise<Pick<Link, 'link_id' | 'created_at' | 'expires_at'> & { token: string }> {
  const token = randomBytes(32).toString('base64url');
  const link_id = `l${randomBytes(8).toString('hex')}`;
  const made = await db.transaction(
    async (sql) => {
      const rows = await sql<{ created_at: string; expires_at: string | null }[]>`
      insert into links (account_id, link_id, key_id, name, token_hash, report, query, expires_at)
      values (${account_id}::uuid, ${link_id}, ${key_id}, ${name}, ${hash(token)}, ${report}, ${query},
        ${at(sql, expires)})
      returning ${isoTime(sql, sql`created_at`)} as created_at, ${isoTime(sql, sql`expires_at`)} as expires_at`;
      await recordAudit(
        sql,
        account_id,
        { by: 'key', key_id },
        { action: 'link.created', subject: link_id, of: key_id },
      );
      return only(rows);
    },
    PATIENCE,
    'read committed',
  );
  return { link_id, token, ...made };
}

/** The condition for the links that a caller sees. */
const ownedBy = (sql: Sql, { key_id, scope, isAdmin }: Owner) => sql`account_id = ${scope.account}::uuid
  and (key_id = ${key_id} ${isAdmin ? sql`or key_id in (select key_id from keys where ${isWithin(sql, scope)})` : sql``})`;

/** The links that a caller sees, newest first; at most `limit`. */
export const listLinks = (db: Database, owner: Owner, now: number, limit: number): Promise<Link[]> =>
  db.read<Link>(
    (sql) => sql`select link_id, name, key_id, report, query, ${isoTime(sql, sql`created_at`)} as created_at,
        ${isoTime(sql, sql`expires_at`)} as expires_at,
        (expires_at is null or expires_at > ${at(sql, now)}) and exists (
          select from keys k where k.key_id = l.key_id and k.account_id = l.account_id and k.revoked_at is null
        ) as is_active
      from links l where ${ownedBy(sql, owner)} order by l.created_at desc, link_id limit ${limit}`,
  );

/** The number of links of an account. */
export async function countLinks(db: Database, account: string): Promise<number> {
  const counted = await db.read<{ count: number }>(
    (sql) => sql`select count(*)::int as count from links where account_id = ${account}::uuid`,
  );
  return only(counted).count;
}

/** Deletes a link. Returns false if the caller sees none with this id. */
export const deleteLink = (db: Database, owner: Owner, id: string): Promise<boolean> =>
  db.transaction(
    async (sql) => {
      const [deleted] = await sql<{ key_id: string }[]>`
      delete from links where link_id = ${id} and ${ownedBy(sql, owner)} returning key_id`;
      if (deleted === undefined) return false;
      const act = { action: 'link.deleted', subject: id, of: deleted.key_id } as const;
      await recordAudit(sql, owner.scope.account, { by: 'key', key_id: owner.key_id }, act);
      return true;
    },
    PATIENCE,
    'read committed',
  );

/**
 * The report of the link with this token, and the key that made it. Null if there is none, it has ended, or its key is
 * revoked. It is looked up each time, so a link stops with the answer to its deletion.
 */
export async function findLink(db: Database, token: string, now: number): Promise<{ key: Key; shared: Shared } | null> {
  if (!TOKEN.test(token)) return null;
  // Always returns a row, so that an empty result, which would be a fault, is never taken for an unknown link.
  const found = await db.read<Omit<Key, 'key_id'> & Shared & { key_id: string | null }>(
    (sql) => sql`
      with link as (
        select key_id as maker, account_id as owner, report, query from links
        where token_hash = ${hash(token)} and (expires_at is null or expires_at > ${at(sql, now)})
      )
      select ${columns(sql)}, report, query
      from (select) one
      left join (link join keys on key_id = maker and account_id = owner and revoked_at is null) on true`,
  );
  const { key_id, report, query, ...key } = only(found);
  return key_id === null ? null : { key: { key_id, ...key }, shared: { report, query } as Shared };
}
