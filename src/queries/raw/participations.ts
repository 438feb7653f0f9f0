import type { Fragment, Sql } from '../../database/connect.js';
import { dimensionsIn } from '../filter.js';
import { filtersOf } from '../measure.js';
import { visible } from '../scope.js';
import { type Column, clockColumns, type RawDataset, within } from './dataset.js';

const start: Column = (sql) => sql`c.start_time`;

/** The participations of the raw road. A query that uses `currency` works on rows that are split by it. */
export const participations: RawDataset<'participations'> = {
  rows(sql, query, window) {
    const kept = sql`${visible(sql, query.scope)} and ${within(sql, sql`c.start_time`, window)}`;
    const filters = [query.where, ...query.measures.flatMap(filtersOf)];
    const isSplit = query.groupBy.includes('currency') || filters.flatMap(dimensionsIn).includes('currency');
    return isSplit ? byCurrency(sql, query.scope.account, kept) : seen(sql, kept);
  },
  time: start,
  dimensions: {
    scope: (sql) => sql`c.scope collate "C"`,
    conversation_id: (sql) => sql`c.conversation_id`,
    account_id: (sql) => sql`c.account_id::text collate "C"`,
    team_id: (sql) => sql`c.team_id`,
    agent_id: (sql) => sql`c.agent_id`,
    agent_organization_id: (sql) => sql`c.agent_organization_id`,
    chatted_organization_ids: (sql) => sql`c.chatted_organization_ids`,
    chat_type: (sql) => sql`c.chat_type`,
    chat_initiator: (sql) => sql`c.chat_initiator`,
    room_ids: (sql) => sql`c.room_ids`,
    visitor_ids: (sql) => sql`c.visitor_ids`,
    visitor_session_ids: (sql) => sql`c.visitor_session_ids`,
    agent_message_count: (sql) => sql`c.agent_messages`,
    user_message_count: (sql) => sql`c.user_messages`,
    order_count: (sql) => sql`c.order_count`,
    sales: (sql) => sql`c.sales`,
    subscription_sales: (sql) => sql`c.subscription_sales`,
    currency: (sql) => sql`c.currency`,
    is_test: (sql) => sql`c.is_test::text collate "C"`,
    ...clockColumns(start),
    organization_ids: (sql) => sql`c.organization_ids`,
  },
  numbers: {
    agent_message_count: (sql) => sql`c.agent_messages`,
    user_message_count: (sql) => sql`c.user_messages`,
    order_count: (sql) => sql`c.order_count`,
    sales: (sql) => sql`c.sales`,
    subscription_sales: (sql) => sql`c.subscription_sales`,
  },
  currencies: {
    sales: (sql) => sql`c.currencies`,
    subscription_sales: (sql) => sql`c.subscription_currencies`,
  },
};

/**
 * The rows of scope org, team and user. The scope is a constant in each part of the union, so PostgreSQL skips the
 * parts that a filter on it excludes.
 */
const seen = (sql: Sql, kept: Fragment) => sql`(
    select ${ofConversation(sql)}, 'org' as scope, null as team_id, null as agent_id, null as agent_organization_id,
      c.organization_ids as chatted_organization_ids, c.organization_ids, c.agent_messages,
      '-infinity'::timestamptz as joined_at, c.order_count, c.sales, c.subscription_sales, c.currencies,
      c.subscription_currencies
    from conversations c
    where ${kept}
    union all
    select ${ofConversation(sql)}, 'team', p.participant_id, null, null,
      '{}', p.organization_ids, ${ofParticipation(sql)}
    from conversations c
    join participations p on p.account_id = c.account_id and p.conversation_id = c.conversation_id
    where ${kept} and p.scope = 'team'
    union all
    select ${ofConversation(sql)}, 'user', null, p.participant_id, p.user_organization_id,
      '{}', array[p.user_organization_id], ${ofParticipation(sql)}
    from conversations c
    join participations p on p.account_id = c.account_id and p.conversation_id = c.conversation_id
    where ${kept} and p.scope = 'user'
  ) c`;

const ofConversation = (sql: Sql) => sql`c.account_id, c.conversation_id, c.start_time, c.chat_type, c.chat_initiator,
      c.is_test, c.room_ids, c.visitor_ids, c.visitor_session_ids, c.user_messages`;

const ofParticipation = (sql: Sql) => sql`p.agent_messages, p.joined_at, p.order_count, p.sales, p.subscription_sales,
      p.currencies, p.subscription_currencies`;

/**
 * The same, with one row for each currency of the orders; null for orders without a currency and for rows without
 * orders.
 */
const byCurrency = (sql: Sql, account: string, kept: Fragment) => sql`(
    select ${ofConversation(sql)}, c.scope, c.team_id, c.agent_id, c.agent_organization_id, c.chatted_organization_ids,
      c.organization_ids, c.agent_messages, s.*
    from ${seen(sql, kept)}
    cross join lateral (
      select o.currency, count(o.order_id)::integer as order_count, coalesce(sum(o.amount), 0) as sales,
        coalesce(sum(o.amount) filter (where o.subscription), 0) as subscription_sales,
        array_agg(distinct o.currency) filter (where o.currency is not null) as currencies,
        array_agg(distinct o.currency) filter (where o.currency is not null and o.subscription) as subscription_currencies
      from (select) one
      left join orders o on o.account_id = ${account}::uuid and o.conversation_id = c.conversation_id
        and o.time >= c.joined_at
      group by o.currency
      offset 0 -- Citus before PostgreSQL 17 cannot plan the outer join otherwise
    ) s
  ) c`;
