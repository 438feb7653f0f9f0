import {
  attributeFields,
  attributeRuns,
  attributes,
  clock,
  code,
  epoch,
  flag,
  number,
  type StoredColumn,
  seconds,
  sum,
  text,
  timed,
  truth,
} from './columns.js';
import type { Section } from './section.js';

const columns = {
  ...attributeRuns,
  ...timed,
  ...attributes,
  brain_id: code((sql) => sql`c.brain_id`),
  user_id: code((sql) => sql`c.user_id`),
  chat_type: code((sql) => sql`c.chat_type`),
  chat_initiator: code((sql) => sql`c.chat_initiator`),
  is_contained: flag((sql) => sql`c.is_contained`),
  is_covered: flag((sql) => sql`c.is_covered`),
  is_meaningful: flag((sql) => sql`c.is_meaningful`),
  has_collection: flag((sql) => sql`c.has_collection`),
  has_collection_sources: flag((sql) => sql`c.has_collection_sources`),
  /** Whether an explicit close is in effect. */
  is_closed: flag((sql) => sql`(c.closed_at is not null)`),
  /** Milliseconds since 1970; the next three are lengths of time in milliseconds. */
  last_activity: number((sql) => epoch(sql, sql`c.last_activity`)),
  duration: number((sql) => sql`greatest(0, ${epoch(sql, sql`c.end_time`)} - ${epoch(sql, sql`c.start_time`)})`),
  first_response: { ...number((sql) => sql`c.first_response_seconds * 1000`), isExact: false },
  resolution: number(
    (sql) => sql`case when c.closed_at is not null
      then greatest(0, ${epoch(sql, sql`c.closed_at`)} - ${epoch(sql, sql`c.start_time`)}) end`,
  ),
  rating: number((sql) => sql`c.rating`),
  user_messages: number((sql) => sql`c.user_messages`),
  bot_messages: number((sql) => sql`c.bot_messages`),
  agent_messages: number((sql) => sql`c.agent_messages`),
  thumbs_up: number((sql) => sql`c.thumbs_up`),
  thumbs_down: number((sql) => sql`c.thumbs_down`),
  goal_achieved: number((sql) => sql`c.goal_achieved`),
  user_sentiment: number((sql) => sql`c.user_sentiment`),
  csat_brain: number((sql) => sql`c.csat_brain`),
  csat_human_agent: number((sql) => sql`c.csat_human_agent`),
} satisfies Record<string, StoredColumn>;

/**
 * The conversations of a segment. Fields that are missing here (lists, ids of conversations, texts about a person, and the
 * lowest confidence, which is no whole number) are answered by the raw road.
 */
export const conversations: Section<'conversations', keyof typeof columns> = {
  prefix: '',
  rows: (sql) => sql``,
  columns,
  restricted: { teams: 'team_id', bots: 'bot_id' },
  fields: {
    ...attributeFields,
    brain_id: text('brain_id'),
    user_id: text('user_id'),
    chat_type: text('chat_type'),
    chat_initiator: text('chat_initiator'),
    is_contained: truth('is_contained'),
    is_covered: truth('is_covered'),
    is_meaningful: truth('is_meaningful'),
    has_collection: truth('has_collection'),
    has_collection_sources: truth('has_collection_sources'),
    state: { as: 'state' },
    ...clock,
    rating: sum('rating'),
    goal_achieved: sum('goal_achieved'),
    user_sentiment: sum('user_sentiment'),
    csat_brain: sum('csat_brain'),
    csat_human_agent: sum('csat_human_agent'),
    duration_seconds: seconds('duration'),
    first_response_seconds: seconds('first_response'),
    resolution_seconds: seconds('resolution'),
    duration_ms: sum('duration'),
    last_activity_ms: sum('last_activity'),
    start_ms: { as: 'start' },
    messages: sum('user_messages', 'bot_messages', 'agent_messages'),
    user_messages: sum('user_messages'),
    bot_messages: sum('bot_messages'),
    agent_messages: sum('agent_messages'),
    thumbs_up: sum('thumbs_up'),
    thumbs_down: sum('thumbs_down'),
  },
};
