import type { Sql } from '../../src/database/connect.js';
import { type Askable, vocabularies } from '../../src/queries/vocabulary.js';
import { ACCOUNT } from '../service.js';
import { conversationsOf, instants, messagesOf, type Question } from './question.js';
import { bot, type Range } from './world.js';

/** A question of `/v1/query`; the column whose sum is compared is the `nth` of the answer. */
const asked = (
  of: Askable,
  name: string,
  body: object,
  nth: number,
  byHand: (sql: Sql, range: Range) => PromiseLike<readonly object[]>,
): Question => ({
  of,
  name,
  ask: ({ from, to }) => ({
    method: 'POST',
    path: '/v1/query',
    body: { dataset: of, start_time: from, end_time: to, ...body },
  }),
  told: `rows.*.${nth}`,
  byHand,
});

const is = (dimension: string, value: string) => ({ type: 'selector', dimension, value });

/** The month or the year before. */
const earlier = ({ name, from }: Range): Range => ({
  name,
  from: name === 'month' ? '2024-02-01' : '2023-01-01',
  to: from,
});

/** All measures that have a name, in as few queries as take them. */
const measuresOf = (dataset: Askable): string[][] => {
  const names = [...vocabularies[dataset].measures.keys()] as string[];
  return Array.from({ length: Math.ceil(names.length / 20) }, (_, n) => names.slice(n * 20, (n + 1) * 20));
};

const ofConversations: Question[] = [
  ...measuresOf('conversations').map((measures) =>
    asked(
      'conversations',
      `its ${measures.length} measures, by day`,
      { measures, bucket: '1d' },
      1,
      (sql, range) => sql`
        select date_trunc('day', c.start_time, 'UTC') as day, count(*) as n, count(distinct c.user_id),
          sum(c.user_messages + c.bot_messages + c.agent_messages), sum(c.user_messages), sum(c.bot_messages), sum(c.agent_messages),
          count(*) filter (where c.is_contained), count(*) filter (where not c.is_contained), count(*) filter (where c.is_covered),
          count(*) filter (where c.is_meaningful), count(*) filter (where c.closed_at is null and c.last_activity > now() - interval '1 day'),
          count(*) filter (where c.closed_at is not null or c.last_activity <= now() - interval '1 day'), count(c.rating),
          avg(c.is_contained::int), avg(c.rating), avg((c.rating > 3)::int), avg(extract(epoch from c.end_time - c.start_time)),
          avg(c.first_response_seconds), avg(extract(epoch from c.closed_at - c.start_time))
        ${conversationsOf(sql, range)} group by 1 order by 1`,
    ),
  ),
  asked(
    'conversations',
    'percentiles of first response and duration, by team',
    {
      measures: [
        'conversations',
        { aggregate: 'percentile', of: 'first_response_seconds', p: 90 },
        { aggregate: 'percentile', of: 'duration_seconds', p: 50 },
      ],
      group_by: ['team_id'],
    },
    1,
    (sql, range) => sql`
      select c.team_id, count(*) as n, percentile_cont(0.9) within group (order by c.first_response_seconds::float8),
        percentile_cont(0.5) within group (order by extract(epoch from c.end_time - c.start_time)::float8)
      ${conversationsOf(sql, range)} group by 1 order by 1`,
  ),
  asked(
    'conversations',
    'the first 5 bots and the others, by day',
    {
      measures: ['conversations', 'users'],
      bucket: '1d',
      group_by: ['bot_id'],
      order_by: [{ by: 'conversations' }],
      limit: 5,
      others: true,
    },
    4,
    (sql, range) => sql`
      with first as (
        select c.bot_id ${conversationsOf(sql, range)} group by 1 order by count(*) desc, 1 limit 5
      )
      select date_trunc('day', c.start_time, 'UTC') as day, first.bot_id, count(*), count(distinct c.user_id) as n
      from (select c.* ${conversationsOf(sql, range)}) c left join first using (bot_id)
      group by 1, 2 order by 1, 2`,
  ),
  asked(
    'conversations',
    'compared with the period before, by channel',
    { measures: ['conversations', 'avg_rating'], group_by: ['channel'], compare: 'previous_period' },
    1,
    (sql, range) => sql`
      select * from (
        select c.channel, count(*) as n, avg(c.rating) ${conversationsOf(sql, range)} group by 1
      ) main full join (
        select c.channel, count(*), avg(c.rating) ${conversationsOf(sql, earlier(range))} group by 1
      ) before using (channel)
      order by 1`,
  ),
  asked(
    'conversations',
    'distinct users, by channel',
    { measures: ['users'], group_by: ['channel'] },
    1,
    (sql, range) => sql`
      select c.channel, count(distinct c.user_id) as n ${conversationsOf(sql, range)} group by 1 order by 1`,
  ),
  asked(
    'conversations',
    'by weekday and hour in Helsinki',
    { measures: ['conversations'], group_by: ['day_of_week', 'hour_of_day'], time_zone: 'Europe/Helsinki' },
    2,
    (sql, range) => sql`
      select extract(isodow from c.start_time at time zone 'Europe/Helsinki') as day,
        extract(hour from c.start_time at time zone 'Europe/Helsinki') as hour, count(*) as n
      from conversations c where c.account_id = ${ACCOUNT} and not c.withdrawn
        and c.start_time >= ${range.from}::timestamp at time zone 'Europe/Helsinki'
        and c.start_time < ${range.to}::timestamp at time zone 'Europe/Helsinki'
      group by 1, 2 order by 1, 2`,
  ),
  asked(
    'conversations',
    'by tag',
    { measures: ['conversations', 'csat'], group_by: ['tags'] },
    1,
    (sql, range) => sql`
      select tag, count(*) as n, avg((c.rating > 3)::int)
      from (select c.* ${conversationsOf(sql, range)}) c left join lateral unnest(c.tags) tag on true group by 1 order by 1`,
  ),
];

const ofMessages: Question[] = [
  ...measuresOf('messages').map((measures) =>
    asked(
      'messages',
      `its ${measures.length} measures, by day`,
      { measures, bucket: '1d' },
      1,
      (sql, range) => sql`
        select date_trunc('day', e.time, 'UTC') as day, count(*) as n,
          count(distinct coalesce(e.actor_id, c.user_id)) filter (where e.sender = 'user'), count(distinct e.conversation_id),
          avg(e.response_seconds) filter (where e.sender = 'bot'), avg(e.response_seconds) filter (where e.sender = 'agent')
        ${messagesOf(sql, range)} group by 1 order by 1`,
    ),
  ),
  asked(
    'messages',
    'of the largest bot, by hour',
    { measures: ['messages'], bucket: '1h', filter: is('bot_id', bot) },
    1,
    (sql, range) => sql`
      select date_trunc('hour', e.time, 'UTC') as hour, count(*) as n
      ${messagesOf(sql, range, sql` and c.bot_id = ${bot}`)} group by 1 order by 1`,
  ),
  asked(
    'messages',
    'response times of an agent, by day',
    {
      measures: ['messages', 'avg_agent_response_seconds', { aggregate: 'percentile', of: 'response_seconds', p: 90 }],
      bucket: '1d',
      filter: [is('sender', 'agent'), is('sender_id', 'agent-1')],
    },
    1,
    (sql, range) => sql`
      select date_trunc('day', e.time, 'UTC') as day, count(*) as n, avg(e.response_seconds),
        percentile_cont(0.9) within group (order by e.response_seconds::float8)
      ${messagesOf(sql, range, sql` and e.sender = 'agent' and e.actor_id = 'agent-1'`)} group by 1 order by 1`,
  ),
  asked(
    'messages',
    'the first 10 intents and the others',
    {
      measures: ['messages', { aggregate: 'avg', of: 'confidence' }],
      group_by: ['intent'],
      order_by: [{ by: 'messages' }],
      limit: 10,
      others: true,
      filter: is('sender', 'bot'),
    },
    2,
    (sql, range) => sql`
      with by_intent as (
        select e.body->>'intent' as intent, count(*) as n, sum((e.body->>'confidence')::numeric) as sum,
          count(e.body->>'confidence') as known
        ${messagesOf(sql, range, sql` and e.sender = 'bot'`)} group by 1
      ), ranked as (
        select *, row_number() over (order by n desc, intent collate "C" nulls last) as rank from by_intent
      )
      select case when rank <= 10 then intent end as intent, least(rank, 11) as place, sum(n) as n, sum(sum) / nullif(sum(known), 0)
      from ranked group by 1, 2 order by 2`,
  ),
  asked(
    'messages',
    'compared with the period before, by sender',
    { measures: ['messages', 'users'], group_by: ['sender'], compare: 'previous_period' },
    1,
    (sql, range) => sql`
      select * from (
        select e.sender, count(*) as n, count(distinct coalesce(e.actor_id, c.user_id)) filter (where e.sender = 'user')
        ${messagesOf(sql, range)} group by 1
      ) main full join (
        select e.sender, count(*), count(distinct coalesce(e.actor_id, c.user_id)) filter (where e.sender = 'user')
        ${messagesOf(sql, earlier(range))} group by 1
      ) before using (sender)
      order by 1`,
  ),
];

const ofParticipations: Question[] = [
  ...measuresOf('participations').map((measures, part) =>
    asked(
      'participations',
      `${measures.length} of its measures, of the account`,
      { measures: [...new Set(['count', ...measures])].slice(0, 20), filter: is('scope', 'org') },
      0,
      (sql, range) =>
        part === 0
          ? sql`
            select count(*) as n, sum(c.order_count), avg(c.order_count), min(c.order_count), max(c.order_count), sum(c.sales),
              avg(c.sales), min(c.sales), max(c.sales), sum(c.subscription_sales), avg(c.subscription_sales), min(c.subscription_sales),
              max(c.subscription_sales), sum(c.agent_messages), avg(c.agent_messages), min(c.agent_messages), max(c.agent_messages),
              sum(c.user_messages), avg(c.user_messages), min(c.user_messages)
            ${conversationsOf(sql, range)}`
          : sql`
            select count(distinct c.conversation_id) as n, max(c.user_messages), count(distinct c.conversation_id), (
              select count(distinct visitor) from (select unnest(c.visitor_ids) as visitor ${conversationsOf(sql, range)}) v
            ), (
              select count(distinct session) from (select unnest(c.visitor_session_ids) as session ${conversationsOf(sql, range)}) v
            )
            ${conversationsOf(sql, range)}`,
    ),
  ),
  asked(
    'participations',
    'of each agent',
    {
      measures: ['count', 'user_message_count_sum', 'sales_sum'],
      group_by: ['user_id'],
      filter: is('scope', 'user'),
    },
    1,
    (sql, range) => {
      const { from, to } = instants(range);
      return sql`
        select p.participant_id, count(*) as n, sum(p.agent_messages), sum(p.sales)
        from conversations c join participations p using (account_id, conversation_id)
        where c.account_id = ${ACCOUNT} and not c.withdrawn and c.start_time >= ${from} and c.start_time < ${to} and p.scope = 'user'
        group by 1 order by 1`;
    },
  ),
  asked(
    'participations',
    'sales of each team by currency',
    { measures: ['count', 'sales_sum'], group_by: ['team_id', 'currency'], filter: is('scope', 'team') },
    3,
    (sql, range) => {
      const { from, to } = instants(range);
      return sql`
        select p.participant_id, o.currency, count(distinct c.conversation_id), sum(o.amount) as n
        from conversations c join participations p using (account_id, conversation_id)
        left join orders o on o.account_id = c.account_id and o.conversation_id = c.conversation_id and o.time >= p.joined_at
        where c.account_id = ${ACCOUNT} and not c.withdrawn and c.start_time >= ${from} and c.start_time < ${to} and p.scope = 'team'
        group by 1, 2 order by 1, 2`;
    },
  ),
];

const listed = (name: string, query: string, byHand: Question['byHand']): Question => ({
  of: 'listConversations',
  name,
  ask: ({ from, to }) => ({
    method: 'GET',
    path: `/v1/conversations?start_time=${from}&end_time=${to}&${query}`,
  }),
  told: 'conversations.*.user_message_count',
  byHand,
});

/** The list behind every number. */
const lists: Question[] = [
  listed(
    'a page by intent',
    'intent=intent-1',
    (sql, range) => sql`
      select c.*, c.user_messages as n
      ${conversationsOf(
        sql,
        range,
        sql` and exists (
          select from events e where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
            and e.body->>'intent' = 'intent-1')`,
      )}
      order by c.start_time desc, c.conversation_id desc limit 50`,
  ),
  listed(
    'a page by a filter',
    `filter=${encodeURIComponent(JSON.stringify(is('rating', '1')))}`,
    (sql, range) => sql`
      select c.*, c.user_messages as n ${conversationsOf(sql, range, sql` and c.rating = 1`)}
      order by c.start_time desc, c.conversation_id desc limit 50`,
  ),
];

export const queryQuestions: Question[] = [...ofConversations, ...ofMessages, ...ofParticipations, ...lists];
