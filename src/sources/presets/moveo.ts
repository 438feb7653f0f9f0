import { attributes } from '../../queries/ingest/fields.js';
import { idFrom } from '../ids.js';
import { type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, long, type Row, row, short, take, together, words } from './parts.js';

/**
 * Moveo.AI: rows of `get_session_content`, each a session with its `messages`, or an answer with a list of them. They are what
 * Moveo's own GraphQL answers, and what this service answers in that dialect.
 *
 * Learnt from the columns that docs/graphql.md describes, which follow the vendor's page "log session content". Times without offset are read as UTC.
 */
export const moveo: Source = {
  name: 'moveo',
  about: 'rows of get_session_content of Moveo.AI',
  recognizes: (record) => {
    const { session_id, messages, data } = row(record);
    if (Array.isArray(row(data).get_session_content)) return true;
    return typeof session_id === 'string' && Array.isArray(messages) && row(messages[0]).event !== undefined;
  },
  map(record) {
    const answer = row(row(record).data).get_session_content;
    return Array.isArray(answer) ? together(answer.map((one) => sessionOf(row(one)))) : sessionOf(row(record));
  },
};

/** The attributes that have the same name on both sides. */
const same = [
  ...['desk_id', 'integration_id', 'channel', 'is_test', 'user_id', 'user_name', 'user_email', 'channel_user_id'],
  ...['external_user_id', 'brain_id', 'tags', 'rule_ids', 'is_covered', 'goal_achieved', 'user_sentiment', 'insights'],
];

function sessionOf(session: Row): Mapped {
  const mapped = nothing();
  const conversation_id = short(session.session_id);
  const about: Row = { bot_id: short(session.brain_parent_id), bot_version: short(session.brain_version) };
  for (const name of same) if (attributes[name]?.accepts(session[name])) about[name] = session[name];
  const messages = list(session.messages).map(row);
  const seen = new Map<string, number>();
  for (const [n, said] of messages.entries()) {
    const time = instant(said.time, 'UTC');
    const kind = String(said.event);
    // Entries have no ids; two that are alike in all that counts are told apart by their order.
    const key = idFrom([conversation_id, time, kind, said.request_id, JSON.stringify(said.message ?? null)]);
    const nth = seen.get(key) ?? 0;
    seen.set(key, nth + 1);
    const common = { id: nth === 0 ? key : idFrom([key, nth]), time, conversation_id, seq: n > 0 ? n : undefined };
    entryOf(said, kind, common, n === 0 ? about : {}, mapped, `messages[${n}]: `);
  }
  const time = instant(session.end_time, 'UTC') ?? instant(session.start_time, 'UTC');
  for (const [target, value] of Object.entries({
    conversation: session.rating,
    bot: session.csat_brain,
    agent: session.csat_human_agent,
  })) {
    if (!(Number(value) >= 1 && Number(value) <= 5)) continue;
    const feedback = target === 'conversation' ? long(session.feedback) : undefined;
    const id = idFrom([conversation_id, 'rating', target]);
    take(mapped, event('rating', { id, time, conversation_id, value: Number(value), target, feedback }));
  }
  if (messages.length === 0) {
    const id = idFrom([conversation_id, 'session']);
    take(
      mapped,
      event('conversation.updated', { id, time: instant(session.start_time, 'UTC'), conversation_id }, about),
    );
  }
  return mapped;
}

const senders: Record<string, string> = {
  'message:received': 'user',
  'message:brain_send': 'bot',
  'message:agent_send': 'agent',
};

function entryOf(said: Row, kind: string, common: Row, about: Row, mapped: Mapped, where: string): void {
  const sender = Object.hasOwn(senders, kind) ? senders[kind] : undefined;
  if (sender !== undefined) {
    const message = row(said.message);
    const responses = list(message.responses).map(row);
    const text =
      long(message.text) ??
      long(
        responses
          .map((one) => short(one.text) ?? '')
          .join('\n')
          .trim(),
      );
    const fields = {
      ...common,
      sender,
      sender_id: sender === 'agent' ? short(said.agent_id) : undefined,
      text,
      content: said.message == null ? undefined : message,
      tags: words(said.tags),
      rule_ids: words(said.rule_ids),
      reaction: short(said.reaction),
      request_id: short(said.request_id),
      collection_id: short(said.collection_id),
      collection_request_code: short(said.collection_request_code),
      collection_response_code: short(said.collection_response_code),
      brain_id: short(said.brain_id),
      brain_version: Number.isInteger(said.brain_version) ? said.brain_version : undefined,
      brain_parent_id: short(said.brain_parent_id),
      first_message: said.first_message === true ? true : undefined,
      new_brain_session: said.new_brain_session === true ? true : undefined,
    };
    take(mapped, event('message', fields, about), where);
  } else if (kind === 'context:updated') take(mapped, event('conversation.updated', common, about), where);
  else if (kind === 'session:closed') take(mapped, event('conversation.closed', common, about), where);
  else
    mapped.ignored.push(
      kind === 'session:expired' ? 'an expiry, which follows from the timeout' : `Moveo's ${kind.slice(0, 100)}`,
    );
}
