import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { condition } from '../condition.js';
import type { AsOf, FilterOf } from '../query.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { type Scope, visible } from '../scope.js';
import type { Window } from '../time/window.js';

/** Conversations that started in a window and pass a filter. */
export interface ConversationsQuery {
  scope: Scope;
  window: Window;
  where: FilterOf<'conversations'>;
  asOf: AsOf;
}

/** Performance of an agent in the conversations of a range. Times are in seconds, and null if there are none. */
export interface AgentPerformance {
  agent_id: string;
  agent_name: string | null;
  replies: number;
  participated_sessions: number;
  closed_conversations: number;
  ratings: number;
  avg_rating: string | null;
  ratings_more_than_3: number;
  avg_response_time: string | null;
  median_response_time: number | null;
  max_response_time: string | null;
  min_response_time: string | null;
  avg_first_response_time: string | null;
  median_first_response_time: number | null;
  max_first_response_time: string | null;
  min_first_response_time: string | null;
  avg_close_time: string | null;
  median_close_time: number | null;
  max_close_time: string | null;
  min_close_time: string | null;
}

/**
 * One row for each agent who wrote in one of the conversations or closed one; `agents` selects rows. Most replies
 * first, then by id. An agent who wrote gets the latest rating event of the conversation that names this agent, or the
 * rating of the conversation if no rating event names an agent.
 */
export const agentPerformance = (
  db: Database,
  query: ConversationsQuery,
  agents: string[] | null,
): Promise<AgentPerformance[]> =>
  db.read<AgentPerformance>(
    (sql) => sql<AgentPerformance[]>`
      with chosen as materialized (
        select c.account_id, c.conversation_id, c.rating, c.closed_by, c.closed_at, c.start_time,
          c.first_response_agent_id, c.first_response_seconds
        from conversations c where ${chosen(sql, query)}
      ), of_agents as materialized (
        select e.conversation_id, e.actor_id as agent_id, e.type, e.time, e.seq, e.id, e.response_seconds,
          coalesce(e.body->>'sender_name', e.body->>'agent_name') as name
        from chosen c
        join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id
        where e.actor_id is not null
          and (e.type = 'message' and e.sender = 'agent' or e.type = 'participant.joined' and e.body ? 'agent_name')
      ), wrote as (
        select agent_id, count(*) as replies, count(distinct conversation_id) as participated_sessions,
          ${times(sql, sql`response_seconds`, 'response_time')}
        from of_agents where type = 'message' group by agent_id
      ), first_replies as (
        select first_response_agent_id as agent_id,
          ${times(sql, sql`first_response_seconds`, 'first_response_time')}
        from chosen where first_response_agent_id is not null group by 1
      ), closed as (
        select closed_by as agent_id, count(*) as closed_conversations,
          ${times(sql, sql`greatest(0, extract(epoch from closed_at - start_time))`, 'close_time')}
        from chosen where closed_by is not null and closed_at is not null group by 1
      ), named_ratings as materialized (
        select distinct on (e.conversation_id, e.body->>'agent_id') e.conversation_id, e.body->>'agent_id' as agent_id,
          (e.body->>'value')::integer as value
        from chosen c
        join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'rating'
        where e.body ? 'agent_id'
        order by e.conversation_id, e.body->>'agent_id', e.time desc, e.seq desc, e.id desc
      ), rated as (
        select agent_id, count(value) as ratings, avg(value) as avg_rating, count(*) filter (where value > 3) as ratings_more_than_3
        from (
          select w.agent_id, case when named.conversation_id is null then c.rating else n.value end as value
          from (select distinct conversation_id, agent_id from of_agents where type = 'message') w
          join chosen c using (conversation_id)
          left join (select distinct conversation_id from named_ratings) named using (conversation_id)
          left join named_ratings n on n.conversation_id = w.conversation_id and n.agent_id = w.agent_id
        ) r
        group by agent_id
      ), names as (
        select distinct on (a.agent_id) a.agent_id, a.name as agent_name
        from of_agents a
        where a.name is not null and (a.conversation_id, a.agent_id) in (
          select conversation_id, agent_id from of_agents where type = 'message'
          union all select conversation_id, closed_by from chosen where closed_by is not null and closed_at is not null
        )
        order by a.agent_id, a.time desc, a.seq desc, a.conversation_id desc, a.id desc
      )
      select agent_id, n.agent_name, coalesce(w.replies, 0) as replies,
        coalesce(w.participated_sessions, 0) as participated_sessions,
        coalesce(c.closed_conversations, 0) as closed_conversations,
        coalesce(r.ratings, 0) as ratings, r.avg_rating, coalesce(r.ratings_more_than_3, 0) as ratings_more_than_3,
        w.avg_response_time, w.median_response_time, w.max_response_time, w.min_response_time,
        f.avg_first_response_time, f.median_first_response_time, f.max_first_response_time, f.min_first_response_time,
        c.avg_close_time, c.median_close_time, c.max_close_time, c.min_close_time
      from wrote w
      full join closed c using (agent_id)
      left join first_replies f using (agent_id)
      left join rated r using (agent_id)
      left join names n using (agent_id)
      ${agents === null ? sql`` : sql`where agent_id = any(${agents}::text[])`}
      order by replies desc, agent_id collate "C"`,
    'heavy',
  );

/**
 * Performance of the whole service over the conversations of a range. Times are in seconds, and null if there are none.
 */
export interface SystemPerformance {
  total_sessions: number;
  contained_sessions: number;
  covered_sessions: number;
  total_handovers: number;
  /** The mean over the bot messages that have a response time. */
  avg_response_time: string | null;
  avg_session_duration: string | null;
}

export async function systemPerformance(db: Database, query: ConversationsQuery): Promise<SystemPerformance> {
  const found = await db.read<SystemPerformance>(
    (sql) => sql<SystemPerformance[]>`
      with chosen as materialized (
        select c.account_id, c.conversation_id, c.is_contained, c.is_covered, c.start_time, c.end_time
        from conversations c where ${chosen(sql, query)}
      )
      select count(*) as total_sessions, count(*) filter (where is_contained) as contained_sessions,
        count(*) filter (where is_covered) as covered_sessions, count(*) filter (where not is_contained) as total_handovers,
        avg(greatest(0, extract(epoch from end_time - start_time))) as avg_session_duration,
        (
          select avg(e.response_seconds) from chosen c
          join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id
          where e.type = 'message' and e.sender = 'bot'
        ) as avg_response_time
      from chosen`,
    'heavy',
  );
  return only(found);
}

const chosen = (sql: Sql, { scope, window, where, asOf }: ConversationsQuery): Fragment =>
  sql`${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)}
    and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}`;

/** Mean, median, maximum and minimum of a number of seconds, as columns with a common suffix. */
const times = (sql: Sql, seconds: Fragment, name: string): Fragment => sql`
  avg(${seconds}) as ${sql(`avg_${name}`)},
  percentile_cont(0.5) within group (order by (${seconds})::double precision) as ${sql(`median_${name}`)},
  max(${seconds}) as ${sql(`max_${name}`)}, min(${seconds}) as ${sql(`min_${name}`)}`;
