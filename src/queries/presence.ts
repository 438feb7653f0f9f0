import type postgres from '#postgres';
import type { Fragment, Sql } from '../database/connect.js';
import { concat } from '../database/fragments.js';
import { isNarrowed, type Scope, visible } from './scope.js';

type PendingRows<Row extends object> = postgres.PendingQuery<Row[]>;

/** Something whose existence decides an answer; it is looked up in the snapshot of the numbers. */
export type Presence =
  /**
   * Whether a bot or team is known to the caller: named by the attributes of any stored event of the account; to a narrowed
   * key, only when a conversation in its reach carries it now.
   */
  | { kind: 'bot' | 'team'; id: string }
  /** Whether a conversation of this bot carries the version now. */
  | { kind: 'version'; bot: string; id: string }
  /** Whether agents of an organization wrote in a conversation that the caller sees. */
  | { kind: 'organization'; id: string };

/** A condition of SQL that is true where it is there. */
export function isPresent(sql: Sql, scope: Scope, presence: Presence): Fragment {
  switch (presence.kind) {
    case 'version':
      return sql`exists (select from conversations c where ${visible(sql, scope)}
        and c.bot_id = ${presence.bot} and c.bot_version = ${presence.id})`;
    case 'organization':
      return sql`exists (select from conversations c where ${visible(sql, scope)}
        and ${presence.id}::text = any(c.organization_ids))`;
    default:
      return isNarrowed(scope)
        ? sql`exists (select from conversations c where ${visible(sql, scope)}
            and ${presence.kind === 'bot' ? sql`c.bot_id` : sql`c.team_id`} = ${presence.id})`
        : sql`exists (select from known_ids where account_id = ${scope.account}::uuid
            and kind = ${presence.kind} and id = ${presence.id})`;
  }
}

/**
 * The rows of a statement, each beside the answers to presences: one row with nulls where there are none, so that a missing
 * answer is never taken for a no. `presentIn` reads them. `found` names the rows where they are an expression of `with`: a
 * version that has rows need not be looked for.
 */
export function besidePresence<Row extends object>(
  sql: Sql,
  scope: Scope,
  presences: readonly Presence[],
  rows: Fragment,
  found?: Fragment,
): PendingRows<Row> {
  const columns = presences.map((presence, n) => {
    const looked = isPresent(sql, scope, presence);
    const isFound = presence.kind === 'version' && found ? sql`(exists (select from ${found}) or ${looked})` : looked;
    return sql`${isFound} as ${sql(`p${n}`)}, `;
  });
  return sql<Row[]>`select ${concat(sql, columns)}r.* from (select) one left join (${rows}) r on true`;
}

/** The answers to presences, in their order. Throws when there is no row at all: such a statement always gives one. */
export function presentIn(rows: readonly object[], presences: readonly Presence[]): boolean[] {
  const [first] = rows as Record<string, unknown>[];
  if (first === undefined) throw new Error('a report came back without a row, which its statement cannot do');
  return presences.map((_, n) => first[`p${n}`] === true);
}
