import { ACCOUNT } from '../harness.js';
import { BATCH, type Ledger, ownConversation, RANGE, SENDERS, SHARED } from './traffic.js';

/**
 * What readers of every dialect ask while senders send. Each number counts what is sent and only grows, so it lies between what
 * was acknowledged before the question and what was begun when its answer came.
 */
export interface Question {
  path: string;
  body?: unknown;
  found: (text: string) => number;
  least: () => number;
  most: () => number;
}

export const series = `start_time=${RANGE.start_time}&end_time=${RANGE.end_time}`;
const bots = { type: 'in', dimension: 'bot_id', values: ['shop', 'shared'] };

/** The second column of a CSV, summed. */
const summed = (csv: string) =>
  csv
    .trim()
    .split('\r\n')
    .slice(1)
    .reduce((all, line) => all + Number(line.split(',')[1]), 0);

export const asked = {
  series: { path: `/v1/bots/shop/conversations?version=LIVE&bucket=1d&format=csv&${series}`, found: summed },
  messages: { path: `/v1/bots/shop/messages?version=LIVE&bucket=1d&format=csv&${series}`, found: summed },
  conversationsQuery: {
    path: '/v1/query',
    body: { dataset: 'conversations', ...RANGE, measures: ['conversations'], filter: { ...bots, values: ['shop'] } },
    found: (text: string): number => JSON.parse(text).rows[0][0],
  },
  messagesQuery: {
    path: '/v1/query',
    body: { dataset: 'messages', ...RANGE, measures: ['messages'], filter: bots },
    found: (text: string): number => JSON.parse(text).rows[0][0],
  },
  reporting: {
    path: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`,
    body: {
      ...{ interval: { start: RANGE.start_time, end: RANGE.end_time }, granularity: 'all' },
      ...{ aggregations: [{ type: 'count' }], filters: { type: 'selector', dimension: 'scope', value: 'org' } },
    },
    found: (text: string): number => JSON.parse(text).data[0]?.[1] ?? 0,
  },
  graphql: {
    path: '/v1/graphql',
    body: {
      query: `{ sessions_per_channel(args: {start_time: "${RANGE.start_time}", end_time: "${RANGE.end_time}"}) { session_count } }`,
    },
    found: (text: string): number =>
      (JSON.parse(text).data.sessions_per_channel as { session_count: number }[]).reduce(
        (all, { session_count }) => all + session_count,
        0,
      ),
  },
  bots: {
    path: '/v1/bots',
    found: (text: string): number =>
      (JSON.parse(text).bots as { bot_id: string; conversations: number }[]).find(({ bot_id }) => bot_id === 'shop')
        ?.conversations ?? 0,
  },
};

/** The questions, each made anew when it is asked. */
export function questions(ledger: Ledger): (() => Question)[] {
  const own = {
    least: () => ledger.bounds().least * BATCH.conversations,
    most: () => ledger.bounds().most * BATCH.conversations,
  };
  const all = { least: own.least, most: () => own.most() + SHARED };
  const ownMessages = { least: () => own.least() * 4, most: () => own.most() * 4 };
  const messages = {
    least: () => ledger.bounds().least * BATCH.messages,
    most: () => ledger.bounds().most * BATCH.messages,
  };
  let turn = 0;
  /** A conversation that was acknowledged lately. */
  const known = () => {
    const sender = turn++ % SENDERS;
    return ownConversation(sender, Math.max(0, (ledger.acknowledged[sender] ?? 0) - 1), 0);
  };
  const exactly = (count: number) => ({ least: () => count, most: () => count });
  return [
    () => ({ ...asked.series, ...own }),
    () => ({ ...asked.messages, ...ownMessages }),
    () => ({ ...asked.conversationsQuery, ...own }),
    () => ({ ...asked.messagesQuery, ...messages }),
    () => ({ ...asked.reporting, ...all }),
    () => ({ ...asked.graphql, ...all }),
    () => ({ ...asked.bots, ...own }),
    () => ({
      path: '/v1/conversations?bot_id=shop&limit=20',
      found: (text) =>
        (JSON.parse(text).conversations as { conversation_id: string }[]).filter(({ conversation_id }) =>
          conversation_id.startsWith('shop-'),
        ).length,
      ...exactly(20),
    }),
    () => {
      const id = known();
      return {
        path: `/v1/conversations/${id}`,
        found: (text) =>
          (JSON.parse(text).messages as { text: string }[]).filter((message) => message.text.startsWith(`${id} `))
            .length,
        ...exactly(4),
      };
    },
  ];
}
