import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { condition } from '../condition.js';
import type { AsOf, FilterOf } from '../query.js';
import { fieldsOf } from '../raw/fields.js';
import { type Scope, visible } from '../scope.js';
import { EVER, type Window } from '../time/window.js';
import { type Conversation, type ConversationRow, conversationColumns, conversationOf } from './conversation.js';
import { partPattern } from './search.js';

/** A keyset cursor: the sort key of one conversation, which need not exist any more. */
export interface ListCursor {
  start_time: number;
  conversation_id: string;
}

export interface ListQuery {
  scope: Scope;
  window: Window;
  where: FilterOf<'conversations'>;
  /** Substring of the conversation id or of the user's id, name or e-mail address, case-insensitive. */
  part: string | null;
  /** The list starts after this cursor. */
  after: ListCursor | null;
  limit: number;
}

/**
 * Conversations that started in a window, newest first: by `start_time`, then id, both descending. Keyset pagination:
 * every page costs the same, and conversations that arrive meanwhile neither repeat nor hide others. `next` is the
 * cursor of the last conversation if there are more.
 */
export async function conversations(
  db: Database,
  { scope, window, where, part, after, limit }: ListQuery,
  asOf: AsOf,
): Promise<{ conversations: Conversation[]; next: ListCursor | null }> {
  const rows = await db.read<ConversationRow>(
    (sql) => sql<ConversationRow[]>`
      select ${conversationColumns(sql)}
      from conversations c
      where ${visible(sql, scope)}${from(sql, window)}${upTo(sql, window, after)}
        and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}${matching(sql, part)}
      order by c.start_time desc, c.conversation_id desc
      limit ${limit + 1}`,
    part === null ? 'light' : 'heavy', // an index gives a page, but the search for a part reads on until it has one
  );
  const page = rows.slice(0, limit).map((row) => conversationOf(row, asOf));
  const last = page.at(-1);
  return { conversations: page, next: rows.length > limit && last !== undefined ? last : null };
}

const iso = (instant: number) => new Date(instant).toISOString();

/** An open end gets no condition: with one, the planner would assume a short range and sort it. */
const from = (sql: Sql, { from }: Window): Fragment =>
  from === EVER.from ? sql`` : sql` and c.start_time >= ${iso(from)}::timestamptz`;

/** A single upper bound: with two, the index scan would start at the higher one, and a late page would take longer. */
function upTo(sql: Sql, { to }: Window, after: ListCursor | null): Fragment {
  if (after === null || after.start_time >= to) {
    return to === EVER.to ? sql`` : sql` and c.start_time < ${iso(to)}::timestamptz`;
  }
  const { start_time, conversation_id } = after;
  return sql` and (c.start_time, c.conversation_id) < (${iso(start_time)}::timestamptz, ${conversation_id}::text)`;
}

function matching(sql: Sql, part: string | null): Fragment {
  if (part === null) return sql``;
  const pattern = partPattern(part);
  return sql` and (c.conversation_id ~ ${pattern}::text or c.user_id ~ ${pattern}::text
    or c.user_name ~ ${pattern}::text or c.user_email ~ ${pattern}::text)`;
}
