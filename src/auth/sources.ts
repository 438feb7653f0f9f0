import { randomBytes } from 'node:crypto';
import type { Sql } from '../database/connect.js';
import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';
import { recordAudit } from '../queries/audit.js';
import type { Scope } from '../queries/scope.js';
import { hash, isoTime, isWithin, type Key, columns as keyColumns, PATIENCE } from './keys.js';

/** How deliveries become events, as it is stored. */
export interface Reading {
  /** The name of a preset; or else a mapping as JSON. */
  preset: string | null;
  mapping: string | null;
  prefix: string;
  /** Attributes of all its conversations, as JSON. */
  attributes: string;
  /** The product whose signature each delivery must have. */
  signed_by: string | null;
}

/** A source as it is listed: without its token and the secret of its signatures. */
export interface StoredSource extends Reading {
  source: string;
  /** The key whose reach it has: the one that made or last changed it. */
  key_id: string;
  created_at: string;
  last_delivery_at: string | null;
  /** Whether its hook answers: its key is not revoked. */
  is_active: boolean;
  deliveries: number;
  accepted: number;
  duplicates: number;
  ignored: number;
  failed: number;
}

/** A source as its hook finds it, with the key whose reach it has. */
export interface Hook extends Reading {
  source: string;
  signing_secret: string | null;
  key: Key;
}

/** What became of one delivery. */
export interface Outcome {
  accepted: number;
  duplicates: number;
  /** Why parts of it are no events. */
  ignored: string[];
  /** What is wrong with parts of it. */
  faults: string[];
}

/** A delivery that was kept, because a part of it was ignored or failed. */
export interface Kept {
  time: string;
  ignored: string[];
  faults: string[];
  body: string;
}

/** The deliveries that a source keeps, and how many reasons of each. */
const KEPT = 100;
const REASONS = 10;
const LONGEST_REASON = 500;
const LONGEST_BODY = 4_000;

const TOKEN = /^[\w-]{43}$/;

const most = (sql: Sql, count: ReturnType<Sql>) => sql`least(${count}, 2147483647)::int`;

const columns = (sql: Sql) => sql`source, s.key_id, preset, mapping, prefix, attributes, signed_by,
  ${isoTime(sql, sql`s.created_at`)} as created_at, ${isoTime(sql, sql`last_delivery_at`)} as last_delivery_at,
  exists (select from keys k where k.key_id = s.key_id and k.account_id = s.account_id and k.revoked_at is null) as is_active,
  ${most(sql, sql`deliveries`)} as deliveries, ${most(sql, sql`accepted`)} as accepted,
  ${most(sql, sql`duplicates`)} as duplicates, ${most(sql, sql`ignored`)} as ignored, ${most(sql, sql`failed`)} as failed`;

/** The condition for the sources that a key with `admin` sees: those of keys that see no more than itself. */
const seenBy = (sql: Sql, scope: Scope) => sql`account_id = ${scope.account}::uuid
  and key_id in (select key_id from keys where ${isWithin(sql, scope)})`;

/** The sources within a scope, by name; at most `limit`. */
export const listSources = (db: Database, scope: Scope, limit: number): Promise<StoredSource[]> =>
  db.read<StoredSource>(
    (sql) => sql`select ${columns(sql)} from sources s where ${seenBy(sql, scope)} order by source limit ${limit}`,
  );

/** A source within a scope, and the deliveries that it kept, newest first; null if the scope has none of this name. */
export async function findSource(
  db: Database,
  scope: Scope,
  name: string,
): Promise<{ source: StoredSource; recent: Kept[] } | null> {
  // One statement, so that the counts and the deliveries are of the same moment.
  const [found] = await db.read<StoredSource & { recent: Kept[] }>(
    (sql) => sql`select ${columns(sql)}, (
        select coalesce(jsonb_agg(jsonb_build_object('time', ${isoTime(sql, sql`received_at`)}, 'ignored', d.ignored,
          'faults', d.faults, 'body', d.body) order by d.nth desc), '[]')
        from source_deliveries d where d.account_id = s.account_id and d.source = s.source
      ) as recent
      from sources s where source = ${name} and ${seenBy(sql, scope)}`,
  );
  if (found === undefined) return null;
  const { recent, ...source } = found;
  return { source, recent };
}

/** The number of other sources of an account. */
export async function countOtherSources(db: Database, account: string, name: string): Promise<number> {
  const counted = await db.read<{ count: number }>(
    (sql) => sql`select count(*)::int as count from sources where account_id = ${account}::uuid and source <> ${name}`,
  );
  return only(counted).count;
}

/**
 * Makes a source, or changes one within the scope, which keeps its token and counts. The token is returned where it is made,
 * and is not stored. Null if a source of this name is not within the scope.
 */
export async function putSource(
  db: Database,
  scope: Scope,
  name: string,
  { key_id }: Pick<Key, 'key_id'>,
  { preset, mapping, prefix, attributes, signed_by, secret }: Reading & { secret: string | null },
): Promise<{ source: StoredSource; token: string | null } | null> {
  const token = randomBytes(32).toString('base64url');
  const put = await db.transaction(
    async (sql) => {
      const [row] = await sql<(StoredSource & { is_new: boolean })[]>`
      insert into sources as s
        (account_id, source, key_id, token_hash, preset, mapping, prefix, attributes, signed_by, signing_secret)
      values (${scope.account}::uuid, ${name}, ${key_id}, ${hash(token)}, ${preset}, ${mapping}, ${prefix}, ${attributes},
        ${signed_by}, ${secret})
      on conflict (account_id, source) do update set key_id = excluded.key_id, preset = excluded.preset,
        mapping = excluded.mapping, prefix = excluded.prefix, attributes = excluded.attributes,
        signed_by = excluded.signed_by, signing_secret = excluded.signing_secret
        where s.key_id in (select key_id from keys where ${isWithin(sql, scope)})
      returning ${columns(sql)}, token_hash = ${hash(token)} as is_new`;
      if (row !== undefined) {
        const action = row.is_new ? 'source.created' : 'source.changed';
        await recordAudit(sql, scope.account, { by: 'key', key_id }, { action, subject: name, of: key_id });
      }
      return row;
    },
    PATIENCE,
    'read committed',
  );
  if (put === undefined) return null;
  const { is_new, ...source } = put;
  return { source, token: is_new ? token : null };
}

/** Deletes a source and what it kept. Returns false if the scope has none of this name. */
export const deleteSource = (
  db: Database,
  scope: Scope,
  name: string,
  { key_id }: Pick<Key, 'key_id'>,
): Promise<boolean> =>
  db.transaction(
    async (sql) => {
      const [gone] = await sql<{ key_id: string }[]>`
      delete from sources where source = ${name} and ${seenBy(sql, scope)} returning key_id`;
      if (gone === undefined) return false;
      await sql`delete from source_deliveries where account_id = ${scope.account}::uuid and source = ${name}`;
      const act = { action: 'source.deleted', subject: name, of: gone.key_id } as const;
      await recordAudit(sql, scope.account, { by: 'key', key_id }, act);
      return true;
    },
    PATIENCE,
    'read committed',
  );

/** The source with this token, and the key whose reach it has. Null if there is none, or its key is revoked. */
export async function findHook(db: Database, token: string): Promise<Hook | null> {
  if (!TOKEN.test(token)) return null;
  // Always returns a row, so that an empty result, which would be a fault, is never taken for an unknown source.
  const found = await db.read<Omit<Key, 'key_id'> & Omit<Hook, 'key'> & { key_id: string | null }>(
    (sql) => sql`
      with hook as (
        select source, key_id as maker, account_id as owner, preset, mapping, prefix, attributes, signed_by, signing_secret
        from sources where token_hash = ${hash(token)}
      )
      select ${keyColumns(sql)}, source, preset, mapping, prefix, attributes, signed_by, signing_secret
      from (select) one
      left join (hook join keys on key_id = maker and account_id = owner and revoked_at is null) on true`,
  );
  const { source, preset, mapping, prefix, attributes, signed_by, signing_secret, key_id, ...key } = only(found);
  if (key_id === null) return null;
  return { source, preset, mapping, prefix, attributes, signed_by, signing_secret, key: { key_id, ...key } };
}

/** Counts a delivery, and keeps it if a part of it was ignored or failed. `now` is epoch milliseconds. */
export async function countDelivery(
  db: Database,
  { source, key }: Pick<Hook, 'source' | 'key'>,
  { accepted, duplicates, ignored, faults }: Outcome,
  body: string,
  now: number,
): Promise<void> {
  const isKept = ignored.length + faults.length > 0;
  const reasons = (all: string[]) =>
    JSON.stringify(all.slice(0, REASONS).map((reason) => storable(reason, LONGEST_REASON)));
  await db.write(
    (sql) => sql`
      with counted as (
        update sources set deliveries = deliveries + 1, accepted = accepted + ${accepted}::int,
          duplicates = duplicates + ${duplicates}::int, ignored = ignored + ${ignored.length}::int,
          failed = failed + ${faults.length}::int, kept = kept + ${isKept ? 1 : 0}::int,
          last_delivery_at = to_timestamp(${now}::float8 / 1000)
        where account_id = ${key.account_id}::uuid and source = ${source}
        returning account_id, source, kept
      )
      insert into source_deliveries as d (account_id, source, slot, nth, received_at, ignored, faults, body)
      select account_id, source, kept % ${KEPT}::int, kept, to_timestamp(${now}::float8 / 1000),
        ${reasons(ignored)}::text::jsonb, ${reasons(faults)}::text::jsonb, ${storable(body, LONGEST_BODY)}
      from counted where ${isKept}::boolean
      on conflict (account_id, source, slot) do update set nth = excluded.nth, received_at = excluded.received_at,
        ignored = excluded.ignored, faults = excluded.faults, body = excluded.body`,
  );
}

/** The start of a text, without what PostgreSQL cannot store. */
const storable = (text: string, length: number) => text.slice(0, length).toWellFormed().replaceAll('\0', '');
