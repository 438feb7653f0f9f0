import { idFrom } from '../ids.js';
import { type Event, ignored, type Mapped, nothing, type Source } from '../source.js';
import { below, event, instant, list, long, type Row, row, short, take } from './parts.js';

/**
 * Slack. A record is one message of an export (the files `CHANNEL/YYYY-MM-DD.json` are lists of them) or the body of the Events
 * API with a `message` event.
 *
 * Learnt from the reference of the `message` event, the types of its subtypes in the package @slack/types, the schema of exports at
 * gist.github.com/viccro/734581d3c9777f9733d1f665279e5b54, and the export in houstondatavis/slack-export.
 *
 * A conversation is a thread, named by the time of its first message; the Events API puts the channel's id before it, as
 * `--prefix CHANNEL-` does for an export, whose messages do not name their channel. Who began the thread is the user, others
 * who answer are agents, apps are bots.
 */
export const slack: Source = {
  name: 'slack',
  about: 'messages of a Slack export, or bodies of the Events API',
  recognizes: (record) => {
    const { type, ts, user, bot_id, subtype, event: inner, team_id } = row(record);
    if (type === 'event_callback') return team_id !== undefined && typeof row(inner).type === 'string';
    const isStamp = typeof ts === 'string' && /^\d{10}\.\d{6}$/.test(ts);
    return type === 'message' && isStamp && (user ?? bot_id ?? subtype) != null;
  },
  map(record) {
    const said = row(record);
    if (said.type !== 'event_callback') return messageOf(said, said.channel);
    const inner = row(said.event);
    if (inner.type !== 'message') return ignored(`Slack's event ${short(inner.type) ?? 'without a type'}`);
    if (inner.subtype === 'message_changed' || inner.subtype === 'message_deleted') return changed(inner);
    return messageOf(inner, inner.channel);
  },
};

/** The kinds of messages that people and apps write; the others tell of joins, topics and the like. */
const written = new Set(['bot_message', 'me_message', 'file_share', 'thread_broadcast']);

const threadOf = (said: Row, channel: unknown): string | undefined => {
  const first = short(said.thread_ts ?? said.ts);
  const place = short(channel);
  return first === undefined || place === undefined ? first : `${place}-${first}`;
};

function messageOf(said: Row, channel: unknown): Mapped {
  const subtype = short(said.subtype);
  if (subtype !== undefined && !written.has(subtype)) return ignored(`a message of the kind ${subtype}`);
  const isBot = subtype === 'bot_message' || said.bot_id != null; // exports write null for none
  const isReply = said.thread_ts !== undefined && said.thread_ts !== said.ts;
  const profile = row(said.user_profile);
  const sender = isBot ? 'bot' : isReply && said.user !== said.parent_user_id ? 'agent' : 'user';
  const writer = short(said.user ?? said.bot_id);
  const name = short(profile.real_name ?? profile.display_name ?? row(said.bot_profile).name ?? said.username);
  const files = list(said.files).map((file) => ({ filetype: short(row(file).filetype) ?? 'file' }));
  const fields = {
    id: short(said.ts),
    time: instant(said.ts),
    seq: below(said.ts),
    conversation_id: threadOf(said, channel),
    sender,
    sender_id: writer,
    sender_name: name,
    text: long(said.text),
    content: files.length === 0 ? undefined : { text: long(said.text) ?? '', files },
  };
  const about = { channel: 'slack', integration_id: short(channel), user_name: isReply || isBot ? undefined : name };
  const mapped = nothing();
  take(mapped, event('message', fields, about));
  return mapped;
}

function changed(inner: Row): Mapped {
  const before = row(inner.previous_message);
  const now = row(inner.message);
  const isDeletion = inner.subtype === 'message_deleted';
  const message_id = short(isDeletion ? (inner.deleted_ts ?? before.ts) : now.ts);
  if (!isDeletion && now.text === before.text) return ignored('a change that is not of the text');
  const at = inner.ts ?? inner.event_ts;
  const common = {
    id: idFrom([inner.subtype, inner.channel, message_id, at]),
    time: instant(at),
    seq: below(at),
    conversation_id: threadOf(isDeletion ? { ts: message_id, ...before } : now, inner.channel),
    message_id,
  };
  const made: Event = isDeletion
    ? event('message.deleted', common)
    : event('message.edited', { ...common, text: long(now.text) ?? '' });
  const mapped = nothing();
  take(mapped, made);
  return mapped;
}
