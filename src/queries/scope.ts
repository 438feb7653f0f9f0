import type { Fragment, Sql } from '../database/connect.js';

/**
 * What a caller may see: one account, and within it the teams and bots to which its key is restricted (null for all).
 * Every query requires a scope, and only `auth` creates them.
 */
export interface Scope {
  account: string;
  teams: readonly string[] | null;
  bots: readonly string[] | null;
}

export const isRestricted = ({ teams, bots }: Scope): boolean => teams !== null || bots !== null;

/**
 * The condition of a scope on a table or alias `c` of conversations. A restricted key never sees a null team or bot.
 */
export function inScope(sql: Sql, scope: Scope): Fragment {
  const teams = scope.teams === null ? sql`` : sql` and c.team_id = any(${scope.teams as string[]}::text[])`;
  const bots = scope.bots === null ? sql`` : sql` and c.bot_id = any(${scope.bots as string[]}::text[])`;
  return sql`c.account_id = ${scope.account}::uuid${teams}${bots}`;
}

/**
 * The condition on `c` for every answer except the look-up of one conversation: in scope, started, and not withdrawn.
 */
export const visible = (sql: Sql, scope: Scope): Fragment =>
  sql`${inScope(sql, scope)} and not c.withdrawn and c.start_time is not null`;
