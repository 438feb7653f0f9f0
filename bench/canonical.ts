import type { Fragment, Sql } from '../src/database/connect.js';
import { MAX_CELLS } from '../src/queries/run.js';
import { channels, END_DAY, FIRST_DAY, languages, type World } from './seed.js';
import { ACCOUNT } from './service.js';

/** The rows of an answer: the time, the groups and the numbers, in the order of `/v1/query`. */
type Rows = PromiseLike<readonly (readonly unknown[])[]>;

/** A question, as `/v1/query` takes it, as SQL by hand over the same tables, and as SQL over DuckDB's. */
export interface Read {
  name: string;
  means: string;
  body: { group_by?: string[]; bucket?: string; others?: true } & Record<string, unknown>;
  byHand(sql: Sql): Rows;
  /** Times are epoch milliseconds, and groups the small integers of `nameOf`. */
  duck: string;
  /** At most this ratio of `run(query)` to DuckDB is the aim. */
  target?: number;
}

export const is = (dimension: string, value: string) => ({ type: 'selector', dimension, value });
const ever = { start_time: FIRST_DAY, end_time: END_DAY };
const month = { start_time: '2024-02-01', end_time: '2024-03-02' };
const ofConversations = { dataset: 'conversations', measures: ['conversations'] };
const live = { filter: [is('bot_id', 'bot-1'), is('bot_version', 'LIVE')] };

/** Conversations of the account in a range, by hand. */
export const started = (sql: Sql, from: string, to: string): Fragment =>
  sql`conversations where account_id = ${ACCOUNT} and not withdrawn and start_time >= ${from} and start_time < ${to}`;

/** The statement that gives the local day or hour `t` of another as epoch milliseconds, with its other columns. */
export const timed = (text: string, rest: string, offset = '0 hour') =>
  `select epoch_ms(t::timestamp - interval ${offset}), ${rest} from (${text})`;
const within = (from: string, to: string) => `start >= '${from}' and start < '${to}'`;
const always = within(FIRST_DAY, END_DAY);

/** The reads a to h of the account and of its largest bot, and one that finds nothing. */
export function canonical(world: World): Read[] {
  // With a thousand bots an answer by day would have more numbers than one answer may.
  const step =
    world.bots * channels.length * 120 > MAX_CELLS ? { bucket: '1m', name: 'month' } : { bucket: '1d', name: 'day' };
  return [
    {
      name: 'empty',
      means: 'a bot that does not exist, 30 days',
      body: { ...ofConversations, ...month, filter: is('bot_id', 'nobody') },
      byHand: (sql) =>
        sql`select count(*) from ${started(sql, '2024-02-01Z', '2024-03-02Z')} and bot_id = 'nobody'`.values(),
      duck: `select count(*) from conversations where bot = 65535 and ${within('2024-02-01', '2024-03-02')}`,
    },
    {
      name: 'a',
      means: 'a version of a bot, 30 days by day',
      body: { ...ofConversations, ...month, ...live, bucket: '1d' },
      byHand: (sql) =>
        sql`
        select date_trunc('day', start_time, 'UTC'), count(*) from ${started(sql, '2024-02-01Z', '2024-03-02Z')}
          and bot_id = 'bot-1' and bot_version = 'LIVE'
        group by 1`.values(),
      duck: timed(
        `select start::date as t, count(*) as n from conversations where bot = 1 and version = 0 and ${within('2024-02-01', '2024-03-02')} group by 1`,
        'n',
      ),
      target: 0.2,
    },
    {
      name: 'b',
      means: 'the same in Helsinki, by channel',
      body: {
        ...ofConversations,
        ...month,
        ...live,
        bucket: '1d',
        time_zone: 'Europe/Helsinki',
        group_by: ['channel'],
      },
      byHand: (sql) =>
        sql`
        select date_trunc('day', start_time, 'Europe/Helsinki'), channel, count(*)
        from ${started(sql, '2024-01-31 22:00Z', '2024-03-01 22:00Z')} and bot_id = 'bot-1' and bot_version = 'LIVE'
        group by 1, 2`.values(),
      duck: timed(
        `select (start + interval 2 hour)::date as t, channel, count(*) as n from conversations
         where bot = 1 and version = 0 and ${within('2024-01-31 22:00', '2024-03-01 22:00')} group by 1, 2`,
        'channel, n',
        '2 hour',
      ),
      target: 0.2,
    },
    {
      name: 'c',
      means: 'a bot, 120 days by hour',
      body: { ...ofConversations, ...ever, bucket: '1h', filter: is('bot_id', 'bot-1') },
      byHand: (sql) =>
        sql`
        select date_trunc('hour', start_time, 'UTC'), count(*) from ${started(sql, '2024-01-01Z', '2024-04-30Z')} and bot_id = 'bot-1'
        group by 1`.values(),
      duck: timed(
        `select date_trunc('hour', start) as t, count(*) as n from conversations where bot = 1 and ${always} group by 1`,
        'n',
      ),
      target: 0.2,
    },
    {
      name: 'd',
      means: `the account, 120 days, bot and channel by ${step.name}`,
      body: { ...ofConversations, ...ever, bucket: step.bucket, group_by: ['bot_id', 'channel'] },
      byHand: (sql) =>
        sql`
        select date_trunc(${step.name}::text, start_time, 'UTC'), bot_id, channel, count(*)
        from ${started(sql, '2024-01-01Z', '2024-04-30Z')} group by 1, 2, 3`.values(),
      duck: timed(
        `select ${step.name === 'day' ? 'start::date' : `date_trunc('month', start)`} as t, bot, channel, count(*) as n
         from conversations where ${always} group by 1, 2, 3`,
        'bot, channel, n',
      ),
      target: world.isEven ? 3 : 0.5,
    },
    {
      name: 'e',
      means: 'the account, 120 days, conversations and distinct users by channel',
      body: { ...ever, dataset: 'conversations', measures: ['conversations', 'users'], group_by: ['channel'] },
      byHand: (sql) =>
        sql`
        select channel, count(*), count(distinct user_id) from ${started(sql, '2024-01-01Z', '2024-04-30Z')} group by 1`.values(),
      duck: `select channel, count(*), count(distinct person) from conversations where ${always} group by 1`,
      target: world.isEven ? 3 : 0.5,
    },
    {
      name: 'f',
      means: 'the account, 120 days, open and closed by desk',
      body: { ...ever, dataset: 'conversations', measures: ['open', 'closed'], group_by: ['desk_id'] },
      byHand: (sql) =>
        sql`
        select desk_id, count(*) filter (where closed_at is null), count(*) filter (where closed_at is not null)
        from ${started(sql, '2024-01-01Z', '2024-04-30Z')} group by 1`.values(),
      duck: `select desk, count(*) filter (not closed), count(*) filter (closed) from conversations where ${always} group by 1`,
      target: 0.9,
    },
    {
      name: 'g',
      means: 'distinct users of a bot in three languages, 120 days by day',
      body: {
        ...ever,
        dataset: 'conversations',
        measures: ['users'],
        bucket: '1d',
        filter: [is('bot_id', 'bot-1'), { type: 'in', dimension: 'language', values: languages.slice(0, 3) }],
      },
      byHand: (sql) =>
        sql`
        select date_trunc('day', start_time, 'UTC'), count(distinct user_id) from ${started(sql, '2024-01-01Z', '2024-04-30Z')}
          and bot_id = 'bot-1' and language = any(${languages.slice(0, 3)}::text[])
        group by 1`.values(),
      duck: timed(
        `select start::date as t, count(distinct person) as n from conversations where bot = 1 and language < 3 and ${always} group by 1`,
        'n',
      ),
      target: 0.9,
    },
    {
      name: 'h',
      means: 'a bot in one language, 118 days of Kathmandu by day: messages and durations',
      body: {
        dataset: 'conversations',
        start_time: '2024-01-02',
        end_time: '2024-04-29',
        time_zone: 'Asia/Kathmandu',
        bucket: '1d',
        measures: ['messages', { aggregate: 'sum', of: 'duration_seconds' }],
        filter: [is('bot_id', 'bot-1'), is('language', languages[0] as string)],
      },
      byHand: (sql) =>
        sql`
        select date_trunc('day', start_time, 'Asia/Kathmandu'), sum(user_messages + bot_messages + agent_messages),
          extract(epoch from sum(end_time - start_time))
        from ${started(sql, '2024-01-01 18:15Z', '2024-04-28 18:15Z')} and bot_id = 'bot-1' and language = ${languages[0] as string}
        group by 1`.values(),
      duck: timed(
        `select (start + interval 345 minute)::date as t, sum(messages)::bigint as n, sum(duration)::bigint as ms from conversations
         where bot = 1 and language = 0 and ${within('2024-01-01 18:15', '2024-04-28 18:15')} group by 1`,
        'n, ms / 1000',
        '345 minute',
      ),
      target: 1.3,
    },
  ];
}
