import { sharedDimensions } from './conversations.js';
import {
  clockDimensions,
  type DatasetDefinition,
  internal,
  is,
  type NamedMeasure,
  number,
  text,
  texts,
} from './dataset.js';

const dimensions = {
  ...sharedDimensions,
  user_id: text('the author of a user message; for other messages the user of the conversation'),
  sender: text('who wrote it: user, bot or agent'),
  sender_id: text('the id of the author'),
  intent: text('the intent that the bot recognized'),
  collection_id: text('the collection that the answer came from'),
  tags: texts('tags of the message'),
  ...clockDimensions,
} as const;

const numbers = {
  response_seconds: number('seconds', 'response time: how long the user waited for this message'),
  confidence: number(null, 'confidence of the bot, from 0 to 1'),
  user_messages: internal(number('count', 'user messages in its conversation')),
} as const;

const measures = {
  messages: { description: 'messages', unit: 'count', measure: { aggregate: 'count' } },
  users: {
    description: 'distinct users who wrote a message',
    unit: 'count',
    measure: { aggregate: 'distinct', of: 'user_id', filter: is('sender', 'user') },
  },
  conversations: {
    description: 'distinct conversations of the messages',
    unit: 'count',
    measure: { aggregate: 'distinct', of: 'conversation_id' },
  },
  avg_bot_response_seconds: {
    description: 'mean response time of the bot',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'response_seconds', filter: is('sender', 'bot') },
  },
  avg_agent_response_seconds: {
    description: 'mean response time of agents',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'response_seconds', filter: is('sender', 'agent') },
  },
} as const satisfies Record<string, NamedMeasure<keyof typeof dimensions, keyof typeof numbers>>;

export const messages = {
  description: 'a message, with the current attributes of its conversation',
  counts_at: 'the time of the message',
  dimensions,
  numbers,
  measures,
} as const satisfies DatasetDefinition;
