import { ignored, type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, long, type Row, row, short, take, together } from './parts.js';

/**
 * Discord, as DiscordChatExporter 2 writes it in JSON. A record is the document of one channel or thread.
 *
 * Learnt from the notes on its form by its readers slatinsky/DiscordChatExporter-frontend and mlomb/chat-analytics; not compared
 * with the exporter itself.
 *
 * A conversation is the channel or thread of the file. Who wrote first in a thread or a chat of two is the user and others who
 * write there are agents, but in other channels, where everybody asks, all people are users. Bots are bots. Only as much as the
 * file holds is known: export threads whole.
 */
export const discord: Source = {
  name: 'discord',
  about: 'a channel or thread as DiscordChatExporter writes it in JSON',
  recognizes: (record) => {
    const { guild, channel, messages } = row(record);
    return row(guild).id !== undefined && row(channel).type !== undefined && Array.isArray(messages);
  },
  map(record) {
    const { guild, channel, messages } = row(record);
    if (!Array.isArray(messages))
      return { ...nothing(), faults: ['messages: there is no list of messages, as DiscordChatExporter writes it'] };
    const { id, type } = row(channel);
    const isOfTwo = /Thread|DirectTextChat|Direct$/.test(String(type)) && !/Group/.test(String(type));
    const people = messages.map((one) => row(row(one).author)).filter(({ isBot }) => isBot !== true);
    const asker = isOfTwo ? short(people[0]?.id) : undefined;
    const about = { channel: 'discord', integration_id: short(row(guild).id) };
    return together(messages.map((one, n) => messageOf(row(one), short(id), asker, about, `messages[${n}]: `)));
  },
};

/** What people and apps write; the other types tell of joins, pins and calls. */
const written = new Set(['Default', 'Reply', 'ChatInputCommand', 'ContextMenuCommand', '0', '19', '20', '23']);

function messageOf(
  said: Row,
  channel: string | undefined,
  asker: string | undefined,
  about: Row,
  where: string,
): Mapped {
  if (said.type !== undefined && !written.has(String(said.type)))
    return ignored('a message that Discord itself wrote, such as of a join or a pin');
  const author = row(said.author);
  const writer = short(author.id);
  const sender = author.isBot === true ? 'bot' : asker === undefined || writer === asker ? 'user' : 'agent';
  const files = list(said.attachments).map((file) => ({ file_name: short(row(file).fileName) ?? 'file' }));
  const text = long(said.content);
  const fields = {
    id: short(said.id),
    time: instant(said.timestamp),
    conversation_id: channel,
    sender,
    sender_id: writer,
    sender_name: short(author.nickname) ?? short(author.name),
    text,
    content: files.length === 0 ? undefined : { text: text ?? '', attachments: files },
  };
  const mapped = nothing();
  take(mapped, event('message', fields, about), where);
  return mapped;
}
