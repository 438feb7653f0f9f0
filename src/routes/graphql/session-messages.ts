import type { Entry } from '../../queries/lookups/entries.js';
import { formatInstant } from '../../queries/time/instant.js';
import { type Brain, brainOfMessage } from './brains.js';
import type { ResultRow } from './definition.js';

/** The entries of `messages`. The current expiry comes last among entries of the same time. */
export function messageRows(entries: Entry[], expired: number | null, own: Brain, zone: string): ResultRow[] {
  const firstOfBot = entries.find(({ sender }) => sender === 'bot');
  const rows = entries.map((entry) => {
    const time = formatInstant(entry.time, zone, 'local');
    if (entry.type !== 'message') return event(time, events[entry.type] as string);
    return message(entry, time, brainOfMessage(entry, own), entry === firstOfBot);
  });
  if (expired === null) return rows;
  const place = entries.findLastIndex(({ time }) => time <= expired) + 1;
  return rows.toSpliced(place, 0, event(formatInstant(expired, zone, 'local'), 'session:expired'));
}

const events: Record<string, string> = {
  user: 'message:received',
  bot: 'message:brain_send',
  agent: 'message:agent_send',
  'conversation.updated': 'context:updated',
  'conversation.closed': 'session:closed',
};

/** An entry that is not a message. */
const event = (time: string, name: string): ResultRow => ({ ...blank, time, event: name, first_message: false });

function message(
  { sender, sender_id, body, response_seconds }: Entry,
  time: string,
  brain: Brain,
  isFirst: boolean,
): ResultRow {
  return {
    ...blank,
    ...Object.fromEntries(sentKeys.map((name) => [name, body[name] ?? null])),
    time,
    event: events[sender as string],
    message: content(sender, body),
    agent_id: sender === 'agent' ? sender_id : null,
    ...brain,
    response_time: response_seconds,
    first_message: body.first_message ?? isFirst,
  };
}

function content(sender: Entry['sender'], { content, text }: Entry['body']): unknown {
  if (content != null) return content;
  if (text == null) return null;
  return sender === 'bot' ? { responses: [{ type: 'text', text }] } : { text };
}

/** Keys that an entry has in common with a message. */
const sentKeys = [
  'request_id',
  'tags',
  'reaction',
  'rule_ids',
  'collection_id',
  'collection_sources',
  'collection_request_code',
  'collection_response_code',
  'new_brain_session',
  'corrections',
  'context',
];

/** All keys of an entry, in the order of the answer. */
const blank: ResultRow = Object.fromEntries(
  [
    'time',
    'event',
    'message',
    'agent_id',
    'brain_id',
    'brain_version',
    'brain_parent_id',
    'response_time',
    'first_message',
    ...sentKeys,
  ].map((name) => [name, null]),
);
