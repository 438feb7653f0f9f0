import { ignored, type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, plain, type Row, row, short, take, words } from './parts.js';

/**
 * Intercom. A record is a conversation as its API 2 answers it (`source`, `conversation_parts`), or the body of a webhook with one
 * (`notification_event`, the conversation in `data.item`).
 *
 * Learnt from the models "Conversation" and "Conversation part" of Intercom's API reference and the types of the package
 * intercom-client 6 and 7.
 *
 * Notes are notes; `close` and `open` close and reopen; what a part assigns or snoozes is left out. Users and admins are numbered
 * apart, so admins get the prefix `admin-`. Texts are HTML there, and plain here.
 */
export const intercom: Source = {
  name: 'intercom',
  about: 'conversations of the API of Intercom, or its webhooks with them',
  recognizes: (record) => {
    const { type, topic, data } = row(record);
    return type === 'notification_event' ? topic !== undefined && row(data).item !== undefined : isConversation(record);
  },
  map(record) {
    const { type, topic, data } = row(record);
    if (type !== 'notification_event') return conversationOf(row(record));
    const { item } = row(data);
    return isConversation(item)
      ? conversationOf(row(item))
      : ignored(`Intercom's topic ${short(topic) ?? 'without a name'}`);
  },
};

const isConversation = (value: unknown) => {
  const { type, source, conversation_parts } = row(value);
  return type === 'conversation' && (source !== undefined || conversation_parts !== undefined);
};

function conversationOf(said: Row): Mapped {
  const mapped = nothing();
  const source = row(said.source);
  const conversation_id = short(said.id);
  const contact = row(list(row(said.contacts).contacts)[0]);
  const author = row(source.author);
  const isOfUser = roleOf(author) === 'user';
  const tags = words(list(row(said.tags).tags).map((tag) => row(tag).name));
  const about = {
    channel: short(source.type),
    team_id: short(said.team_assignee_id),
    user_id: short(contact.id) ?? (isOfUser ? short(author.id) : undefined),
    user_name: isOfUser ? short(author.name) : undefined,
    user_email: isOfUser ? short(author.email) : undefined,
    tags,
  };
  if (source.id !== undefined && said.source !== null) {
    // Messages that begin conversations and parts of conversations are numbered apart.
    const fields = { id: `source-${short(source.id)}`, time: instant(said.created_at), conversation_id };
    take(mapped, event('message', { ...fields, ...wordsOf(source, author) }, about), 'source: ');
  }
  for (const [n, one] of list(row(said.conversation_parts).conversation_parts).entries()) {
    partOf(row(one), conversation_id, mapped, `conversation_parts[${n}]: `);
  }
  const { rating, remark, created_at, teammate } = row(said.conversation_rating);
  if (Number(rating) >= 1 && Number(rating) <= 5) {
    const fields = {
      id: `${conversation_id}-rating-${rating}`,
      time: instant(created_at),
      conversation_id,
      value: Number(rating),
      feedback: plain(remark),
      agent_id: row(teammate).id === undefined ? undefined : `admin-${short(row(teammate).id)}`,
    };
    take(mapped, event('rating', fields), 'conversation_rating: ');
  }
  if (mapped.events.length + mapped.faults.length + mapped.ignored.length === 0)
    mapped.ignored.push('a conversation without parts');
  return mapped;
}

function partOf(part: Row, conversation_id: string | undefined, mapped: Mapped, where: string): void {
  const author = row(part.author);
  const common = { id: short(part.id), time: instant(part.created_at), conversation_id };
  const kind = String(part.part_type);
  const isNote = kind === 'note' || kind === 'note_and_reopen';
  const hasText = typeof part.body === 'string' && part.body !== '';
  const ends: Record<string, string> = {
    ...{ close: 'conversation.closed', open: 'conversation.reopened' },
    ...{ note_and_reopen: 'conversation.reopened' },
  };
  const end = Object.hasOwn(ends, kind) ? ends[kind] : undefined;
  const { sender, sender_id, sender_name, text } = wordsOf(part, author);
  if (part.redacted === true) {
    const deletion = { ...common, id: `${common.id}-redacted`, time: instant(part.updated_at), message_id: common.id };
    take(mapped, event('message.deleted', deletion), where);
  } else if (isNote) take(mapped, event('note', { ...common, sender_id, sender_name, text }), where);
  else if (hasText) take(mapped, event('message', { ...common, sender, sender_id, sender_name, text }), where);
  if (end !== undefined) {
    const agent_id = end === 'conversation.closed' && sender === 'agent' ? sender_id : undefined;
    take(mapped, event(end, { ...common, id: `${common.id}-${kind}`, agent_id }), where);
  } else if (!isNote && !hasText && part.redacted !== true)
    mapped.ignored.push(`a part of the kind ${short(part.part_type) ?? 'without a name'}`);
}

const roleOf = ({ type }: Row) =>
  type === 'bot' || type === 'fin' ? 'bot' : type === 'admin' || type === 'team' ? 'agent' : 'user';

function wordsOf(said: Row, author: Row) {
  const sender = roleOf(author);
  const id = short(author.id);
  return {
    sender,
    sender_id: id === undefined ? undefined : sender === 'user' ? id : `admin-${id}`,
    sender_name: short(author.name),
    text: plain(said.body),
  };
}
