import {
  attributeFields,
  attributeRuns,
  attributes,
  clock,
  code,
  number,
  numeric,
  run,
  type StoredColumn,
  seconds,
  text,
  timedBy,
} from './columns.js';
import type { Section } from './section.js';

const columns = {
  ...attributeRuns,
  sender: run(code((sql) => sql`e.sender`)),
  ...timedBy((sql) => sql`e.time`),
  /** Of bots and agents: those of users would be many more texts about persons. */
  sender_id: code((sql) => sql`case when e.sender <> 'user' then e.actor_id end`),
  user_id: code((sql) => sql`case when e.sender = 'user' then coalesce(e.actor_id, c.user_id) else c.user_id end`),
  intent: code((sql) => sql`(e.body->>'intent') collate "C"`),
  collection_id: code((sql) => sql`(e.body->>'collection_id') collate "C"`),
  ...attributes,
  /** In milliseconds. */
  response: { ...number((sql) => sql`e.response_seconds * 1000`), isExact: false },
  /** Of the conversation. */
  user_messages: number((sql) => sql`c.user_messages`),
  /** The number of the conversation in its segment, from 1. */
  conversation: number((sql) => sql`dense_rank() over (partition by u.unit order by c.conversation_id)`),
} satisfies Record<string, StoredColumn>;

/**
 * The messages of the conversations of a segment, at their own times. Lists and confidences, which are no whole numbers, are
 * answered by the raw road.
 */
export const messages: Section<'messages', keyof typeof columns> = {
  prefix: 'm_',
  rows: (sql, account) => sql`
    cross join lateral (
      select * from events e
      where e.account_id = ${account}::uuid and e.conversation_id = c.conversation_id and e.type = 'message'
      offset 0 -- one look-up for each conversation: the planner would read all events of a large account for one day
    ) e`,
  columns,
  hasOwnTimes: true,
  restricted: { teams: 'team_id', bots: 'bot_id' },
  fields: {
    ...attributeFields,
    conversation_id: { as: 'conversation', column: 'conversation' },
    sender: text('sender'),
    sender_id: { as: 'text', column: 'sender_id', except: { dimension: 'sender', value: 'user' } },
    user_id: text('user_id'),
    intent: text('intent'),
    collection_id: text('collection_id'),
    ...clock,
    response_seconds: seconds('response'),
    user_messages: numeric('user_messages'),
  },
};
