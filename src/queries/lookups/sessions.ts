import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { condition } from '../condition.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { visible } from '../scope.js';
import { type Conversation, type ConversationRow, conversationColumns, conversationOf } from './conversation.js';
import { type ListOrder, type ListPage, orderOf, PAGE_BYTES, wholePage } from './page.js';
import type { ConversationsQuery } from './performance.js';

/** A conversation with facts from its messages. Times are in seconds; numbers that must be exact are decimal text. */
export interface Session extends Conversation {
  feedback: string | null;
  tags: string[] | null;
  rule_ids: string[] | null;
  insights: Record<string, unknown> | null;
  avg_confidence: string | null;
  min_confidence: string | null;
  /** Means over the bot messages, and the agent messages, that have a response time. */
  avg_response_time: string | null;
  avg_human_response_time: string | null;
  human_first_response_time: string | null;
  named: MessageValues;
}

/** The distinct values in the messages of a conversation, in order of first appearance. */
export interface MessageValues {
  tags?: string[];
  rule_ids?: string[];
  collection_ids?: string[];
  /** The fields of the first message that names each brain. */
  brains?: { brain_id: string; brain_version?: number; brain_parent_id?: string }[];
}

export type SessionOrder = ListOrder<SortableColumn>;

/** The columns by which the list can be ordered, as SQL. */
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

/**
 * A page of the conversations that started in a window and match a filter, newest first, then by id descending. Null if
 * they are too large for one page.
 */
export async function sessions(
  db: Database,
  query: ConversationsQuery,
  page: ListPage<SortableColumn>,
): Promise<Session[] | null> {
  const { scope, window, where, asOf } = query;
  const rows = await db.read<SessionRow & { total: number }>((sql) => {
    const order = orderOf(sql, sortable, page.order, sql`c.start_time desc, c.conversation_id desc`);
    return sql`
      with page as materialized (
        select c.* from conversations c
        where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}
          and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}
        order by ${order}
        limit ${page.limit} offset ${page.offset}
      ), sized as (
        select c.*, sum(c.size) over (order by ${order} rows unbounded preceding) as total
        from (
          select c.*, m.*, t.named, t.named_bytes + coalesce(octet_length(c.feedback), 0)
            + coalesce(octet_length((c.attributes->'insights')::text), 0)
            + coalesce(octet_length((c.attributes->'tags')::text), 0)
            + coalesce(octet_length((c.attributes->'rule_ids')::text), 0) as size
          from page c
          cross join lateral (
            select avg(e.response_seconds) filter (where e.sender = 'bot') as avg_response_time,
              avg(e.response_seconds) filter (where e.sender = 'agent') as avg_human_response_time
            from events e
            where e.account_id = ${scope.account}::uuid and e.conversation_id = c.conversation_id and e.type = 'message'
          ) m
          cross join lateral (${namedIn(sql, scope.account)}) t
        ) c
      )
      select ${conversationColumns(sql)}, c.feedback, c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids,
        c.attributes->'insights' as insights, c.confidence_sum / nullif(c.confidence_count, 0) as avg_confidence,
        c.min_confidence, c.first_response_seconds as human_first_response_time,
        c.avg_response_time, c.avg_human_response_time, c.named, c.total::bigint as total
      from sized c
      where c.total - c.size <= ${PAGE_BYTES}
      order by ${order}`;
  }, 'heavy');
  return wholePage<SessionRow>(rows)?.map((row) => conversationOf(row, asOf)) ?? null;
}

type SessionRow = ConversationRow & Omit<Session, keyof Conversation>;

/** The fields of a message about its brain. */
const ofBrain = ['brain_id', 'brain_version', 'brain_parent_id'];

/**
 * The distinct values in the messages of a conversation `c` as `named`, and their size as `named_bytes`. Beyond
 * `PAGE_BYTES` no more values are collected, because the page is refused anyway: a conversation may have a million
 * messages. They are `json`, because nesting a long `jsonb` list takes quadratic time.
 */
const namedIn = (sql: Sql, account: string): Fragment => sql`
  select coalesce(json_object_agg(name, list), '{}') as named, coalesce(sum(bytes), 0)::bigint as named_bytes
  from (
    select name, json_agg(value order by time, seq, id, n) filter (where up_to <= ${PAGE_BYTES}) as list,
      max(up_to) as bytes
    from (
      select f.*, sum(octet_length(value::text)) over (partition by name order by time, seq, id, n) as up_to
      from (
        select distinct on (s.name, s.key) s.name, s.key, s.value, e.time, e.seq, e.id, s.n
        from events e
        cross join lateral (
          select 'tags' as name, item as key, to_jsonb(item) as value, n
          from jsonb_array_elements_text(${listIn(sql, 'tags')}) with ordinality t(item, n)
          union all
          select 'rule_ids', item, to_jsonb(item), n
          from jsonb_array_elements_text(${listIn(sql, 'rule_ids')}) with ordinality t(item, n)
          union all
          select 'collection_ids', e.body->>'collection_id', e.body->'collection_id', 0
          where e.body ? 'collection_id'
          union all
          select 'brains', e.body->>'brain_id', (
            select jsonb_object_agg(key, value) from jsonb_each(e.body) where key = any(${ofBrain}::text[])
          ), 0
          where e.body ? 'brain_id'
        ) s
        where e.account_id = ${account}::uuid and e.conversation_id = c.conversation_id and e.type = 'message'
          and e.body ?| array['tags', 'rule_ids', 'collection_id', 'brain_id']
        order by s.name, s.key, e.time, e.seq, e.id, s.n
      ) f
    ) sized
    group by name
  ) lists`;

const listIn = (sql: Sql, name: string): Fragment => sql`coalesce(e.body->${name}::text, '[]')`;
