import type { Fragment, Sql } from '../src/database/connect.js';
import { is, type Read, started, timed } from './canonical.js';
import { ACCOUNT } from './service.js';

const month = { start_time: '2024-02-01', end_time: '2024-03-02' };

/** Messages of a range with their conversations. Nobody who knows the tables leaves the two bounds out. */
const sent = (sql: Sql, from: string, to: string): Fragment =>
  sql`conversations c join events e on e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
    where c.account_id = ${ACCOUNT} and not c.withdrawn and c.last_content_time >= ${from} and c.first_time < ${to}
      and e.time >= ${from} and e.time < ${to}`;

/** Five more of what `/v1/query` takes; `percentile` to `agents` by name. */
export const queries: Read[] = [
  {
    name: 'percentile',
    means: 'the 90th percentile of the duration by channel, 30 days',
    body: {
      ...month,
      dataset: 'conversations',
      measures: ['conversations', { aggregate: 'percentile', of: 'duration_seconds', p: 90 }],
      group_by: ['channel'],
    },
    byHand: (sql) =>
      sql`
      select channel, count(*), percentile_cont(0.9) within group (order by extract(epoch from end_time - start_time)::float8)
      from ${started(sql, '2024-02-01Z', '2024-03-02Z')} group by 1`.values(),
    duck: `select channel, count(*), quantile_cont(duration, 0.9) / 1000 from conversations
      where start >= '2024-02-01' and start < '2024-03-02' group by 1`,
  },
  {
    name: 'others',
    means: 'the first 10 bots and the others with their distinct users, 120 days',
    body: {
      dataset: 'conversations',
      start_time: '2024-01-01',
      end_time: '2024-04-30',
      measures: ['conversations', 'users'],
      group_by: ['bot_id'],
      order_by: [{ by: 'conversations' }],
      limit: 10,
      others: true,
    },
    byHand: (sql) =>
      sql`
      with first as (
        select bot_id from ${started(sql, '2024-01-01Z', '2024-04-30Z')} group by 1 order by count(*) desc, 1 limit 10
      )
      select f.bot_id, f.bot_id is null, count(*), count(distinct c.user_id)
      from (select * from ${started(sql, '2024-01-01Z', '2024-04-30Z')}) c left join first f using (bot_id)
      group by f.bot_id`.values(),
    duck: `with first as (
        select bot from conversations where start >= '2024-01-01' and start < '2024-04-30'
        group by 1 order by count(*) desc, 'bot-' || bot limit 10
      )
      select f.bot, f.bot is null, count(*), count(distinct c.person) from conversations c left join first f on f.bot = c.bot
      where c.start >= '2024-01-01' and c.start < '2024-04-30' group by 1`,
  },
  {
    name: 'compare',
    means: '30 days beside the 30 before, by channel',
    body: {
      ...month,
      dataset: 'conversations',
      measures: ['conversations', 'user_messages'],
      group_by: ['channel'],
      compare: 'previous_period',
    },
    byHand: (sql) =>
      sql`
      select channel, count(*) filter (where start_time >= '2024-02-01Z'), count(*) filter (where start_time < '2024-02-01Z'),
        sum(user_messages) filter (where start_time >= '2024-02-01Z'), sum(user_messages) filter (where start_time < '2024-02-01Z')
      from ${started(sql, '2024-01-02Z', '2024-03-02Z')} group by 1`.values(),
    duck: `select channel, count(*) filter (start >= '2024-02-01'), count(*) filter (start < '2024-02-01'),
        sum(user_messages) filter (start >= '2024-02-01')::bigint, sum(user_messages) filter (start < '2024-02-01')::bigint
      from conversations where start >= '2024-01-02' and start < '2024-03-02' group by 1`,
  },
  {
    name: 'messages',
    means: 'the messages of a bot by hour, 30 days',
    body: {
      ...month,
      dataset: 'messages',
      measures: ['messages'],
      bucket: '1h',
      filter: is('bot_id', 'bot-1'),
    },
    byHand: (sql) =>
      sql`
      select date_trunc('hour', e.time, 'UTC'), count(*) from ${sent(sql, '2024-02-01Z', '2024-03-02Z')} and c.bot_id = 'bot-1'
      group by 1`.values(),
    duck: timed(
      `select date_trunc('hour', time) as t, count(*) as n from messages
       where bot = 1 and time >= '2024-02-01' and time < '2024-03-02' group by 1`,
      'n',
    ),
  },
  {
    name: 'agents',
    means: 'mean response times of each agent, 30 days',
    body: {
      ...month,
      dataset: 'messages',
      measures: ['messages', 'avg_agent_response_seconds'],
      group_by: ['sender_id'],
      filter: is('sender', 'agent'),
    },
    byHand: (sql) =>
      sql`
      select e.actor_id, count(*), avg(e.response_seconds)
      from ${sent(sql, '2024-02-01Z', '2024-03-02Z')} and e.sender = 'agent' group by 1`.values(),
    duck: `select agent, count(*), avg(response) / 1000 from messages
      where sender = 2 and time >= '2024-02-01' and time < '2024-03-02' group by 1`,
  },
];
