import { LimitExceeded } from '../../errors.js';
import { parseWindow } from '../../http/window.js';
import { type Transcript, type TranscriptPage, transcript } from '../../queries/lookups/transcript.js';
import { formatInstant } from '../../queries/time/instant.js';
import { timesOf, timeZoneType } from './arguments.js';
import { brainOf, brains } from './brains.js';
import { ARGS, type Definition, type FunctionCall, type ResultRow, type Typed, type TypeName } from './definition.js';
import { isText } from './scalars.js';
import { messageRows } from './session-messages.js';

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
    messages: messageRows(entries, expired, own, zone),
  };
}

export const distinct = (texts: string[]) => [...new Set(texts)];

export const orNull = <T>(list: T[]) => (list.length === 0 ? null : list);
