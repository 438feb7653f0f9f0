import { idFrom } from '../ids.js';
import { type Event, ignored, type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, long, type Row, row, short, take, together, words, wordsNow } from './parts.js';

/**
 * Chatwoot. A record is the body of a webhook (`event`), an answer of
 * `GET /api/v1/accounts/{id}/conversations/{id}/messages` (`payload`), one message of it, or a row of the table `messages`.
 *
 * Learnt from chatwoot/chatwoot: `app/models/message.rb`, `app/presenters/conversations/event_data_presenter.rb`,
 * `app/views/api/v1/models/_message.json.jbuilder`, and the page "How to use webhooks" of its user guide.
 *
 * Webhooks and the API name a conversation by its number within the account (`display_id`), the table by its own id: select
 * `display_id` of `conversations` as another column where both are wanted. Contacts and agents are numbered apart, so their
 * ids get the prefixes `contact-` and `agent-`. Private notes are notes; messages of the kind `activity` are left out.
 */
export const chatwoot: Source = {
  name: 'chatwoot',
  about: 'webhooks, message lists of the API or rows of the table `messages` of Chatwoot',
  recognizes: (record) => {
    const { event: kind, account, payload } = row(record);
    if (typeof kind === 'string' && /^(?:conversation|message|contact|webwidget)_[a-z_]+$/.test(kind)) {
      return account !== undefined || row(record).inbox_id !== undefined;
    }
    return Array.isArray(payload) ? payload.length > 0 && payload.every(isMessage) : isMessage(record);
  },
  map(record) {
    const said = row(record);
    if (Array.isArray(said.payload)) return together(said.payload.map((one) => messageOf(row(one))));
    if (said.event === undefined) return messageOf(said);
    const kind = String(said.event);
    if (kind === 'message_created') return messageOf(said);
    if (kind === 'message_updated') return updated(said);
    const of = Object.hasOwn(conversationEvents, kind) ? conversationEvents[kind] : undefined;
    return of?.(said) ?? ignored(`Chatwoot's event ${short(said.event)}`);
  },
};

function isMessage(record: unknown): boolean {
  const { message_type, content_type, inbox_id, conversation_id, conversation } = row(record);
  const isComplete = message_type !== undefined && content_type !== undefined && inbox_id !== undefined;
  return isComplete && (conversation_id !== undefined || conversation !== undefined);
}

const kinds = ['incoming', 'outgoing', 'activity', 'template'];

function messageOf(said: Row): Mapped {
  const found = String(said.message_type);
  const kind = kinds[Number(found)] ?? found;
  if (kind === 'activity') return ignored('an activity, which Chatwoot itself wrote');
  if (!kinds.includes(kind)) return { ...nothing(), faults: [`message_type: is none of ${kinds.join(', ')}`] };
  const sender = row(said.sender);
  const writer = short(
    sender.id ?? said.sender_id ?? said.user_id ?? (kind === 'incoming' ? said.contact_id : undefined),
  );
  const role = String(sender.type ?? said.sender_type ?? '').toLowerCase();
  const isBot = kind === 'template' || role.includes('bot') || (kind === 'outgoing' && writer === undefined);
  const isPrivate = said.private === true || /^t(?:rue)?$|^1$/i.test(String(said.private));
  const who = kind === 'incoming' ? 'user' : isBot ? 'bot' : 'agent';
  const fields = {
    ...placeOf(said),
    text: long(said.content),
    sender_id: writer === undefined ? undefined : `${who === 'user' ? 'contact' : who}-${writer}`,
    sender_name: short(sender.name),
  };
  const mapped = nothing();
  if (isPrivate) take(mapped, event('note', fields));
  else {
    const isUser = who === 'user';
    const about = { ...aboutOf(said), ...(isUser ? { user_id: fields.sender_id, user_name: short(sender.name) } : {}) };
    take(mapped, event('message', { ...fields, sender: who, content: filesOf(said) }, about));
  }
  return mapped;
}

/** A message that was changed: deleted, or a survey that was answered. Its states (sent, read) are no events of ours. */
function updated(said: Row): Mapped {
  const place = placeOf(said);
  const attributes = row(said.content_attributes);
  const survey = row(row(attributes.submitted_values).csat_survey_response);
  const mapped = nothing();
  if (attributes.deleted === true) {
    take(mapped, event('message.deleted', { ...place, id: `${place.id}-deleted`, message_id: place.id }));
  }
  if (Number(survey.rating) >= 1 && Number(survey.rating) <= 5) {
    const feedback = long(survey.feedback_message);
    const id = idFrom(['csat', place.id, survey.rating, feedback]);
    // The feedback comes in a second update of the same survey, which stands after the first.
    const fields = { ...place, id, seq: feedback === undefined ? 0 : 1, value: Number(survey.rating), feedback };
    take(mapped, event('rating', fields));
  }
  if (mapped.events.length + mapped.faults.length === 0) mapped.ignored.push('an update that changes no text');
  return mapped;
}

const placeOf = (said: Row) => ({
  id: short(said.id),
  time: instant(said.created_at, 'UTC'), // the database keeps UTC without saying so
  conversation_id: short(
    said.display_id ?? said.conversation_display_id ?? row(said.conversation).id ?? said.conversation_id,
  ),
});

const filesOf = (said: Row): Row | undefined => {
  const files = list(said.attachments).map((file) => ({ file_type: short(row(file).file_type) ?? 'file' }));
  return files.length === 0 ? undefined : { text: long(said.content) ?? '', attachments: files };
};

/** What a message or a conversation says about its conversation. */
function aboutOf(said: Row): Row {
  const conversation = said.conversation === undefined ? said : row(said.conversation);
  const { team, assignee: _, sender } = row(conversation.meta);
  const contact = row(sender);
  return {
    channel: short(conversation.channel)?.replace(/^Channel::/, ''),
    integration_id: short(said.inbox_id ?? row(said.inbox).id ?? conversation.inbox_id),
    team_id: short(row(team).id),
    tags: words(conversation.labels),
    user_id: contact.id === undefined ? undefined : `contact-${short(contact.id)}`,
    user_name: short(contact.name),
    user_email: short(contact.email),
  };
}

/** The webhooks about conversations; what tells no time of its own stands where the conversation last changed. */
const conversationEvents: Record<string, (said: Row) => Mapped> = {
  conversation_created: (said) => ofConversation(said, 'conversation.updated', said.created_at ?? said.timestamp),
  conversation_updated: (said) => ofConversation(said, 'conversation.updated', said.updated_at ?? said.timestamp),
  conversation_status_changed(said) {
    const at = said.updated_at ?? said.timestamp;
    if (said.status === 'resolved') return ofConversation(said, 'conversation.closed', at);
    if (said.status === 'open') return ofConversation(said, 'conversation.reopened', at);
    return ofConversation(said, 'conversation.updated', at);
  },
};

function ofConversation(said: Row, type: Event['type'], at: unknown): Mapped {
  const mapped = nothing();
  const time = instant(at, 'UTC');
  const id = idFrom([type, said.id, time, said.status, JSON.stringify(said.labels ?? null)]);
  const about = { ...aboutOf(said), tags: wordsNow(said.labels) };
  const assignee = row(row(said.meta).assignee).id;
  const closer = type === 'conversation.closed' && assignee !== undefined ? `agent-${short(assignee)}` : undefined;
  take(mapped, event(type, { id, time, conversation_id: short(said.id), agent_id: closer }, about));
  return mapped;
}
