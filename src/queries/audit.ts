import type { Sql } from '../database/connect.js';
import type { Database } from '../database/database.js';
import type { Scope } from './scope.js';

/** Who did something: a key over HTTP, a person at the command line, or the service by itself. */
export type Actor = { by: 'key'; key_id: string } | { by: 'command' | 'service' };

export const actions = [
  'key.created',
  'key.revoked',
  'link.created',
  'link.deleted',
  'source.created',
  'source.changed',
  'source.deleted',
  'user.exported',
  'erasure.requested',
  'erasure.ended',
  'retention.removed',
] as const;
export type Action = (typeof actions)[number];

/** An action to record. It never names a person: an erasure is named by its id. */
export interface AuditedAction {
  action: Action;
  /** The key, link, source or erasure. */
  subject: string | null;
  /** The key whose reach it is within; null for what concerns the whole account. */
  of: string | null;
  /** Conversations that were erased or removed. */
  conversations?: number;
}

/** Records an action in the audit trail, in the transaction that does it. */
export const recordAudit = (
  sql: Sql,
  account: string,
  actor: Actor,
  { action, subject, of, conversations }: AuditedAction,
) => sql`
  insert into audit (account_id, action, done_by, key_id, subject, conversations, team_ids, bot_ids)
  select ${account}::uuid, ${action}, ${actor.by}, ${actor.by === 'key' ? actor.key_id : null}, ${subject},
    ${conversations ?? null}::bigint, k.team_ids, k.bot_ids
  from (select) one left join keys k on k.key_id = ${of}`;

/** An entry of the audit trail. */
export interface Entry {
  time: string;
  action: Action;
  done_by: Actor['by'];
  key_id: string | null;
  subject: string | null;
  conversations: number | null;
}

/** The place of an entry: microseconds since 1970, and its number among those of the same time. */
export interface AuditCursor {
  time: number;
  id: number;
}

/**
 * A page of the audit trail within a scope, newest first. A restricted key sees what keys within its own reach are concerned
 * with, and nothing about the whole account.
 */
export async function auditTrail(
  db: Database,
  { account, teams, bots }: Scope,
  after: AuditCursor | null,
  limit: number,
): Promise<{ entries: Entry[]; next: AuditCursor | null }> {
  const rows = await db.read<Entry & { at: number; id: number }>(
    (sql) => sql`
      select to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time, action, done_by, key_id, subject,
        conversations::float8 as conversations, (extract(epoch from a.time) * 1000000)::bigint as at, audit_id as id
      from audit a
      where account_id = ${account}::uuid
        ${teams === null ? sql`` : sql`and team_ids <@ ${teams as string[]}::text[]`}
        ${bots === null ? sql`` : sql`and bot_ids <@ ${bots as string[]}::text[]`}
        ${
          after === null
            ? sql``
            : sql`and (a.time, audit_id) < (timestamptz 'epoch' + ${after.time}::bigint * interval '1 microsecond', ${after.id}::bigint)`
        }
      order by a.time desc, audit_id desc limit ${limit + 1}`,
  );
  const page = rows.slice(0, limit);
  const last = page.at(-1);
  return {
    entries: page.map(({ at: _, id: __, ...entry }) => entry),
    next: rows.length > limit && last !== undefined ? { time: last.at, id: last.id } : null,
  };
}
