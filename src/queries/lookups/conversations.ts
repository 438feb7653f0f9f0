import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { condition } from '../condition.js';
import type { AsOf, FilterOf } from '../query.js';
import { fieldsOf } from '../raw/fields.js';
import { type Scope, visible } from '../scope.js';
import { EVER, type Window } from '../time/window.js';
import {
  type Conversation,
  type ConversationRow,
  conversationColumns,
  conversationOf,
  milliseconds,
} from './conversation.js';
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

/** So many conversations are searched for a part for one page, which takes a few tenths of a second. */
const SEARCHED = 50_000;

/**
 * Conversations that started in a window, newest first: by `start_time`, then id, both descending. Keyset pagination:
 * every page costs the same, and conversations that arrive meanwhile neither repeat nor hide others. `next` is the place
 * after which the next page starts: the last conversation of this one or, if there may be more that contain `part`, the last
 * one that was searched for it. A page then has fewer rows than `limit`, or none.
 */
export async function conversations(
  db: Database,
  query: ListQuery,
  asOf: AsOf,
  searched = SEARCHED,
): Promise<{ conversations: Conversation[]; next: ListCursor | null }> {
  const rows = await db.read<ConversationRow & Partial<Stop>>(
    (sql) => (query.part === null ? listed(sql, query, asOf) : found(sql, query, query.part, asOf, searched)),
    query.part === null ? 'light' : 'heavy', // an index gives a page, but the search for a part reads on until it has one
  );
  const [{ stop_time = null, stop_id = null } = {}] = rows;
  const stop = stop_time === null || stop_id === null ? null : { start_time: stop_time, conversation_id: stop_id };
  const page = rows
    .filter(({ conversation_id }) => conversation_id !== null)
    .map(({ stop_time: _, stop_id: __, ...row }) => conversationOf(row as ConversationRow, asOf));
  const last = page[query.limit - 1];
  return { conversations: page.slice(0, query.limit), next: page.length > query.limit && last ? last : stop };
}

/** The last conversation that was searched, if there may be more; the same in each row. */
interface Stop {
  stop_time: number | null;
  stop_id: string | null;
}

/** The conversations in scope and in the window that match the filter, after the cursor. */
const matched = (sql: Sql, { scope, window, where, after }: ListQuery, asOf: AsOf): Fragment => sql`
  conversations c where ${visible(sql, scope)}${from(sql, window)}${upTo(sql, window, after)}
    and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}`;

const listed = (sql: Sql, query: ListQuery, asOf: AsOf) => sql<ConversationRow[]>`
  select ${conversationColumns(sql)} from ${matched(sql, query, asOf)}
  order by c.start_time desc, c.conversation_id desc limit ${query.limit + 1}`;

/** The same with a part. Without conversations there may still be a row, of nulls, for the stop. */
const found = (sql: Sql, query: ListQuery, part: string, asOf: AsOf, searched: number) => sql<ConversationRow[]>`
  with page as materialized (
    select ${conversationColumns(sql)} from (
      select c.* from ${matched(sql, query, asOf)}
      order by c.start_time desc, c.conversation_id desc limit ${searched}
    ) c
    where ${matching(sql, part)}
    order by c.start_time desc, c.conversation_id desc limit ${query.limit + 1}
  ), stop as materialized (
    select ${milliseconds(sql, sql`c.start_time`)} as stop_time, c.conversation_id as stop_id
    from ${matched(sql, query, asOf)} and (select count(*) from page) <= ${query.limit}
    order by c.start_time desc, c.conversation_id desc offset ${searched - 1} limit 1
  )
  select page.*, stop.* from page full join stop on true
  order by page.start_time desc, page.conversation_id desc`;

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

function matching(sql: Sql, part: string): Fragment {
  const pattern = partPattern(part);
  return sql`(c.conversation_id ~ ${pattern}::text or c.user_id ~ ${pattern}::text
    or c.user_name ~ ${pattern}::text or c.user_email ~ ${pattern}::text)`;
}
