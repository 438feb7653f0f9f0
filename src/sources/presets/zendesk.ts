import { idFrom } from '../ids.js';
import { ignored, type Mapped, nothing, type Source } from '../source.js';
import { event, instant, list, long, plain, type Row, row, short, take, words } from './parts.js';

/**
 * Zendesk Support. A record is a ticket with its `comments`, as JSON exports have it, or the body of an event webhook
 * (`zen:event-type:ticket....`).
 *
 * Learnt from the pages "Ticket comments" of the API reference and "Webhook event types: ticket events" (version 2022-06-20). No
 * public export was at hand: the ticket that holds its comments is that API's fields in one object.
 *
 * A comment of the requester is a user's, others are agents'; comments that are not public are notes. A ticket whose status is
 * `solved` or `closed` closes at `solved_at`, or else when it last changed.
 */
export const zendesk: Source = {
  name: 'zendesk',
  about: 'tickets of Zendesk with their comments, or its event webhooks',
  recognizes: (record) => {
    const { type, detail, comments, requester_id, status } = row(record);
    if (typeof type === 'string' && type.startsWith('zen:event-type:')) return detail !== undefined;
    return Array.isArray(comments) && requester_id !== undefined && status !== undefined;
  },
  map(record) {
    const said = row(record);
    if (typeof said.type === 'string' && said.type.startsWith('zen:event-type:')) return webhook(said);
    return ticketOf(said.ticket === undefined ? said : row(said.ticket));
  },
};

const aboutOf = (ticket: Row): Row => ({
  channel: short(row(ticket.via).channel),
  team_id: short(ticket.group_id),
  user_id: short(ticket.requester_id),
  user_name: short(row(ticket.requester).name),
  user_email: short(row(ticket.requester).email),
  tags: words(ticket.tags),
});

const isClosed = (status: unknown) => /^(?:solved|closed)$/i.test(String(status));

function ticketOf(ticket: Row): Mapped {
  const mapped = nothing();
  const conversation_id = short(ticket.id);
  const about = aboutOf(ticket);
  for (const [n, one] of list(ticket.comments).entries()) {
    const comment = row(one);
    const author = short(comment.author_id ?? row(comment.author).id);
    const isPrivate = comment.public === false;
    const isUser = author !== undefined && author === short(ticket.requester_id);
    const fields = {
      id: short(comment.id),
      time: instant(comment.created_at),
      conversation_id,
      sender_id: author,
      sender_name: short(row(comment.author).name),
      text: long(comment.plain_body) ?? long(comment.body) ?? plain(comment.html_body),
    };
    const made = isPrivate
      ? event('note', fields)
      : event('message', { ...fields, sender: isUser ? 'user' : 'agent' }, about);
    take(mapped, made, `comments[${n}]: `);
  }
  if (isClosed(ticket.status)) {
    const time = instant(ticket.solved_at ?? row(ticket.metric_set).solved_at ?? ticket.updated_at);
    const id = idFrom([conversation_id, 'closed', time]);
    take(
      mapped,
      event('conversation.closed', { id, time, conversation_id, agent_id: short(ticket.assignee_id) }, about),
    );
  }
  const { score, comment, updated_at } = row(ticket.satisfaction_rating);
  const value = { good: 5, bad: 1 }[String(score)];
  if (value !== undefined) {
    const time = instant(updated_at) ?? instant(ticket.updated_at);
    const id = idFrom([conversation_id, 'rating', score, comment]);
    take(mapped, event('rating', { id, time, conversation_id, value, feedback: long(comment) }));
  }
  if (mapped.events.length + mapped.faults.length === 0) mapped.ignored.push('a ticket without comments');
  return mapped;
}

function webhook(said: Row): Mapped {
  const kind = String(said.type).slice('zen:event-type:'.length);
  const ticket = row(said.detail);
  const about = aboutOf(ticket);
  const common = { time: instant(said.time), conversation_id: short(ticket.id) };
  const mapped = nothing();
  if (kind === 'ticket.comment_added') {
    const comment = row(row(said.event).comment);
    const author = row(comment.author);
    const fields = { ...common, id: short(comment.id), sender_id: short(author.id), sender_name: short(author.name) };
    const text = long(comment.body);
    if (comment.is_public === false) take(mapped, event('note', { ...fields, text }));
    else {
      const sender = author.is_staff === true ? 'agent' : 'user';
      take(mapped, event('message', { ...fields, sender, text }, about));
    }
  } else if (kind === 'ticket.status_changed') {
    const { current, previous } = row(said.event);
    if (isClosed(current) === isClosed(previous)) return ignored('a change between two open, or two closed, states');
    const type = isClosed(current) ? 'conversation.closed' : 'conversation.reopened';
    const agent_id = isClosed(current) ? short(ticket.assignee_id) : undefined;
    take(mapped, event(type, { ...common, id: short(said.id), agent_id }, about));
  } else if (
    kind === 'ticket.created' ||
    kind === 'ticket.tags_changed' ||
    kind === 'ticket.group_assignment_changed'
  ) {
    take(mapped, event('conversation.updated', { ...common, id: short(said.id) }, about));
  } else return ignored(`Zendesk's event ${kind.slice(0, 200)}`);
  return mapped;
}
