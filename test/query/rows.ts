/** The rows of each dataset, made from folded conversations, sentence by sentence from what each dimension and number means. */
import { Temporal } from 'temporal-polyfill';
import { type Event, fold } from '../fold/fold.js';
import { numberOf, rowsOf, splitByCurrency } from '../reporting/rows.js';

/** A number in billionths, so that it adds up exactly. */
export type Exact = bigint;
export type Value = string | number | boolean;

/** A row: all values of each dimension (none where it is missing) and its numbers. */
export interface Row {
  time: number;
  values: Record<string, Value[]>;
  numbers: Record<string, Exact | null>;
}

export const SCALE = 9;

export function exact(value: number | string): Exact {
  const text = typeof value === 'number' ? value.toFixed(SCALE) : value;
  const [whole = '0', fraction = ''] = text.replace('-', '').split('.');
  const size = BigInt(whole) * 10n ** BigInt(SCALE) + BigInt(fraction.padEnd(SCALE, '0'));
  return text.startsWith('-') ? -size : size;
}

const shared = [
  'bot_id',
  'bot_version',
  'team_id',
  'channel',
  'language',
  'desk_id',
  'integration_id',
  'campaign_id',
  'campaign_source',
  'user_id',
  'agent_ids',
  'is_test',
];
const ofConversation = [
  ...shared,
  'tags',
  'chat_type',
  'chat_initiator',
  'rating',
  'is_contained',
  'is_covered',
  'is_meaningful',
];
const ofMessage = ['sender', 'sender_id', 'intent', 'collection_id', 'tags'];

export const dimensions = {
  conversations: ['conversation_id', ...ofConversation, 'state', 'hour_of_day', 'day_of_week'],
  messages: ['conversation_id', ...shared, ...ofMessage, 'hour_of_day', 'day_of_week'],
  participations: [
    'scope',
    'chat_session_id',
    'chat_type',
    'chat_initiator',
    'owner_organization_id',
    'team_id',
    'user_id',
    'user_organization_id',
    'is_test',
    'chatted_organization_ids',
    'room_ids',
    'visitor_ids',
    'visitor_session_ids',
    'currency',
    'order_count',
    'sales',
    'subscription_sales',
    'user_message_count',
    'visitor_message_count',
    'hour_of_day',
    'day_of_week',
  ],
};
export const numbers = {
  conversations: [
    'duration_seconds',
    'first_response_seconds',
    'resolution_seconds',
    'rating',
    'messages',
    'user_messages',
    'bot_messages',
    'agent_messages',
  ],
  messages: ['response_seconds', 'confidence'],
  participations: ['order_count', 'sales', 'subscription_sales', 'user_message_count', 'visitor_message_count'],
};
export type Dataset = keyof typeof dimensions;

const listed = (value: unknown): Value[] =>
  value == null ? [] : ([...new Set(Array.isArray(value) ? value : [value])] as Value[]);
const pickedFrom = (source: object, names: string[]) =>
  Object.fromEntries(names.map((name) => [name, listed((source as Record<string, unknown>)[name])]));
const orNull = (value: number | null | undefined) => (value == null ? null : exact(value));
const between = (from: string, to: string) => exact(Math.max(0, Date.parse(to) - Date.parse(from)) / 1000);

/** A conversation is open until its standing close, or until a day after its last activity. */
const stateOf = (c: { closed_at: string | null; last_activity: string }, now: number) =>
  c.closed_at !== null || Date.parse(c.last_activity) + 86_400_000 <= now ? 'closed' : 'open';

export function conversationRows(account: string, events: Event[], now: number): Row[] {
  const { conversation: c } = fold(account, events);
  if (c.withdrawn) return [];
  const counts = { user: c.user_messages, bot: c.bot_messages, agent: c.agent_messages };
  return [
    {
      time: Date.parse(c.start_time),
      values: {
        conversation_id: [events[0]?.conversation_id],
        ...pickedFrom(c, ofConversation),
        state: [stateOf(c, now)],
      },
      numbers: {
        duration_seconds: between(c.start_time, c.end_time),
        first_response_seconds: orNull(c.first_response_seconds),
        resolution_seconds: c.closed_at === null ? null : between(c.start_time, c.closed_at),
        rating: orNull(c.rating),
        messages: exact(counts.user + counts.bot + counts.agent),
        user_messages: exact(counts.user),
        bot_messages: exact(counts.bot),
        agent_messages: exact(counts.agent),
      },
    },
  ];
}

export function messageRows(account: string, events: Event[]): Row[] {
  const { conversation: c, responses } = fold(account, events);
  if (c.withdrawn) return [];
  return events
    .filter(({ type }) => type === 'message')
    .map((message) => ({
      time: Date.parse(message.time),
      values: {
        conversation_id: [message.conversation_id],
        ...pickedFrom(c, shared),
        ...pickedFrom(message, ofMessage),
        user_id: listed((message.sender === 'user' ? message.sender_id : null) ?? c.user_id),
      },
      numbers: { response_seconds: orNull(responses[message.id]), confidence: orNull(message.confidence) },
    }));
}

/** Participations; split by the currency of their orders where a query names it. */
export function participationRows(account: string, events: Event[], isSplit: boolean): Row[] {
  const rows = rowsOf(account, events);
  return (isSplit ? rows.flatMap(splitByCurrency) : rows).map((row) => {
    const own = Object.fromEntries(numbers.participations.map((name) => [name, numberOf(row, name) * 1000n]));
    return {
      time: row.start,
      values: {
        ...pickedFrom(row.texts, Object.keys(row.texts)),
        ...pickedFrom(row.lists, Object.keys(row.lists)),
        ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name, [toNumber(value)]])),
      },
      numbers: own,
    };
  });
}

/** Adds the hour and weekday at which a row counts, in a zone. */
export function withClock(row: Row, zone: string): Row {
  const local = Temporal.Instant.fromEpochMilliseconds(row.time).toZonedDateTimeISO(zone);
  return { ...row, values: { ...row.values, hour_of_day: [local.hour], day_of_week: [local.dayOfWeek] } };
}

/** An exact decimal as the nearest double. */
export function toNumber(value: bigint, digits = SCALE): number {
  const text = String(value < 0n ? -value : value).padStart(digits + 1, '0');
  return Number(`${value < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`) + 0;
}
