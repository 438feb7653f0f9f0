import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { condition } from '../condition.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { visible } from '../scope.js';
import { type ListPage, orderOf, PAGE_BYTES, wholePage } from './page.js';
import type { ConversationsQuery } from './performance.js';

/** A rated conversation and the agent who wrote last in it. */
export interface Rated {
  agent_id: string | null;
  /** The last name of the agent in this conversation. */
  agent_name: string | null;
  brain_id: string | null;
  bot_id: string | null;
  bot_version: string | null;
  rating: number;
  feedback: string | null;
  is_test: boolean;
}

/** The columns by which the list can be ordered, as SQL over a row `r`. */
const sortable = {
  agent_id: (sql: Sql) => sql`r.agent_id`,
  agent_name: (sql: Sql) => sql`r.agent_name collate "C"`,
  brain_id: (sql: Sql) => sql`r.brain_id`,
  bot_id: (sql: Sql) => sql`r.bot_id`,
  whole_version: (sql: Sql) => sql`case when r.bot_version ~ '^(0|-?[1-9][0-9]{0,9})$' then
    case when r.bot_version::bigint between -2147483648 and 2147483647 then r.bot_version::bigint end end`,
  rating: (sql: Sql) => sql`r.rating`,
  feedback: (sql: Sql) => sql`r.feedback collate "C"`,
  is_test: (sql: Sql) => sql`r.is_test`,
};

export type RatedColumn = keyof typeof sortable;

/**
 * A page of the rated conversations that started in a window and match a filter, oldest first, then by id; with
 * `agents` only those in which one of them wrote last. Null if the feedback is too large for one page.
 */
export async function ratedConversations(
  db: Database,
  { scope, window, where, agents, asOf }: RatedQuery,
  page: ListPage<RatedColumn>,
): Promise<Rated[] | null> {
  const rows = await db.read<Rated & { total: number }>((sql) => {
    const order = orderOf(sql, sortable, page.order, sql`r.start_time, r.conversation_id`);
    return sql`
      with page as materialized (
        select * from (
          select c.start_time, c.conversation_id, last.agent_id, (
              select coalesce(e.body->>'sender_name', e.body->>'agent_name')
              from events e
              where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.actor_id = last.agent_id
                and (e.sender = 'agent' and e.body ? 'sender_name' or e.type = 'participant.joined' and e.body ? 'agent_name')
              order by e.time desc, e.seq desc, e.id desc limit 1
            ) as agent_name,
            c.brain_id, c.bot_id, c.bot_version, c.rating, c.feedback, c.is_test
          from conversations c
          left join lateral (
            select e.actor_id as agent_id from events e
            where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
              and e.sender = 'agent' and e.actor_id is not null
            order by e.time desc, e.seq desc, e.id desc limit 1
          ) last on true
          where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)} and c.rating is not null
            and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}
            ${agents === null ? sql`` : sql`and last.agent_id = any(${agents}::text[])`}
        ) r
        order by ${order}
        limit ${page.limit} offset ${page.offset}
      )
      select agent_id, agent_name, brain_id, bot_id, bot_version, rating, feedback, is_test, total
      from (
        select r.*, length as bytes, sum(length) over (order by ${order} rows unbounded preceding) as total
        from page r cross join lateral (select coalesce(octet_length(r.feedback), 0) as length) l
      ) r
      where total - bytes <= ${PAGE_BYTES}
      order by ${order}`;
  }, 'heavy');
  return wholePage(rows);
}

interface RatedQuery extends ConversationsQuery {
  agents: string[] | null;
}
