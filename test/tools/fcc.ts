import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../src/root.js';
import type { Event } from '../fold/fold.js';
import { readNdjson } from './load.js';

const folder = join(root, '../shared/data/fcc-gitter');

/** What tap is told where the data is not there. */
export const skipFcc: string | false = existsSync(folder) ? false : 'no ../shared/data/fcc-gitter here';

/** A message of the public chat rooms, as the file has it; a room is a channel. */
export interface FccMessage {
  conversation_id: string;
  message_id: string;
  user_id: string | null;
  time: string;
  text: string;
  channel: string;
}

/** All messages, in order of time, then id. */
export const fccMessages = () => readNdjson<FccMessage>(join(folder, 'fcc-gitter.messages.ndjson.gz'));

/** Counts of the same messages that were made apart. */
export const fccExpected = () => JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));

/** The messages as events: all of users, since nobody there is known to be a bot or an agent. */
export const fccEvents = (messages: FccMessage[]): Event[] =>
  messages.map(({ conversation_id, message_id, user_id, time, text, channel }) => ({
    id: message_id,
    type: 'message',
    time,
    conversation_id,
    sender: 'user',
    sender_id: user_id,
    text,
    conversation: { bot_id: 'fcc', bot_version: 'LIVE', channel },
  }));
