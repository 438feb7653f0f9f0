import type { Fragment, Sql } from '../../src/database/connect.js';
import { functions } from '../../src/routes/graphql/functions/index.js';
import { ACCOUNT } from '../service.js';
import { conversationsOf, eventsOf, messagesOf, type Question } from './question.js';
import type { Range } from './world.js';

type Extra = Record<string, string | number>;

/** A function asked for all of its columns; `told` is the one whose sum is compared. */
function asked(
  name: string,
  told: string,
  byHand: Question['byHand'],
  more: { args?: Extra; limit?: number } = {},
): Question {
  return {
    of: name,
    name: more.limit === undefined ? 'all columns' : `the first ${more.limit}`,
    ask(range) {
      const known = functions[name]?.args ?? {};
      const sent: Extra = { ...timesOf(name, range), account_id: ACCOUNT, ...more.args };
      const args = Object.entries(sent).flatMap(([arg, value]) =>
        arg in known ? `${arg}: ${JSON.stringify(value)}` : [],
      );
      const columns = Object.keys(functions[name]?.columns ?? {}).join(' ');
      const limit = more.limit === undefined ? '' : `limit: ${more.limit}, `;
      const query = `{ rows: ${name}(${limit}args: { ${args.join(', ')} }) { ${columns} } }`;
      return { method: 'POST', path: '/v1/graphql', body: { query } };
    },
    told: `data.rows.*.${told}`,
    byHand,
  };
}

/** Active users are counted in whole months, that of the end too. */
const timesOf = (name: string, { from, to }: Range): Extra => ({
  start_time: from,
  end_time: name === 'get_monthly_active_users' ? new Date(Date.parse(to) - 86_400_000).toISOString().slice(0, 10) : to,
});

const metered = (name: string) =>
  asked(
    name,
    'meaningful_sessions',
    (sql, range) => sql`
      select count(*) as all, count(*) filter (where is_meaningful) as n, count(*) filter (where not is_meaningful) as others
      ${conversationsOf(sql, range)}`,
  );

const countsBy = (name: string, column: (sql: Sql) => Fragment) =>
  asked(
    name,
    'num_users',
    (sql, range) => sql`
      select ${column(sql)} as id, sum(c.user_messages) as requests, count(*) as sessions, count(distinct c.user_id) as n,
        max(c.last_activity) as last_used
      ${conversationsOf(sql, range)} group by 1 order by sessions desc, id`,
  );

const times = (sql: Sql, seconds: Fragment): Fragment => sql`avg(${seconds}), max(${seconds}), min(${seconds}),
  percentile_cont(0.5) within group (order by (${seconds})::float8)`;

const sessionList = (name: string) =>
  asked(
    name,
    'total_user_messages',
    (sql, range) => sql`
      with page as materialized (
        select c.* ${conversationsOf(sql, range)} order by c.start_time desc, c.conversation_id desc limit 100
      )
      select p.*, p.user_messages as n, m.* from page p cross join lateral (
        select avg(e.response_seconds) filter (where e.sender = 'bot'), avg(e.response_seconds) filter (where e.sender = 'agent'),
          jsonb_agg(e.body - 'text' order by e.time, e.seq, e.id)
        from events e where e.account_id = p.account_id and e.conversation_id = p.conversation_id and e.type = 'message'
      ) m order by p.start_time desc, p.conversation_id desc`,
    { limit: 100 },
  );

/** The vendor's functions, over the whole account. */
export const graphqlQuestions: Question[] = [
  sessionList('get_sessions'),
  sessionList('logs_sessions_preview_v2'),
  asked(
    'log_session_content_v2',
    'total_user_messages',
    (sql) => sql`
      select c.*, case when e.id = 'm0' then c.user_messages end as n, e.* from conversations c
      join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id
      where c.account_id = ${ACCOUNT} and c.conversation_id = 'seeded-1000' order by e.time, e.seq, e.id`,
    { args: { session_id: 'seeded-1000' } },
  ),
  metered('get_sessions_count'),
  metered('sessions_metering_fast'),
  asked('sessions_counts_fast', 'counts', (sql, range) => sql`select count(*) as n ${conversationsOf(sql, range)}`),
  asked(
    'brain_session_duration',
    'average_duration',
    (sql, range) => sql`
      select avg(took) / 60 as n, avg(took) filter (where is_contained), avg(took) filter (where not is_contained),
        avg(took) filter (where is_covered), avg(took) filter (where not is_covered)
      from (
        select c.is_contained, c.is_covered, extract(epoch from c.end_time - c.start_time) as took ${conversationsOf(sql, range)}
      ) c`,
  ),
  asked(
    'brain_sessions_message_distribution',
    'two_messages',
    (sql, range) => sql`
      select least(c.user_messages, 10) as messages, count(*) as n ${conversationsOf(sql, range)} group by 1`,
  ),
  asked(
    'get_meaningful_sessions_count_by_hour',
    'session_count',
    (sql, range) => sql`
      select extract(hour from c.start_time) as hour, count(*) as n
      ${conversationsOf(sql, range, sql` and c.is_meaningful`)} group by 1 order by 1`,
  ),
  asked(
    'get_meaningful_sessions_count_by_hour_range',
    'session_count',
    (sql, range) => sql`
      select count(*) as n
      ${conversationsOf(sql, range, sql` and c.is_meaningful and extract(hour from c.start_time) between 9 and 16`)}`,
    { args: { hour_start: 9, hour_end: 17 } },
  ),
  asked(
    'get_system_insights_performance',
    'avg_response_time',
    (sql, range) => sql`
      select counts.*, answers.n from (
        select count(*), count(*) filter (where is_contained), count(*) filter (where is_covered),
          avg(extract(epoch from end_time - start_time)) ${conversationsOf(sql, range)}
      ) counts, (
        select avg(e.response_seconds) as n ${eventsOf(sql, range, ['message'], sql` and e.sender = 'bot'`)}
      ) answers`,
  ),
  asked(
    'users_counts',
    'counts',
    (sql, range) => sql`select count(distinct c.user_id) as n ${conversationsOf(sql, range)}`,
  ),
  asked(
    'get_monthly_active_users',
    'unique_users',
    (sql, range) => sql`
      select date_trunc('month', c.start_time, 'UTC') as month, count(distinct c.user_id) as n
      ${conversationsOf(sql, range)} group by 1 order by 1`,
  ),
  asked(
    'requests_counts',
    'counts',
    (sql, range) => sql`select count(*) as n ${messagesOf(sql, range, sql` and e.sender = 'user'`)}`,
  ),
  asked(
    'requests_hourly_counts_v2',
    'counts',
    (sql, range) => sql`
      select extract(isodow from e.time) as day, extract(hour from e.time) as hour, count(*) as n
      ${messagesOf(sql, range, sql` and e.sender = 'user'`)} group by 1, 2 order by n desc, 1, 2`,
  ),
  countsBy('counts_per_brain', (sql) => sql`c.bot_id`),
  countsBy('counts_per_brain_fast', (sql) => sql`c.bot_id`),
  countsBy('counts_per_desk_fast', (sql) => sql`c.desk_id`),
  asked(
    'agents_performance',
    'replies',
    (sql, range) => sql`
      with chosen as materialized (
        select c.account_id, c.conversation_id, c.rating, c.closed_by, c.closed_at, c.start_time, c.first_response_agent_id,
          c.first_response_seconds
        ${conversationsOf(sql, range)}
      ), of_agents as materialized (
        select e.conversation_id, e.actor_id as agent, e.type, e.time, e.response_seconds,
          coalesce(e.body->>'sender_name', e.body->>'agent_name') as name
        from chosen c join events e using (account_id, conversation_id)
        where e.type = 'message' and e.sender = 'agent' or e.type = 'participant.joined'
      ), ratings as (
        select distinct on (e.conversation_id, e.body->>'agent_id') e.conversation_id, e.body->>'agent_id' as agent,
          (e.body->>'value')::integer as value
        from chosen c join events e using (account_id, conversation_id)
        where e.type = 'rating' and e.body ? 'agent_id'
        order by 1, 2, e.time desc
      )
      select w.*, f.*, x.*, r.*, names.* from (
        select agent, count(*) as n, count(distinct conversation_id), ${times(sql, sql`response_seconds`)}
        from of_agents where type = 'message' group by agent
      ) w
      left join (
        select first_response_agent_id as agent, ${times(sql, sql`first_response_seconds`)} from chosen group by 1
      ) f on f.agent = w.agent
      left join (
        select closed_by as agent, count(*), ${times(sql, sql`extract(epoch from closed_at - start_time)`)}
        from chosen where closed_at is not null group by 1
      ) x on x.agent = w.agent
      left join (
        select a.agent, count(coalesce(r.value, c.rating)), avg(coalesce(r.value, c.rating)),
          count(*) filter (where coalesce(r.value, c.rating) > 3)
        from (select distinct conversation_id, agent from of_agents where type = 'message') a
        join chosen c using (conversation_id)
        left join ratings r on r.conversation_id = a.conversation_id and r.agent = a.agent
        group by 1
      ) r on r.agent = w.agent
      left join (
        select distinct on (agent) agent, name from of_agents where name is not null order by agent, time desc
      ) names on names.agent = w.agent
      order by n desc`,
  ),
  asked(
    'ratings_interval_counts',
    'num_ratings',
    (sql, range) => sql`
      select date_trunc('day', c.start_time, 'UTC') as day, avg(c.rating), percentile_cont(0.5) within group (order by c.rating),
        count(*) filter (where c.rating > 3) as good, count(c.rating) as n
      ${conversationsOf(sql, range)} group by 1 order by 1`,
  ),
  asked(
    'rating_feedback',
    'rating',
    (sql, range) => sql`
      select agent.*, c.brain_id, c.bot_id, c.bot_version, c.rating as n, c.feedback, c.is_test
      from (
        select c.* ${conversationsOf(sql, range, sql` and c.rating is not null`)} order by c.start_time, c.conversation_id limit 1000
      ) c
      left join lateral (
        select e.actor_id, (
          select coalesce(n.body->>'sender_name', n.body->>'agent_name') from events n
          where n.account_id = c.account_id and n.conversation_id = c.conversation_id and n.actor_id = e.actor_id
            and (n.body ? 'sender_name' or n.body ? 'agent_name')
          order by n.time desc limit 1
        ) as name
        from events e
        where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message' and e.sender = 'agent'
        order by e.time desc, e.seq desc, e.id desc limit 1
      ) agent on true
      order by c.start_time, c.conversation_id`,
    { limit: 1_000 },
  ),
  asked(
    'get_daily_ratings',
    'total_ratings',
    (sql, range) => sql`
      select date_trunc('day', c.start_time, 'UTC') as day, count(c.rating) as n, avg(c.rating), count(*) filter (where c.rating = 1),
        count(*) filter (where c.rating = 2), count(*) filter (where c.rating = 3), count(*) filter (where c.rating = 4),
        count(*) filter (where c.rating = 5)
      ${conversationsOf(sql, range)} group by 1 order by 1`,
  ),
];
