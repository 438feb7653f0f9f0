import type postgres from '#postgres';
import type { Fragment, Sql } from '../database/connect.js';
import { concat } from '../database/fragments.js';
import { isRestricted, type Scope, visible } from './scope.js';

type PendingRows<Row extends object> = postgres.PendingQuery<Row[]>;

/** Something whose existence decides the answer. It is looked up in the same snapshot as the numbers. */
export type Presence =
  /**
   * Whether a bot or team is known to the caller: an attribute of any stored event of the account names it. For a
   * restricted key, a conversation in its scope must currently belong to it.
   */
  | { kind: 'bot' | 'team'; id: string }
  /** Whether a conversation of this bot carries the version now. */
  | { kind: 'version'; bot: string; id: string }
  /** Whether agents of an organization wrote in a conversation that the caller sees. */
  | { kind: 'organization'; id: string };

/** Whether the key of a scope may see a bot or team at all. */
function isReachable({ teams, bots }: Scope, presence: Presence): boolean {
  if (presence.kind === 'team') return teams === null || teams.includes(presence.id);
  if (presence.kind === 'organization') return true;
  return bots === null || bots.includes('bot' in presence ? presence.bot : presence.id);
}

/** An SQL expression that is true if it exists. */
export function isPresent(sql: Sql, scope: Scope, presence: Presence): Fragment {
  if (!isReachable(scope, presence)) return sql`false`;
  switch (presence.kind) {
    case 'version':
      return sql`exists (select from conversations c where ${visible(sql, scope)}
        and c.bot_id = ${presence.bot} and c.bot_version = ${presence.id})`;
    case 'organization':
      // Not known: nobody wrote for it in any conversation. Those from before an upgrade are known once they are marked.
      return sql`((exists (select from known_ids where account_id = ${scope.account}::uuid
          and kind = 'organization' and id = ${presence.id}) or exists (select from pending_marks))
        and exists (select from conversations c where ${visible(sql, scope)}
          and ${presence.id}::text = any(c.organization_ids)))`;
    default:
      return isRestricted(scope)
        ? sql`exists (select from conversations c where ${visible(sql, scope)}
            and ${presence.kind === 'bot' ? sql`c.bot_id` : sql`c.team_id`} = ${presence.id})`
        : sql`exists (select from known_ids where account_id = ${scope.account}::uuid
            and kind = ${presence.kind} and id = ${presence.id})`;
  }
}

/**
 * Selects rows, each together with the results of presence checks, which `presentIn` reads. Without rows there is one
 * row of nulls, so a missing result is never mistaken for "no". `found` names the rows if they are a common table
 * expression: if a version has rows, it need not be looked up.
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

/**
 * The results of presence checks, in their order. Throws if there is no row, because such a statement always gives one.
 */
export function presentIn(rows: readonly object[], presences: readonly Presence[]): boolean[] {
  const [first] = rows as Record<string, unknown>[];
  if (first === undefined) throw new Error('a report returned no row, although its statement always gives one');
  return presences.map((_, n) => first[`p${n}`] === true);
}
