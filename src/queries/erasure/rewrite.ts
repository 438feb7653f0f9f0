import type { Matcher } from './person.js';
import { attributeRoles, bodyRoles } from './roles.js';

/** What an erasure reads and writes of a stored event. */
export interface StoredEvent {
  id: string;
  type: string;
  time: string;
  seq: number;
  sender: string | null;
  actor_id: string | null;
  team_id: string | null;
  organization_id: string | null;
  attributes: Record<string, unknown> | null;
  body: Record<string, unknown> | null;
}

/**
 * The part of a person in a conversation:
 * - `own`: it names nobody else, so all words in it go
 * - `host`: it is the person's, and others wrote in it too
 * - `guest`: it is somebody else's
 */
export type Part = 'own' | 'host' | 'guest';

/** Types of events that are about the user of the conversation. */
const ofUser = ['rating', 'order', 'track'];

/** Whether all that an event says is of the person. `isTheirs` knows the person's messages by their ids. */
export function isTheirs(
  event: StoredEvent,
  by: Matcher,
  part: Part,
  isTheirMessage: (id: string) => boolean,
): boolean {
  if (part === 'own') return true;
  const { type, sender, actor_id, body } = event;
  if (type === 'message') return sender === 'user' && (actor_id === null ? part === 'host' : by.is(actor_id));
  if (type === 'message.edited') return isTheirMessage(String(body?.message_id));
  return part === 'host' && ofUser.includes(type);
}

/**
 * An event without the words, names and identifiers of a person; null if there are none in it. A changed event carries
 * `erased` in its body, so that a repeat of it is not taken for one that differs.
 */
export function rewrite(
  event: StoredEvent,
  by: Matcher,
  part: Part,
  isTheirMessage: (id: string) => boolean,
): StoredEvent | null {
  const theirs = isTheirs(event, by, part, isTheirMessage);
  const isUser = event.sender === 'user';
  const attributes = event.attributes === null ? null : attributesOf(event.attributes, by, part);
  const body = event.body === null ? null : bodyOf(event.body, by, theirs, isUser);
  const actor_id = isUser && by.is(event.actor_id) ? by.standIn(event.actor_id) : event.actor_id;
  const written = { ...event, actor_id, attributes, body };
  if (JSON.stringify(written) === JSON.stringify(event)) return null;
  return { ...written, body: { ...body, erased: true } };
}

function bodyOf(body: Record<string, unknown>, by: Matcher, theirs: boolean, isUser: boolean): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(body)) {
    const role = bodyRoles[name] ?? (name === 'erased' || name === 'reason' ? 'nothing' : 'words');
    if (role === 'words') {
      if (!theirs) kept[name] = deep(value, by.inWords);
    } else if (role === 'name') kept[name] = theirs && isUser ? by.standIn(String(value)) : deep(value, by.inLabel);
    else if (role === 'order') kept[name] = theirs ? by.standIn(String(value)) : value;
    else if (role === 'label') kept[name] = deep(value, by.inLabel);
    else kept[name] = value; // references are replaced with the ids that they name
  }
  return kept;
}

function attributesOf(attributes: Record<string, unknown>, by: Matcher, part: Part): Record<string, unknown> {
  const isHost = part !== 'guest';
  const kept: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(attributes)) {
    const role = attributeRoles[name] ?? 'words';
    if (role === 'words') {
      if (!isHost) kept[name] = deep(value, by.inWords);
    } else if (role === 'name') kept[name] = isHost && typeof value === 'string' ? by.standIn(value) : value;
    else if (role === 'identity') kept[name] = identity(name, value, by, isHost);
    else if (role === 'label') kept[name] = deep(value, by.inLabel);
    else kept[name] = value;
  }
  return kept;
}

/** Attributes of the user of a conversation, whoever that is. */
const single = ['user_email', 'channel_user_id', 'external_user_id'];

function identity(name: string, value: unknown, by: Matcher, isHost: boolean): unknown {
  if (Array.isArray(value)) return value.map((one) => (by.is(one) ? by.standIn(one) : one));
  if (typeof value !== 'string' || value.startsWith(by.person.stand_in)) return value;
  return by.is(value) || (isHost && single.includes(name)) ? by.standIn(value) : value;
}

/** A JSON value with every text in it changed, names of properties too. */
function deep(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => deep(item, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [change(key), deep(item, change)]));
}
