import { type Configuration, ignored, type Mapped, nothing, type Source } from '../source.js';
import { timeFrom } from '../times.js';
import { event, instant, list, long, type Row, row, short, take, together } from './parts.js';

/**
 * Telegram Desktop, "Export chat history" or "Export Telegram data" as machine-readable JSON (`result.json`). A
 * record is the document: one chat, or an account with its list of chats.
 *
 * Learnt from exports that public parsers describe (xavierpjb/telegram-bnb-staking-parser, `src/models`; RobiMez/wttm; the
 * format notes of the package tg-parser; the samples of mlomb/chat-analytics).
 *
 * A conversation is a chat. In a chat of two the other person is the user, who exports is the agent; in a chat with a bot, who
 * exports is the user. In groups everybody is a user, but messages in the name of a channel are an agent's.
 *
 * Version 4 and later write instants (`date_unixtime`). Before, there is a local time alone, so the zone must be said.
 */
export const telegram: Source = make({});

function make({ time_zone = null }: { time_zone?: string | null }): Source {
  return {
    name: 'telegram',
    configured: ({ time_zone }: Configuration) => make(time_zone === undefined ? {} : { time_zone }),
    takes: ['time_zone'],
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
      if (Array.isArray(said.messages)) return chatOf(said, time_zone);
      if (chats.length > 0) return together(chats.map((chat) => chatOf(row(chat), time_zone)));
      return {
        ...nothing(),
        faults: ['messages: is neither a chat nor a list of chats as Telegram Desktop exports them'],
      };
    },
  };
}

const isMessage = (value: unknown) => {
  const { type, date, date_unixtime, from_id, actor_id } = row(value);
  const isKnown = (type === 'message' || type === 'service') && typeof date === 'string';
  return isKnown && (date_unixtime ?? from_id ?? actor_id) !== undefined;
};

function chatOf(chat: Row, zone: string | null): Mapped {
  return together(list(chat.messages).map((message, n) => messageOf(row(message), chat, n, zone)));
}

function messageOf(said: Row, chat: Row, n: number, zone: string | null): Mapped {
  if (said.type === 'service') return ignored('a service message, such as a join or a pinned message');
  const where = `messages[${n}]: `;
  const time =
    said.date_unixtime === undefined
      ? timeFrom(said.date, { format: 'iso', zone })
      : { time: instant(said.date_unixtime) };
  if ('fault' in time) return { ...nothing(), faults: [`date: ${time.fault}`] };
  const from = short(said.from_id ?? said.actor_id);
  const sender = senderOf(from, chat);
  const isOfOther = chat.type === 'personal_chat' && sender === 'user';
  const name = short(said.from);
  const fields = {
    id: short(said.id),
    time: time.time,
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
