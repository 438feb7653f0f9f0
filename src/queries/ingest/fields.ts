import * as kind from './kinds.js';

/** A field of an event: its kind, whether it is required, and its default value. */
export interface Field {
  kind: kind.Kind;
  needed?: true;
  default?: unknown;
  /** The column of `events` that stores it; fields without a column are stored in `body`. */
  column?: 'sender' | 'actor_id' | 'team_id' | 'organization_id';
}

export type Fields = Record<string, Field>;

const field = (of: kind.Kind, more: Omit<Field, 'kind'> = {}): Field => ({ kind: of, ...more });

/** Fields of every event, besides `type` and `conversation`. */
export const commonFields: Fields = {
  id: field(kind.shortText, { needed: true }),
  time: field(kind.time, { needed: true }),
  conversation_id: field(kind.shortText, { needed: true }),
  seq: field(kind.int32),
};

const ofAgent: Fields = {
  team_id: field(kind.shortText, { column: 'team_id' }),
  organization_id: field(kind.shortText, { column: 'organization_id' }),
};

/** The fields of each event type. */
export const eventTypes: Record<string, Fields> = {
  message: {
    sender: field(kind.sender, { needed: true, column: 'sender' }),
    sender_id: field(kind.shortText, { column: 'actor_id' }),
    sender_name: field(kind.shortText),
    confidence: field(kind.share),
    ...ofAgent,
    text: field(kind.longText),
    content: field(kind.object),
    response_time_seconds: field(kind.seconds),
    intent: field(kind.shortText),
    tags: field(kind.texts),
    reaction: field(kind.shortText),
    rule_ids: field(kind.texts),
    collection_id: field(kind.shortText),
    collection_sources: field(kind.anyList),
    collection_request_code: field(kind.shortText),
    collection_response_code: field(kind.shortText),
    request_id: field(kind.shortText),
    context: field(kind.object),
    corrections: field(kind.object),
    first_message: field(kind.boolean),
    new_brain_session: field(kind.boolean),
    brain_id: field(kind.shortText),
    brain_version: field(kind.int32),
    brain_parent_id: field(kind.shortText),
  },
  step: {
    from_step: field(kind.step),
    to_step: field(kind.step, { needed: true }),
    depth: field(kind.depth),
    message_id: field(kind.shortText),
  },
  'participant.joined': {
    agent_id: field(kind.shortText, { needed: true, column: 'actor_id' }),
    agent_name: field(kind.shortText),
    ...ofAgent,
  },
  rating: {
    value: field(kind.stars, { needed: true }),
    feedback: field(kind.longText),
    target: field(kind.ratingTarget, { default: 'conversation' }),
    agent_id: field(kind.shortText),
  },
  order: {
    order_id: field(kind.shortText, { needed: true }),
    amount: field(kind.decimal, { default: '0' }),
    subscription: field(kind.boolean, { default: false }),
    currency: field(kind.shortText),
  },
  track: {
    name: field(kind.shortText, { needed: true }),
    attributes: field(kind.textMap),
    campaign: field(kind.shortText),
  },
  'conversation.updated': {},
  'conversation.closed': {
    reason: field(kind.closeReason, { default: 'resolved' }),
    agent_id: field(kind.shortText), // who closed it, which is no act that makes an agent take part
  },
  'conversation.reopened': {},
  'message.edited': {
    message_id: field(kind.shortText, { needed: true }),
    text: field(kind.longText),
    content: field(kind.object),
  },
  'message.deleted': { message_id: field(kind.shortText, { needed: true }) },
  note: {
    sender_id: field(kind.shortText, { column: 'actor_id' }),
    sender_name: field(kind.shortText),
    text: field(kind.longText),
    content: field(kind.object),
  },
};

/** Attributes of a conversation. Null resets any attribute, except a union, to its derived value. */
const table = {
  team_id: kind.shortText,
  bot_id: kind.shortText,
  bot_version: kind.shortText,
  brain_id: kind.shortText,
  desk_id: kind.shortText,
  integration_id: kind.shortText,
  channel: kind.shortText,
  language: kind.shortText,
  campaign_id: kind.shortText,
  campaign_source: kind.shortText,
  is_test: kind.boolean,
  user_id: kind.shortText,
  user_name: kind.shortText,
  user_email: kind.shortText,
  channel_user_id: kind.shortText,
  external_user_id: kind.shortText,
  visitor_ids: kind.union,
  visitor_session_ids: kind.union,
  room_ids: kind.union,
  chat_type: kind.chatType,
  chat_initiator: kind.chatInitiator,
  tags: kind.texts,
  rule_ids: kind.texts,
  is_contained: kind.boolean,
  is_covered: kind.boolean,
  is_meaningful: kind.boolean,
  goal_achieved: kind.int32,
  user_sentiment: kind.int32,
  csat_brain: kind.int32,
  csat_human_agent: kind.int32,
  insights: kind.object,
  metadata: kind.object,
  start_time: kind.time,
  end_time: kind.time,
  withdrawn: kind.boolean,
} satisfies Record<string, kind.Kind>;

export const attributes: Record<string, kind.Kind> = table;

type Table = typeof table;
interface Values {
  text: string;
  integer: number;
  boolean: boolean;
}
type Scalar<K> = K extends kind.Kind<keyof Values> ? NonNullable<K['scalar']> : never;

/** The attributes that a column can hold, each with the type of its value. */
export type ScalarAttributes = {
  [Name in keyof Table as [Scalar<Table[Name]>] extends [never] ? never : Name]: Values[Scalar<Table[Name]>];
};

/**
 * The names of these attributes, in the order of the table. Each has a column of the same name in `conversations` and in the
 * rows of the look-ups (test/attributes.test.ts names what is missing).
 */
export const scalarAttributes = Object.keys(attributes).filter(
  (name) => attributes[name]?.scalar !== undefined,
) as (keyof ScalarAttributes)[];
