import type { Fragment, Sql } from '../database/connect.js';
import { isNarrowed, type Scope, visible } from './scope.js';

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
