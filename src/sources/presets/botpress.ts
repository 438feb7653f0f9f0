import { type Mapped, nothing, type Source } from '../source.js';
import { event, instant, long, type Row, row, short, take, together } from './parts.js';

/**
 * Botpress. A record is a message of Botpress Cloud (`GET /v1/chat/messages`: `direction`), an answer with a list of them, or a row
 * of the table `msg_messages` of Botpress 12 (`authorId`, `sentOn`).
 *
 * Learnt from the pages "listMessages" of Botpress's API reference and "Exporting raw conversations". The form of Botpress 12 is
 * from memory of its messaging server, and was not compared with a public sample.
 *
 * Messages that come in are the user's; those that go out are the bot's.
 */
export const botpress: Source = {
  name: 'botpress',
  about: 'messages of the API of Botpress Cloud, or rows of the message table of Botpress 12',
  recognizes: (record) => {
    const { conversationId, direction, payload, sentOn, messages } = row(record);
    const isMessage = (one: Row) =>
      one.conversationId !== undefined && one.direction !== undefined && one.payload !== undefined;
    if (Array.isArray(messages)) return messages.length > 0 && messages.every((one) => isMessage(row(one)));
    return conversationId !== undefined && payload !== undefined && (direction !== undefined || sentOn !== undefined);
  },
  map(record) {
    const said = row(record);
    return Array.isArray(said.messages) ? together(said.messages.map((one) => messageOf(row(one)))) : messageOf(said);
  },
};

function messageOf(said: Row): Mapped {
  const payload = typeof said.payload === 'string' ? parsed(said.payload) : row(said.payload);
  const isOut = said.direction === undefined ? short(said.authorId) === undefined : said.direction === 'outgoing';
  const text = long(payload.text);
  const writer = short(said.userId ?? said.authorId);
  const kind = short(said.type ?? payload.type);
  const fields = {
    id: short(said.id),
    time: instant(said.createdAt ?? said.sentOn, 'UTC'),
    conversation_id: short(said.conversationId),
    sender: isOut ? 'bot' : 'user',
    sender_id: writer,
    text,
    content: kind === undefined || kind === 'text' ? undefined : { type: kind, ...payload },
  };
  const about = { bot_id: short(said.botId), channel: short(said.integration), user_id: isOut ? undefined : writer };
  const mapped = nothing();
  take(mapped, event('message', fields, about));
  return mapped;
}

function parsed(text: string): Row {
  try {
    return row(JSON.parse(text));
  } catch {
    return {};
  }
}
