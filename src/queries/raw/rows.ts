import type { Fragment, Sql } from '../../database/connect.js';
import { dimensionsIn, type Query } from '../query.js';
import { inScope } from '../scope.js';

/**
 * The rows of a query's dataset within its scope and window, as a source to select from; `c` is a row. Withdrawn
 * conversations are in none.
 */
export function rowsOf(sql: Sql, query: Query): Fragment {
  const { from, to } = query.window;
  const within = sql`${inScope(sql, query.scope)} and not c.withdrawn
    and c.start_time >= ${new Date(from).toISOString()}::timestamptz
    and c.start_time < ${new Date(to).toISOString()}::timestamptz`;
  if (query.dataset === 'conversations') return sql`(select c.* from conversations c where ${within}) c`;
  const isSplit = query.groupBy.includes('currency') || dimensionsIn(query.where).includes('currency');
  return isSplit ? byCurrency(sql, within) : participations(sql, within);
}

/**
 * A conversation as its account sees it, then as its teams, then as its agents do. The scope is a constant of each part, so
 * that PostgreSQL leaves out those that a filter on it rules out.
 */
const participations = (sql: Sql, within: Fragment) => sql`(
    select ${ofConversation(sql)}, 'org' as scope, null as team_id, null as agent_id, null as agent_organization_id,
      c.organization_ids as chatted_organization_ids, c.organization_ids, c.agent_messages,
      '-infinity'::timestamptz as joined_at, c.order_count, c.sales, c.subscription_sales, c.currencies,
      c.subscription_currencies
    from conversations c
    where ${within}
    union all
    select ${ofConversation(sql)}, 'team', p.participant_id, null, null,
      '{}', p.organization_ids, ${ofParticipation(sql)}
    from conversations c
    join participations p on p.account_id = c.account_id and p.conversation_id = c.conversation_id
    where ${within} and p.scope = 'team'
    union all
    select ${ofConversation(sql)}, 'user', null, p.participant_id, p.user_organization_id,
      '{}', array[p.user_organization_id], ${ofParticipation(sql)}
    from conversations c
    join participations p on p.account_id = c.account_id and p.conversation_id = c.conversation_id
    where ${within} and p.scope = 'user'
  ) c`;

const ofConversation = (sql: Sql) => sql`c.account_id, c.conversation_id, c.start_time, c.chat_type, c.chat_initiator,
      c.is_test, c.room_ids, c.visitor_ids, c.visitor_session_ids, c.user_messages`;

const ofParticipation = (sql: Sql) => sql`p.agent_messages, p.joined_at, p.order_count, p.sales, p.subscription_sales,
      p.currencies, p.subscription_currencies`;

/** The same, a row for each currency of its orders: the null one where an order names none, or where there is no order. */
const byCurrency = (sql: Sql, within: Fragment) => sql`(
    select ${ofConversation(sql)}, c.scope, c.team_id, c.agent_id, c.agent_organization_id, c.chatted_organization_ids,
      c.organization_ids, c.agent_messages, s.*
    from ${participations(sql, within)}
    cross join lateral (
      select o.currency, count(o.order_id)::integer as order_count, coalesce(sum(o.amount), 0) as sales,
        coalesce(sum(o.amount) filter (where o.subscription), 0) as subscription_sales,
        array_agg(distinct o.currency) filter (where o.currency is not null) as currencies,
        array_agg(distinct o.currency) filter (where o.currency is not null and o.subscription) as subscription_currencies
      from (select) one
      left join orders o on o.account_id = c.account_id and o.conversation_id = c.conversation_id
        and o.time >= c.joined_at
      group by o.currency
    ) s
  ) c`;
