import {
  above,
  boolean,
  clockDimensions,
  type DatasetDefinition,
  internal,
  is,
  type NamedMeasure,
  number,
  text,
  texts,
  whole,
} from './dataset.js';

/** Dimensions of a conversation that its messages share. */
export const sharedDimensions = {
  conversation_id: text('the conversation'),
  bot_id: text('the bot'),
  bot_version: text('the version of the bot'),
  team_id: text('the team of the conversation'),
  channel: text('the channel: web, whatsapp, ...'),
  language: text('its language'),
  desk_id: text('the desk, or environment'),
  integration_id: text('the integration'),
  campaign_id: text('the campaign'),
  campaign_source: text('the source of the campaign'),
  user_id: text('the visitor or customer'),
  agent_ids: texts('agents who wrote or joined the conversation'),
  is_test: boolean('whether the conversation is a test'),
} as const;

const dimensions = {
  ...sharedDimensions,
  tags: texts('tags of the conversation and its messages'),
  chat_type: text('visitor, operator, group, task or external'),
  chat_initiator: text('who started the conversation: visitor, operator, autosuggest or rule'),
  state: text('open or closed, at the time of the request'),
  rating: whole('rating by the user, 1 to 5 stars'),
  is_contained: boolean('whether the bot handled it alone: no agent wrote or joined'),
  is_covered: boolean('whether the bot covers its topics'),
  is_meaningful: boolean('whether it is not a test and the bot answered the user'),
  ...clockDimensions,
  rule_ids: internal(texts('rules of the conversation and its messages')),
  brain_id: internal(text('the id of the version of the bot')),
  goal_achieved: internal(whole('whether the user reached the goal')),
  user_sentiment: internal(whole('the sentiment of the user')),
  csat_human_agent: internal(whole('satisfaction with the agents')),
  has_collection: internal(boolean('whether a message names a collection')),
  has_collection_sources: internal(boolean('whether a message names sources of a collection')),
  user_name: internal(text('the name of the user')),
  user_email: internal(text('the e-mail address of the user')),
  channel_user_id: internal(text('the id of the user in the channel')),
  external_user_id: internal(text('the id of the user in another system')),
  intents: internal(texts('intents of its messages')),
  csat_brain: internal(whole('satisfaction with the bot')),
} as const;

const numbers = {
  duration_seconds: number('seconds', 'time from start to end'),
  first_response_seconds: number('seconds', 'time until the first reply of an agent'),
  resolution_seconds: number('seconds', 'time from the start to the explicit close'),
  rating: number(null, 'rating by the user, 1 to 5 stars'),
  messages: number('count', 'messages of all senders'),
  user_messages: number('count', 'messages of the user'),
  bot_messages: number('count', 'messages of the bot'),
  agent_messages: number('count', 'messages of agents'),
  duration_ms: internal(number(null, 'milliseconds from start to end')),
  min_confidence: internal(number(null, 'the lowest confidence of its messages')),
  last_activity_ms: internal(number(null, 'the last activity, in epoch milliseconds')),
  start_ms: internal(number(null, 'the start, in epoch milliseconds')),
  thumbs_up: internal(number('count', 'messages with the reaction thumbs_up')),
  thumbs_down: internal(number('count', 'messages with the reaction thumbs_down')),
} as const;

const measures = {
  conversations: { description: 'conversations', unit: 'count', measure: { aggregate: 'count' } },
  users: { description: 'distinct users', unit: 'count', measure: { aggregate: 'distinct', of: 'user_id' } },
  messages: { description: 'messages of all senders', unit: 'count', measure: { aggregate: 'sum', of: 'messages' } },
  user_messages: {
    description: 'messages of users',
    unit: 'count',
    measure: { aggregate: 'sum', of: 'user_messages' },
  },
  bot_messages: { description: 'messages of bots', unit: 'count', measure: { aggregate: 'sum', of: 'bot_messages' } },
  agent_messages: {
    description: 'messages of agents',
    unit: 'count',
    measure: { aggregate: 'sum', of: 'agent_messages' },
  },
  contained: {
    description: 'conversations in which no agent took part',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('is_contained', true) },
  },
  handovers: {
    description: 'conversations in which an agent took part',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('is_contained', false) },
  },
  covered: {
    description: 'conversations marked as covered',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('is_covered', true) },
  },
  meaningful: {
    description: 'meaningful conversations',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('is_meaningful', true) },
  },
  open: {
    description: 'conversations that are open now',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('state', 'open') },
  },
  closed: {
    description: 'conversations that are closed now',
    unit: 'count',
    measure: { aggregate: 'count', filter: is('state', 'closed') },
  },
  rated: { description: 'conversations with a rating', unit: 'count', measure: { aggregate: 'count', of: 'rating' } },
  containment_rate: {
    description: 'contained / conversations',
    unit: 'ratio',
    measure: { aggregate: 'share', where: is('is_contained', true) },
  },
  avg_rating: { description: 'mean rating', unit: null, measure: { aggregate: 'avg', of: 'rating' } },
  csat: {
    description: 'the share of ratings above 3',
    unit: 'ratio',
    measure: { aggregate: 'share', where: above('rating', 3), filter: above('rating', 0) },
  },
  avg_duration_seconds: {
    description: 'mean duration',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'duration_seconds' },
  },
  avg_first_response_seconds: {
    description: 'mean time until the first reply of an agent',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'first_response_seconds' },
  },
  avg_resolution_seconds: {
    description: 'mean time from start to close',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'resolution_seconds' },
  },
} as const satisfies Record<string, NamedMeasure<keyof typeof dimensions, keyof typeof numbers>>;

export const conversations = {
  description: 'a conversation',
  counts_at: 'its start_time',
  dimensions,
  numbers,
  measures,
} as const satisfies DatasetDefinition;
