import type { Fragment, Sql } from '../database/connect.js';
import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';
import { inScope, type Scope } from './scope.js';

/**
 * Whether a bot or team is known to a caller: named by the attributes of any stored event of the account; to a narrowed
 * key, only when a conversation in its reach carries it now.
 */
export async function isKnown(db: Database, scope: Scope, kind: 'bot' | 'team', id: string): Promise<boolean> {
  const narrowed = scope.teams !== null || scope.bots !== null;
  return exists(db, (sql) =>
    narrowed
      ? sql`select from conversations c where ${inScope(sql, scope)} and not c.withdrawn
          and ${kind === 'bot' ? sql`c.bot_id` : sql`c.team_id`} = ${id}`
      : sql`select from known_ids where account_id = ${scope.account}::uuid and kind = ${kind} and id = ${id}`,
  );
}

/** Whether a conversation of this bot carries the version now. */
export async function isVersionSeen(db: Database, scope: Scope, bot: string, version: string): Promise<boolean> {
  return exists(
    db,
    (sql) => sql`select from conversations c where ${inScope(sql, scope)} and not c.withdrawn
      and c.bot_id = ${bot} and c.bot_version = ${version}`,
  );
}

/** Whether agents of an organization wrote in a conversation that the caller sees. */
export async function takesPart(db: Database, scope: Scope, organization: string): Promise<boolean> {
  return exists(
    db,
    (sql) => sql`select from conversations c where ${inScope(sql, scope)} and not c.withdrawn
      and ${organization}::text = any(c.organization_ids)`,
  );
}

/** Whether an id is that of an account. */
export async function isAccount(db: Database, id: string): Promise<boolean> {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)) return false;
  return exists(db, (sql) => sql`select from accounts where account_id = ${id}::text::uuid`);
}

/** Whether a select has rows. The answer is a row either way, so none at all is never taken for a no. */
async function exists(db: Database, select: (sql: Sql) => Fragment): Promise<boolean> {
  return only(await db.read<{ found: boolean }>((sql) => sql`select exists (${select(sql)}) as found`)).found;
}
