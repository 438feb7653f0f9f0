import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';
import { type ScalarAttributes, scalarAttributes } from '../ingest/fields.js';
import type { AsOf } from '../query.js';
import { stateOf } from '../state.js';

/** Attributes that have a value in every conversation; the others are null if unknown. */
export const alwaysKnown = [
  'is_test',
  'chat_type',
  'is_meaningful',
  'withdrawn',
] as const satisfies (keyof ScalarAttributes)[];

/** The current values of the attributes of a conversation that have a single text, number or boolean value. */
export type Scalars = {
  [Name in keyof ScalarAttributes]: Name extends (typeof alwaysKnown)[number]
    ? ScalarAttributes[Name]
    : ScalarAttributes[Name] | null;
};

/** A conversation as the look-ups return it; times are instants. */
export interface Conversation extends Scalars {
  conversation_id: string;
  start_time: number;
  end_time: number;
  /** Whole milliseconds from start to end, never below 0. */
  duration_ms: number;
  state: 'open' | 'closed';
  closed_at: number | null;
  closed_reason: string | null;
  message_count: number;
  user_message_count: number;
  /** Agents who wrote or joined, in order of first appearance. */
  agent_ids: string[];
  rating: number | null;
}

/** A stored time as epoch milliseconds; stored times have no fraction of a millisecond. */
export const milliseconds = (sql: Sql, time: Fragment): Fragment => sql`(extract(epoch from ${time}) * 1000)::bigint`;

/** A conversation as `conversationColumns` selects it. */
export type ConversationRow = Omit<Conversation, 'state' | 'duration_ms'> & { last_activity: number };

/** The select list of a `ConversationRow`, from a table or alias `c` of conversations. */
export const conversationColumns = (sql: Sql): Fragment => sql`
  c.conversation_id${concat(
    sql,
    scalarAttributes.map((name) => sql`, c.${sql(name)}`),
  )},
  ${milliseconds(sql, sql`c.start_time`)} as start_time, ${milliseconds(sql, sql`c.end_time`)} as end_time,
  ${milliseconds(sql, sql`c.last_activity`)} as last_activity, ${milliseconds(sql, sql`c.closed_at`)} as closed_at,
  c.closed_reason, c.user_messages + c.bot_messages + c.agent_messages as message_count,
  c.user_messages as user_message_count, to_jsonb(c.agent_ids) as agent_ids, c.rating`;

/** A conversation with its state at the time of the request. */
export const conversationOf = <Row extends ConversationRow>(row: Row, asOf: AsOf) => {
  const { last_activity, ...rest } = row;
  return {
    ...rest,
    ...stateOf(row, asOf),
    duration_ms: Math.max(0, row.end_time - row.start_time),
  };
};
