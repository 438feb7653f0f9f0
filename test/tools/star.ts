import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/root.js';
import { type Event, readNdjson } from './load.js';

const folder = join(root, '../shared/data/star');

/** Why tests on this data skip, or false. */
export const noStar: string | false = existsSync(folder) ? false : 'no ../shared/data/star here';

/** A message of a dialogue, as the file has it. */
export interface StarMessage {
  conversation_id: string;
  message_id: string;
  user_id: string;
  sender_role: 'user' | 'agent';
  time: string;
  text: string;
  step: string | null;
}

/** All messages, in order of time, dialogue and place. */
export const starMessages = () => readNdjson<StarMessage>(join(folder, 'star.messages.ndjson.gz'));

/** The messages as events of one bot. */
export function starEvents(): Event[] {
  const messages = starMessages();
  return messages.map(({ conversation_id, message_id, user_id, sender_role, time, text }) => ({
    id: message_id,
    type: 'message',
    time,
    conversation_id,
    sender: sender_role,
    sender_id: user_id,
    text,
    conversation: { bot_id: 'star', bot_version: 'LIVE' },
  }));
}
