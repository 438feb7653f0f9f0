import type { Sql } from '../../src/database/connect.js';
import { ACCOUNT } from '../harness.js';
import { asked, series } from './questions.js';
import { RANGE } from './traffic.js';

/** A question, what its answer tells, and what a recount of the events says it must tell. */
export interface Recount {
  name: string;
  path: string;
  body?: unknown;
  told: (text: string) => unknown;
  truth: unknown;
}

interface Counted {
  day: string;
  bot: string;
  channel: string;
  conversations: number;
  messages: number;
  rated: number;
  orders: number;
}

/** Counts the events themselves, apart from all that is derived of them: every conversation begins with its first event. */
export async function recounts(sql: Sql): Promise<Recount[]> {
  const rows = await sql<Counted[]>`
    select to_char(start, 'YYYY-MM-DD') as day, bot, channel, count(*) as conversations, sum(messages)::int as messages,
      count(*) filter (where ratings > 0) as rated, sum(orders)::int as orders
    from (
      select conversation_id, split_part(conversation_id, '-', 1) as bot, max(attributes->>'channel') as channel,
        min(time) as start, count(*) filter (where type = 'message') as messages,
        count(*) filter (where type = 'rating') as ratings, count(*) filter (where type = 'order') as orders
      from events where account_id = ${ACCOUNT}::uuid and conversation_id not like 'gone-%' group by conversation_id
    ) each group by 1, 2, 3 order by 1, 2, 3`;
  const [{ messages } = { messages: -1 }] = await sql<{ messages: number }[]>`
    select count(*) as messages from events
    where account_id = ${ACCOUNT}::uuid and type = 'message' and conversation_id not like 'gone-%'`;
  const sum = (of: 'conversations' | 'messages' | 'rated' | 'orders', from: readonly Counted[]) =>
    from.reduce((all, row) => all + row[of], 0);
  const shop = rows.filter(({ bot }) => bot === 'shop');
  const by = (of: 'day' | 'channel', from: readonly Counted[]) =>
    [...new Set(from.map((row) => row[of]))].sort().map((value) => [
      value,
      sum(
        'conversations',
        from.filter((row) => row[of] === value),
      ),
    ]);
  const measures = ['conversations', 'messages', 'rated'];
  return [
    {
      ...{ name: 'series by day', path: `/v1/bots/shop/conversations?version=LIVE&bucket=1d&format=csv&${series}` },
      told: (csv) =>
        csv
          .trim()
          .split('\r\n')
          .slice(1)
          .map((line) => [line.slice(0, 10), Number(line.split(',')[1])])
          .filter(([, count]) => count !== 0),
      truth: by('day', shop),
    },
    {
      ...{ name: 'query by day, bot and channel', path: '/v1/query' },
      body: { dataset: 'conversations', ...RANGE, bucket: '1d', group_by: ['bot_id', 'channel'], measures },
      told: (text) =>
        (JSON.parse(text).rows as [string, ...unknown[]][])
          .filter(([, , , count]) => count !== 0)
          .map(([time, ...rest]) => [time.slice(0, 10), ...rest]),
      truth: rows.map((row) => [row.day, row.bot, row.channel, row.conversations, row.messages, row.rated]),
    },
    { name: 'messages', ...asked.messagesQuery, told: asked.messagesQuery.found, truth: messages },
    {
      ...{ name: 'reporting', path: asked.reporting.path },
      body: {
        ...asked.reporting.body,
        aggregations: [{ type: 'count' }, { type: 'sum', fields: ['order_count'] }],
      },
      told: (text) => JSON.parse(text).data[0]?.slice(1),
      truth: [sum('conversations', rows), sum('orders', rows)],
    },
    {
      ...{ name: 'graphql', ...asked.graphql },
      body: { query: asked.graphql.body.query.replace('{ session_count }', '{ channel session_count }') },
      told: (text) =>
        (JSON.parse(text).data.sessions_per_channel as { channel: string; session_count: number }[])
          .map(({ channel, session_count }) => [channel, session_count])
          .sort(),
      truth: by('channel', rows),
    },
    { name: 'bots', ...asked.bots, told: asked.bots.found, truth: sum('conversations', shop) },
  ];
}
