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
  user_id: text('the sender of a message of the user, else the user of the conversation'),
  sender: text('who wrote it: user, bot or agent'),
  sender_id: text('the id of who wrote it'),
  intent: text('what the bot understood'),
  collection_id: text('the collection it was answered from'),
  tags: texts('tags of the message'),
  ...clockDimensions,
} as const;

const numbers = {
  response_seconds: number('seconds', 'how long the user waited for it'),
  confidence: number(null, 'how sure the bot was, from 0 to 1'),
  user_messages: internal(number('count', 'messages of the user in its conversation')),
} as const;

const measures = {
  messages: { description: 'messages', unit: 'count', measure: { aggregate: 'count' } },
  users: {
    description: 'distinct users of messages of users',
    unit: 'count',
    measure: { aggregate: 'distinct', of: 'user_id', filter: is('sender', 'user') },
  },
  conversations: {
    description: 'conversations that the messages belong to',
    unit: 'count',
    measure: { aggregate: 'distinct', of: 'conversation_id' },
  },
  avg_bot_response_seconds: {
    description: 'mean wait for a message of the bot',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'response_seconds', filter: is('sender', 'bot') },
  },
  avg_agent_response_seconds: {
    description: 'mean wait for a message of an agent',
    unit: 'seconds',
    measure: { aggregate: 'avg', of: 'response_seconds', filter: is('sender', 'agent') },
  },
} as const satisfies Record<string, NamedMeasure<keyof typeof dimensions, keyof typeof numbers>>;

export const messages = {
  description: 'a message, with what its conversation is now',
  counts_at: 'its own time',
  dimensions,
  numbers,
  measures,
} as const satisfies DatasetDefinition;
