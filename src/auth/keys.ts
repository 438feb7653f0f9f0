import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Sql } from '../database/connect.js';
import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';
import { type Actor, recordAudit } from '../queries/audit.js';
import type { Scope } from '../queries/scope.js';

export const permissions = ['read', 'write', 'admin'] as const;
export type Permission = (typeof permissions)[number];

/** A key as it is stored, with a hash of its secret. */
export interface Key {
  key_id: string;
  account_id: string;
  name: string;
  permissions: Permission[];
  /** Teams and bots that the key is restricted to; null means no restriction. */
  team_ids: string[] | null;
  bot_ids: string[] | null;
  created_at: string;
  revoked_at: string | null;
}

/** A secret has 32 random bytes, so one round of SHA-256 protects it as well as a slow hash. */
export const hash = (secret: string) => createHash('sha256').update(secret).digest();

/** The columns of a key. */
export const columns = (
  sql: Sql,
) => sql`key_id, account_id, name, to_jsonb(permissions) as permissions, to_jsonb(team_ids) as team_ids,
  to_jsonb(bot_ids) as bot_ids, ${isoTime(sql, sql`created_at`)} as created_at, ${isoTime(sql, sql`revoked_at`)} as revoked_at`;

/** A time as ISO 8601 in UTC, with milliseconds. */
export const isoTime = (sql: Sql, time: ReturnType<Sql>) =>
  sql`to_char(${time} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** The condition for keys that see no more than a scope: a key without a restriction is wider than any that has one. */
export const isWithin = (sql: Sql, { account, teams, bots }: Scope) => sql`account_id = ${account}::uuid
  ${teams === null ? sql`` : sql`and team_ids <@ ${teams}::text[]`}
  ${bots === null ? sql`` : sql`and bot_ids <@ ${bots}::text[]`}`;

/** The timeout of a change of keys, links or sources in milliseconds. */
export const PATIENCE = 30_000;

/**
 * Creates a key, and its account if that is new, and returns the secret, which is not stored. `id` and `secret` are
 * generated unless given. Throws the database error 23505 if the id exists.
 */
export async function createKey(
  db: Database,
  key: Pick<Key, 'account_id' | 'name' | 'permissions' | 'team_ids' | 'bot_ids'> & { key_id?: string; secret?: string },
  by: Actor = { by: 'service' },
): Promise<{ key_id: string; secret: string; created_at: string }> {
  const id = key.key_id ?? `k${randomBytes(8).toString('hex')}`;
  const secret = key.secret ?? randomBytes(32).toString('base64url');
  const { created_at } = await db.transaction(
    async (sql) => {
      // In the transaction of the key, so that an id that exists leaves no account behind.
      await sql`insert into accounts (account_id) values (${key.account_id}::uuid) on conflict do nothing`;
      const made = await sql<{ created_at: string }[]>`
      insert into keys (key_id, account_id, name, secret_hash, permissions, team_ids, bot_ids)
      values (${id}, ${key.account_id}::uuid, ${key.name}, ${hash(secret)}, ${key.permissions}::text[],
        ${key.team_ids}::text[], ${key.bot_ids}::text[])
      returning ${isoTime(sql, sql`created_at`)} as created_at`;
      await recordAudit(sql, key.account_id, by, { action: 'key.created', subject: id, of: id });
      return only(made);
    },
    PATIENCE,
    'read committed',
  );
  return { key_id: id, secret, created_at };
}

/** All keys, or the keys of one account, oldest first. */
export const listKeys = (db: Database, account?: string): Promise<Key[]> =>
  db.read<Key>(
    (sql) => sql`select ${columns(sql)} from keys
      ${account === undefined ? sql`` : sql`where account_id = ${account}::uuid`} order by keys.created_at, key_id`,
  );

/** The keys within a scope, active ones first, each newest first; at most `limit`. */
export const listKeysWithin = (db: Database, scope: Scope, limit: number): Promise<Key[]> =>
  db.read<Key>(
    (sql) => sql`select ${columns(sql)} from keys where ${isWithin(sql, scope)}
      order by revoked_at desc nulls first, keys.created_at desc, key_id limit ${limit}`,
  );

/** The number of active keys of an account. */
export async function countKeys(db: Database, account: string): Promise<number> {
  const counted = await db.read<{ count: number }>(
    (sql) => sql`select count(*)::int as count from keys where account_id = ${account}::uuid and revoked_at is null`,
  );
  return only(counted).count;
}

/** Revokes a key within a scope; one that is revoked stays as it is. Returns false if the scope has no such key. */
export const revokeKeyWithin = (db: Database, scope: Scope, id: string, by: Actor): Promise<boolean> =>
  db.transaction(
    async (sql) => {
      const found = await sql<{ is_active: boolean }[]>`
      select revoked_at is null as is_active from keys where key_id = ${id} and ${isWithin(sql, scope)} for update`;
      if (found[0]?.is_active) {
        await sql`update keys set revoked_at = now() where key_id = ${id}`;
        await recordAudit(sql, scope.account, by, { action: 'key.revoked', subject: id, of: id });
      }
      return found.length > 0;
    },
    PATIENCE,
    'read committed',
  );

/** All accounts, oldest first. */
export async function listAccounts(db: Database): Promise<string[]> {
  const found = await db.read<{ account_id: string }>(
    (sql) => sql`select account_id::text from accounts order by created_at, account_id`,
  );
  return found.map(({ account_id }) => account_id);
}

/** Revokes a key. Returns false if no active key has this id. Running services notice within 30 seconds. */
export const revokeKey = (db: Database, id: string, by: Actor): Promise<boolean> =>
  db.transaction(
    async (sql) => {
      const [ended] = await sql<{ account_id: string }[]>`
      update keys set revoked_at = now() where key_id = ${id} and revoked_at is null returning account_id::text`;
      if (ended === undefined) return false;
      await recordAudit(sql, ended.account_id, by, { action: 'key.revoked', subject: id, of: id });
      return true;
    },
    PATIENCE,
    'read committed',
  );

/** The key with this id and secret, or null. An unknown id, a revoked key and a wrong secret take the same time and give the same result. */
export async function findKey(db: Database, id: string, secret: string): Promise<Key | null> {
  // Always returns a row, so that an empty result, which would be a fault, is never taken for an unknown key.
  const found = await db.read<Omit<Key, 'key_id'> & { key_id: string | null; secret_hash: Buffer | null }>(
    (sql) => sql`select ${columns(sql)}, secret_hash
      from (select) one left join keys on key_id = ${id} and revoked_at is null`,
  );
  const { secret_hash, key_id, ...key } = only(found);
  const equal = timingSafeEqual(hash(secret), secret_hash ?? hash(''));
  return key_id === null || !equal ? null : { key_id, ...key };
}
