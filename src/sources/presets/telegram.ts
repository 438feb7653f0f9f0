import { ignored, type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, long, type Row, row, short, take, together } from './parts.js';

/**
 * Telegram Desktop 4 and later, "Export chat history" or "Export Telegram data" as machine-readable JSON (`result.json`). A
 * record is the document: one chat, or an account with its list of chats.
 *
 * Learnt from exports that public parsers describe (xavierpjb/telegram-bnb-staking-parser, `src/models`; RobiMez/wttm; the
 * format notes of the package tg-parser).
 *
 * A conversation is a chat. In a chat of two the other person is the user, who exports is the agent; in a chat with a bot, who
 * exports is the user. In groups everybody is a user, but messages in the name of a channel are an agent's.
 */
export const telegram: Source = {
  name: 'telegram',
  about: 'result.json of Telegram Desktop: one chat, or an account with its chats',
  recognizes: (record) => {
    const { type, id, messages, chats } = row(record);
    if (Array.isArray(row(chats).list))
      return list(row(chats).list).some((chat) => isMessage(list(row(chat).messages)[0]));
    return typeof type === 'string' && id !== undefined && isMessage(list(messages)[0]);
  },
  map(record) {
    const said = row(record);
    const chats = list(row(said.chats).list);
    if (Array.isArray(said.messages)) return chatOf(said);
    if (chats.length > 0) return together(chats.map((chat) => chatOf(row(chat))));
    return {
      ...nothing(),
      faults: ['messages: is neither a chat nor a list of chats as Telegram Desktop exports them'],
    };
  },
};

const isMessage = (value: unknown) => row(value).date_unixtime !== undefined || row(value).from_id !== undefined;

function chatOf(chat: Row): Mapped {
  return together(list(chat.messages).map((message, n) => messageOf(row(message), chat, n)));
}

function messageOf(said: Row, chat: Row, n: number): Mapped {
  if (said.type === 'service') return ignored('a service message, such as a join or a pinned message');
  const where = `messages[${n}]: `;
  if (said.date_unixtime === undefined)
    return { ...nothing(), faults: ['date_unixtime: is missing; export again with Telegram Desktop 4 or later'] };
  const from = short(said.from_id ?? said.actor_id);
  const sender = senderOf(from, chat);
  const isOfOther = chat.type === 'personal_chat' && sender === 'user';
  const name = short(said.from);
  const fields = {
    id: short(said.id),
    time: instant(said.date_unixtime),
    conversation_id: short(chat.id),
    sender,
    sender_id: from,
    sender_name: name,
    text: textOf(said.text),
    content: mediaOf(said),
  };
  const isGroup = chat.type !== 'personal_chat' && chat.type !== 'bot_chat' && chat.type !== 'saved_messages';
  const about = {
    channel: 'telegram',
    chat_type: isGroup ? 'group' : undefined,
    user_name: isOfOther ? name : undefined,
    bot_id: chat.type === 'bot_chat' ? `user${short(chat.id)}` : undefined,
  };
  const mapped = nothing();
  take(mapped, event('message', fields, about), where);
  return mapped;
}

function senderOf(from: string | undefined, { type, id }: Row): 'user' | 'bot' | 'agent' {
  const isOther = from === `user${short(id)}`;
  if (type === 'personal_chat') return isOther ? 'user' : 'agent';
  if (type === 'bot_chat') return isOther ? 'bot' : 'user';
  return from?.startsWith('channel') ? 'agent' : 'user';
}

/** A text, which is a list of parts where some are links or bold. */
const textOf = (text: unknown): string | undefined =>
  long(
    Array.isArray(text)
      ? text.map((part) => (typeof part === 'string' ? part : (row(part).text ?? ''))).join('')
      : text,
  );

function mediaOf(said: Row): Row | undefined {
  const kind = short(said.media_type ?? (said.photo === undefined ? undefined : 'photo') ?? said.mime_type);
  return kind === undefined ? undefined : { text: textOf(said.text) ?? '', media_type: kind };
}
