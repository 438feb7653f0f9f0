import { LimitExceeded } from '../../errors.js';
import { parseWindow } from '../../http/window.js';
import { type Entry, type Transcript, type TranscriptPage, transcript } from '../../queries/lookups/transcript.js';
import { formatInstant } from '../../queries/time/instant.js';
import { timesOf, timeZoneType } from './arguments.js';
import { ARGS, type Definition, type FunctionCall, type ResultRow, type Typed, type TypeName } from './definition.js';
import { isText } from './scalars.js';

const column = (type: TypeName, description: string): Typed => ({ type, description });

/** The columns of one conversation with its messages. */
export const sessionColumns = {
  session_id: column('String', 'The conversation'),
  account_id: column('uuid', 'Its account'),
  desk_id: column('uuid', 'Its desk'),
  integration_id: column('uuid', 'Its integration'),
  channel: column('String', 'The channel'),
  start_time: column('timestamp', 'Its start'),
  end_time: column('timestamp', 'Time of the last message or step'),
  expired_time: column('timestamp', 'When it expired; null if it is open or was closed explicitly'),
  brain_id: column('uuid', 'The id of the version of the bot'),
  brain_parent_id: column('uuid', 'The bot'),
  brain_version: column('Int', 'The version of the bot if it is a whole number, else null'),
  rule_ids: column('jsonb', 'Rules of the conversation and its messages'),
  user_id: column('String', 'The user'),
  user_name: column('String', 'The user’s name'),
  user_email: column('String', 'The user’s e-mail address'),
  channel_user_id: column('String', 'The id of the user in the channel'),
  external_user_id: column('String', 'The id of the user in another system'),
  total_user_messages: column('Int', 'User messages'),
  rating: column('Int', 'Rating by the user, 1 to 5 stars'),
  csat_brain: column('Int', 'Satisfaction with the bot'),
  csat_human_agent: column('Int', 'Satisfaction with the agents'),
  user_sentiment: column('Int', 'The user’s sentiment'),
  goal_achieved: column('Int', 'Whether the user reached the goal'),
  feedback: column('String', 'The feedback that came with the rating'),
  insights: column('jsonb', 'Insights'),
  is_contained: column('Boolean', 'Whether no agent wrote or joined'),
  is_covered: column('Boolean', 'Whether the bot covers its topics'),
  is_test: column('Boolean', 'Whether it is a test'),
  tags: column('jsonb', 'Tags of the conversation and its messages'),
  participated_agents: column('jsonb', 'Agents who wrote or joined, in order of first appearance'),
  participated_brains: column(
    'jsonb',
    'The bot of the conversation and those of its messages: brain_id, brain_version, brain_parent_id',
  ),
  participated_collections: column('jsonb', 'Collections of its messages, in order of first appearance'),
  messages: column('jsonb', 'Messages, updates, closes and the current expiry, in order of time'),
} satisfies Record<string, Typed>;

/** `get_session_content`: one conversation with its messages. No row if the key can see no such conversation. */
export const sessionContent: Definition = {
  description: 'One conversation with its messages; no row if it is unknown or did not start in the range',
  args: {
    session_id: column('String!', 'The conversation'),
    start_time: column('timestamp', 'Only if it started at or after this time'),
    end_time: column('timestamp', 'Only if it started before this time'),
    time_zone: timeZoneType,
  },
  columns: sessionColumns,
  rows: (call) => contentOf(call),
};

const { account_id, csat_brain, csat_human_agent, goal_achieved, insights, user_sentiment, ...legacyColumns } =
  sessionColumns;

/** `log_session_content_v2`: the same in the older format. */
export const legacySessionContent: Definition = {
  description: 'One conversation with its messages; no row if it is unknown',
  args: { session_id: column('String', 'The conversation; needed'), time_zone: timeZoneType },
  columns: {
    ...legacyColumns,
    avg_confidence: column('Float', 'Mean confidence of its messages; null if there are none'),
    min_confidence: column('Float', 'Lowest confidence of its messages'),
  },
  rows: (call) => contentOf(call),
};

async function contentOf({ args, faults, db, scope, asOf }: FunctionCall): Promise<ResultRow[]> {
  const { from, to, zone } = parseWindow(timesOf(args), faults, { prefix: ARGS });
  const id = args.session_id;
  if (id == null) faults.add(`${ARGS}session_id`, 'is required: the conversation to show');
  else if (!isText(id)) faults.add(`${ARGS}session_id`, 'must be a text without U+0000 or a lone surrogate');
  faults.check();
  const found = await transcript(db, scope, id as string, PAGE, asOf);
  if (found === null || found.withdrawn || found.start_time < from || found.start_time >= to) return [];
  if (found.next !== null) throw tooLong(id as string);
  return [shape(found, scope.account, zone)];
}

/** The maximum that one answer contains of a conversation. */
const PAGE: TranscriptPage = {
  types: ['message', 'conversation.updated', 'conversation.closed'],
  after: null,
  limit: 10_000,
  bytes: 8 * 1024 * 1024,
};

const tooLong = (id: string) =>
  new LimitExceeded([
    {
      path: `${ARGS}session_id`,
      message:
        'names a conversation with more than 10,000 entries or 8 MiB: read it page by page, ' +
        `GET /v1/conversations/${encodeURIComponent(id)}?limit=1000`,
    },
  ]);

/** A version of a bot in the form of the dialect. */
interface Brain {
  brain_id: string | null;
  brain_version: number | null;
  brain_parent_id: string | null;
}

function shape(found: Transcript, account: string, zone: string): ResultRow {
  const time = (instant: number | null) => (instant === null ? null : formatInstant(instant, zone, 'local'));
  const own = brainOf(found);
  const entries = found.entries.filter(({ type }) => type !== 'step');
  const messages = entries.filter(({ type }) => type === 'message');
  const expired = found.closed_reason === 'expired' ? found.closed_at : null;
  const sure = messages.flatMap(({ body }) => (body.confidence ?? []) as number | number[]);
  const of = (name: string) => messages.flatMap(({ body }) => (body[name] ?? []) as string | string[]);
  return {
    session_id: found.conversation_id,
    account_id: account,
    desk_id: found.desk_id,
    integration_id: found.integration_id,
    channel: found.channel,
    start_time: time(found.start_time),
    end_time: time(found.end_time),
    expired_time: time(expired),
    ...own,
    rule_ids: distinct([...(found.rule_ids ?? []), ...of('rule_ids')]),
    user_id: found.user_id,
    user_name: found.user_name,
    user_email: found.user_email,
    channel_user_id: found.channel_user_id,
    external_user_id: found.external_user_id,
    total_user_messages: found.user_message_count,
    rating: found.rating,
    csat_brain: found.csat_brain,
    csat_human_agent: found.csat_human_agent,
    user_sentiment: found.user_sentiment,
    goal_achieved: found.goal_achieved,
    feedback: found.feedback,
    insights: found.insights,
    is_contained: found.is_contained,
    is_covered: found.is_covered,
    is_test: found.is_test,
    tags: distinct([...(found.tags ?? []), ...of('tags')]),
    participated_agents: orNull(found.agent_ids),
    participated_brains: orNull(brains(own, messages)),
    participated_collections: orNull(distinct(of('collection_id'))),
    avg_confidence: sure.length === 0 ? null : sure.reduce((total, one) => total + one, 0) / sure.length,
    min_confidence: sure.length === 0 ? null : sure.reduce((a, b) => Math.min(a, b)),
    messages: told(entries, expired, own, zone),
  };
}

export const distinct = (texts: string[]) => [...new Set(texts)];

export const orNull = <T>(list: T[]) => (list.length === 0 ? null : list);

const INTEGER = /^(0|-?[1-9][0-9]*)$/;

/** A version of a bot if it is a 32-bit integer, else null. */
export function versionOf(bot_version: string | null): number | null {
  const version = bot_version !== null && INTEGER.test(bot_version) ? Number(bot_version) : null;
  return version !== null && version === (version | 0) ? version : null;
}

export const brainOf = ({
  brain_id,
  bot_version,
  bot_id,
}: Pick<Transcript, 'brain_id' | 'bot_version' | 'bot_id'>): Brain => ({
  brain_id,
  brain_version: versionOf(bot_version),
  brain_parent_id: bot_id,
});

/** The brain of a message: its own fields, completed from the conversation if it is the same brain. */
function brainOfMessage({ body }: Pick<Entry, 'body'>, own: Brain): Brain {
  const brain_id = (body.brain_id as string | undefined) ?? own.brain_id;
  const known = brain_id === own.brain_id ? own : { brain_version: null, brain_parent_id: null };
  return {
    brain_id,
    brain_version: (body.brain_version as number | undefined) ?? known.brain_version,
    brain_parent_id: (body.brain_parent_id as string | undefined) ?? known.brain_parent_id,
  };
}

/** The brain of the conversation, if any, then those of its messages in order of first appearance. */
export function brains(own: Brain, messages: Pick<Entry, 'body'>[]): Brain[] {
  const found = new Map<string | null, Brain>();
  if (own.brain_id !== null || own.brain_parent_id !== null) found.set(own.brain_id, own);
  for (const message of messages) {
    const brain = brainOfMessage(message, own);
    if (brain.brain_id !== null && !found.has(brain.brain_id)) found.set(brain.brain_id, brain);
  }
  return [...found.values()];
}

/** The entries of `messages`. The current expiry comes last among entries of the same time. */
function told(entries: Entry[], expired: number | null, own: Brain, zone: string): ResultRow[] {
  const firstOfBot = entries.find(({ sender }) => sender === 'bot');
  const rows = entries.map((entry) => {
    const time = formatInstant(entry.time, zone, 'local');
    if (entry.type !== 'message') return event(time, events[entry.type] as string);
    return message(entry, time, brainOfMessage(entry, own), entry === firstOfBot);
  });
  if (expired === null) return rows;
  const place = entries.findLastIndex(({ time }) => time <= expired) + 1;
  return rows.toSpliced(place, 0, event(formatInstant(expired, zone, 'local'), 'session:expired'));
}

const events: Record<string, string> = {
  user: 'message:received',
  bot: 'message:brain_send',
  agent: 'message:agent_send',
  'conversation.updated': 'context:updated',
  'conversation.closed': 'session:closed',
};

/** An entry that is not a message. */
const event = (time: string, name: string): ResultRow => ({ ...blank, time, event: name, first_message: false });

function message(
  { sender, sender_id, body, response_seconds }: Entry,
  time: string,
  brain: Brain,
  isFirst: boolean,
): ResultRow {
  return {
    ...blank,
    ...Object.fromEntries(sentKeys.map((name) => [name, body[name] ?? null])),
    time,
    event: events[sender as string],
    message: content(sender, body),
    agent_id: sender === 'agent' ? sender_id : null,
    ...brain,
    response_time: response_seconds,
    first_message: body.first_message ?? isFirst,
  };
}

function content(sender: Entry['sender'], { content, text }: Entry['body']): unknown {
  if (content != null) return content;
  if (text == null) return null;
  return sender === 'bot' ? { responses: [{ type: 'text', text }] } : { text };
}

/** Keys that an entry has in common with a message. */
const sentKeys = [
  'request_id',
  'tags',
  'reaction',
  'rule_ids',
  'collection_id',
  'collection_sources',
  'collection_request_code',
  'collection_response_code',
  'new_brain_session',
  'corrections',
  'context',
];

/** All keys of an entry, in the order of the answer. */
const blank: ResultRow = Object.fromEntries(
  [
    'time',
    'event',
    'message',
    'agent_id',
    'brain_id',
    'brain_version',
    'brain_parent_id',
    'response_time',
    'first_message',
    ...sentKeys,
  ].map((name) => [name, null]),
);
