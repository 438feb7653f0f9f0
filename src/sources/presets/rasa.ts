import { isObject } from '../../queries/ingest/json.js';
import { idFrom } from '../ids.js';
import { type Event, ignored, type Mapped, nothing, type Source } from '../source.js';
import { below, event, instant, long, type Row, row, short, take, together } from './parts.js';

/**
 * Rasa 3. A record is a tracker dump (`GET /conversations/{id}/tracker` and the tracker store of MongoDB: `sender_id` and
 * `events`; those of Redis and of the memory: `name` and `events`), one event as the event brokers publish it, or a row of the SQL stores (`type_name`, and the event as JSON in `data`).
 *
 * Learnt from `rasa/shared/core/events.py`, `rasa/core/tracker_store.py` and `data/test_trackers` of RasaHQ/rasa, the pages "Events" and "Event Brokers" of Rasa's documentation, and
 * for the columns of the SQL store a public dump of its table `events`.
 *
 * A conversation is a `sender_id`: an event of a broker does not say more. Events have no ids, so they are made of what they
 * say, alike from all three forms.
 */
export const rasa: Source = {
  name: 'rasa',
  about: 'tracker dumps, broker events or rows of the SQL event store of Rasa 3',
  recognizes: (record) => {
    const { sender_id, name, event: kind, timestamp, events, latest_event_time, type_name, data } = row(record);
    if (Array.isArray(events) && typeof (sender_id ?? name) === 'string')
      return latest_event_time !== undefined || row(events[0]).event !== undefined;
    if (typeof sender_id !== 'string') return false;
    return (
      timestamp !== undefined && (typeof kind === 'string' || (typeof type_name === 'string' && data !== undefined))
    );
  },
  map(record) {
    const { sender_id, name, events, type_name, data } = row(record);
    if (Array.isArray(events)) return together(events.map((one) => eventOf(row(one), sender_id ?? name)));
    if (type_name === undefined) return eventOf(row(record), sender_id);
    const stored = typeof data === 'string' ? parsed(data) : data;
    if (isObject(stored)) return eventOf(stored, sender_id);
    return { ...nothing(), faults: ['data: is no event as JSON'] };
  },
};

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function eventOf(said: Row, sender: unknown): Mapped {
  const kind = String(said.event);
  const conversation_id = short(sender ?? said.sender_id);
  const common = (...more: unknown[]) => ({
    id: idFrom([kind, conversation_id, Number(String(said.timestamp)), ...more]),
    time: instant(said.timestamp),
    conversation_id,
    seq: below(said.timestamp),
  });
  const { assistant_id, model_id } = row(said.metadata);
  const about = { bot_id: short(assistant_id), bot_version: short(model_id) };
  const made = make();
  if (typeof made === 'string') return ignored(made);
  const mapped = nothing();
  take(mapped, made);
  return mapped;

  function make(): Event | string {
    switch (kind) {
      case 'user': {
        const { name, confidence } = row(row(said.parse_data).intent);
        const fields = {
          ...common(said.text, said.message_id),
          sender: 'user',
          sender_id: conversation_id,
          text: long(said.text),
          intent: short(name),
          confidence: shareOf(confidence),
        };
        return event('message', fields, { ...about, channel: short(said.input_channel), user_id: conversation_id });
      }
      case 'bot': {
        const fields = { ...common(said.text), sender: 'bot', text: long(said.text), content: richOf(said) };
        return event('message', fields, about);
      }
      case 'agent':
        return event('message', { ...common(said.text), sender: 'agent', text: long(said.text) }, about);
      case 'action':
        if (said.name === 'action_listen') return 'action_listen, which waits for the user';
        if (said.name === 'action_session_start') return 'action_session_start, which its session_started tells';
        return step('action', said.name);
      case 'active_loop':
      case 'form':
        return said.name == null ? 'the end of a form' : step('form', said.name);
      case 'flow_started':
        return step('flow', said.flow_id);
      case 'slot': {
        const value = typeof said.value === 'string' ? said.value : (JSON.stringify(said.value) ?? 'null');
        const name = short(said.name);
        const attributes = name === undefined ? undefined : { [name]: long(value) ?? '' };
        // Each new session sets the slots of the last one again, with the times and models of then: they count once.
        return event('track', { ...common(said.name, value), name: 'slot', attributes });
      }
      case 'session_started':
      case 'restart':
        return event('track', { ...common(), name: kind }, about);
      default:
        return `Rasa's event ${short(said.event) ?? 'without a kind'}`;
    }
  }

  function step(type: string, name: unknown): Event | string {
    const id = short(name);
    if (id === undefined) return `a ${type} without a name`;
    return event('step', { ...common(name), to_step: { id, type } }, about);
  }
}

const shareOf = (value: unknown) => {
  const number = Number(String(value));
  return value != null && number >= 0 && number <= 1 ? number : undefined;
};

/** What a bot sent beside its text: buttons, images, elements. */
function richOf({ text, data }: Row): Row | undefined {
  const rich = Object.entries(row(data)).filter(([, value]) => value !== null);
  if (rich.length === 0) return undefined;
  return { ...(typeof text === 'string' ? { text } : {}), ...Object.fromEntries(rich) };
}
