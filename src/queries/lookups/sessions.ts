import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { concat } from '../../database/fragments.js';
import { condition } from '../condition.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { visible } from '../scope.js';
import { type Conversation, type ConversationRow, conversationColumns, conversationOf } from './conversation.js';
import type { ConversationsQuery } from './performance.js';

/** A conversation with what its messages say of it; times in seconds, numbers that must be exact as decimal text. */
export interface Session extends Conversation {
  feedback: string | null;
  tags: string[] | null;
  rule_ids: string[] | null;
  insights: Record<string, unknown> | null;
  avg_confidence: string | null;
  min_confidence: string | null;
  /** Of the messages of bots, and of agents, that have one. */
  avg_response_time: string | null;
  avg_human_response_time: string | null;
  human_first_response_time: string | null;
  /** The messages that name tags, rules, a collection or a brain, in order of time, with just those. */
  messages: { body: Record<string, unknown> }[];
}

/** A column to order by, and whether it goes down; the order of the list decides between equal ones. */
export interface SessionOrder {
  column: SortableColumn;
  direction: 'asc' | 'desc';
  nulls: 'first' | 'last';
}

/** Columns that a list can be ordered by, in SQL. */
const sortable = {
  conversation_id: (sql: Sql) => sql`c.conversation_id`,
  channel: (sql: Sql) => sql`c.channel`,
  desk_id: (sql: Sql) => sql`c.desk_id`,
  integration_id: (sql: Sql) => sql`c.integration_id`,
  start_time: (sql: Sql) => sql`c.start_time`,
  end_time: (sql: Sql) => sql`c.end_time`,
  brain_id: (sql: Sql) => sql`c.brain_id`,
  bot_id: (sql: Sql) => sql`c.bot_id`,
  user_id: (sql: Sql) => sql`c.user_id`,
  user_messages: (sql: Sql) => sql`c.user_messages`,
  rating: (sql: Sql) => sql`c.rating`,
  csat_brain: (sql: Sql) => sql`c.csat_brain`,
  csat_human_agent: (sql: Sql) => sql`c.csat_human_agent`,
  user_sentiment: (sql: Sql) => sql`c.user_sentiment`,
  goal_achieved: (sql: Sql) => sql`c.goal_achieved`,
  is_contained: (sql: Sql) => sql`c.is_contained`,
  is_covered: (sql: Sql) => sql`c.is_covered`,
  is_test: (sql: Sql) => sql`c.is_test`,
  min_confidence: (sql: Sql) => sql`c.min_confidence`,
  first_response_seconds: (sql: Sql) => sql`c.first_response_seconds`,
};

export type SortableColumn = keyof typeof sortable;

export const isSortable = (column: string): column is SortableColumn => Object.hasOwn(sortable, column);

/** Conversations that started in a window and pass a filter, newest first, then by id descending; at most `limit` of them. */
export async function sessions(
  db: Database,
  query: ConversationsQuery,
  page: { order: SessionOrder[]; limit: number; offset: number },
): Promise<Session[]> {
  const { scope, window, where, asOf } = query;
  const rows = await db.read<ConversationRow & Omit<Session, keyof Conversation>>(
    (sql) => sql`
      with page as materialized (
        select c.* from conversations c
        where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}
          and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}
        order by ${ordered(sql, page.order)}
        limit ${page.limit} offset ${page.offset}
      )
      select ${conversationColumns(sql)}, c.feedback, c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids,
        c.attributes->'insights' as insights, c.confidence_sum / nullif(c.confidence_count, 0) as avg_confidence,
        c.min_confidence, c.first_response_seconds as human_first_response_time,
        m.avg_response_time, m.avg_human_response_time, m.messages
      from page c
      cross join lateral (
        select avg(e.response_seconds) filter (where e.sender = 'bot') as avg_response_time,
          avg(e.response_seconds) filter (where e.sender = 'agent') as avg_human_response_time,
          coalesce(jsonb_agg(jsonb_build_object('body', ${toldOf(sql)}) order by e.time, e.seq, e.id)
            filter (where e.body ?| array['tags', 'rule_ids', 'collection_id', 'brain_id']), '[]') as messages
        from events e
        where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
      ) m
      order by ${ordered(sql, page.order)}`,
    'heavy',
  );
  return rows.map((row) => conversationOf(row, asOf));
}

const told = ['tags', 'rule_ids', 'collection_id', 'brain_id', 'brain_version', 'brain_parent_id'];

/** Of a message's body, what its conversation's row shows. */
const toldOf = (sql: Sql): Fragment => sql`(
          select jsonb_object_agg(key, value) from jsonb_each(e.body) where key = any(${told}::text[]))`;

function ordered(sql: Sql, order: SessionOrder[]): Fragment {
  const each = order.map(
    ({ column, direction, nulls }) => sql`${sortable[column](sql)} ${direction === 'asc' ? sql`asc` : sql`desc`}
      nulls ${nulls === 'first' ? sql`first` : sql`last`}, `,
  );
  return sql`${concat(sql, each)}c.start_time desc, c.conversation_id desc`;
}
