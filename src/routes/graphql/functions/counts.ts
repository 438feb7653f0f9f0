import { datasets } from '../../../queries/catalogue.js';
import { is } from '../../../queries/datasets/dataset.js';
import type { FilterOf, MeasureOf } from '../../../queries/query.js';
import type { FilterName } from '../arguments.js';
import { ARGS, type Definition, type FunctionCall, type Typed } from '../definition.js';
import { type Column, report } from '../report.js';

const { measures } = datasets.conversations;

type ConversationColumn = Column<'conversations'>;

const count = (description: string, measure: MeasureOf<'conversations'>): ConversationColumn => ({
  type: 'Int',
  description,
  measure,
});

const sessions = count('Conversations', measures.conversations.measure);
const meaningful = count('Meaningful conversations', measures.meaningful.measure);
const notMeaningful = count('The others', { aggregate: 'count', filter: is('is_meaningful', false) });

const ofAccount = ['account_id!', 'desk_ids', 'brain_parent_ids'] as const satisfies FilterName[];

/** Conversations, all and meaningful. */
const metered = (description: string, filters: readonly FilterName[]) =>
  report({
    description,
    dataset: 'conversations',
    filters,
    columns: { total_sessions: sessions, meaningful_sessions: meaningful, non_meaningful_sessions: notMeaningful },
  });

const minutes = (description: string, filter?: FilterOf<'conversations'>): ConversationColumn => ({
  type: 'Float',
  description: `${description}, in minutes; null if there are none`,
  measure: { aggregate: 'avg', of: 'duration_ms', filter },
  unit: 60_000,
});

const words = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'];

const hour: Typed = { type: 'Int', description: 'An hour of the day, 0 to 23' };

/** Counts of conversations. */
export const countFunctions: Record<string, Definition> = {
  sessions_per_channel: report({
    description: 'Conversations that started in the range, with their users and messages, for each channel',
    dataset: 'conversations',
    filters: ['account_id', 'desk_ids', 'brain_parent_ids', 'integration_ids', 'is_test'],
    columns: {
      channel: { type: 'String', description: 'The channel', dimension: 'channel' },
      session_count: sessions,
      user_count: count('Distinct users', measures.users.measure),
      message_count: count('Messages of all senders', measures.messages.measure),
    },
    order: [
      { column: 'session_count', direction: 'desc', nulls: 'last' },
      { column: 'channel', direction: 'asc', nulls: 'last' },
    ],
  }),

  // Keeps the order of the core: an hour that a clock change repeats has the same text twice.
  open_closed_sessions_interval_counts_v2: report({
    description: 'Conversations that started in each interval, by whether they are closed or open now',
    dataset: 'conversations',
    filters: ['brain_parent_ids', 'desk_ids', 'integration_ids', 'brain_versions', 'channels', 'is_test', 'agent_ids'],
    columns: {
      closed_sessions: count('Conversations that are closed now', measures.closed.measure),
      open_sessions: count('Conversations that are open now', measures.open.measure),
      per_interval: { type: 'timestamp', description: 'Start of the interval', bucket: true },
    },
  }),

  get_sessions_count: metered('Conversations that started in the range: all, and meaningful ones', [
    ...ofAccount,
    'is_test',
  ]),

  sessions_metering_fast: metered(
    'Conversations that started in the range, all and meaningful; tests count too, and a conversation explicitly marked as meaningful is metered',
    ofAccount,
  ),

  sessions_counts_fast: report({
    description: 'Conversations that started in the range',
    dataset: 'conversations',
    filters: ['account_id', 'desk_ids', 'brain_parent_ids', 'is_test'],
    columns: { counts: sessions },
  }),

  brain_session_duration: report({
    description: 'Durations of conversations, from start to end',
    dataset: 'conversations',
    filters: ['account_id', 'brain_parent_ids', 'desk_ids', 'channels', 'tags', 'is_test'],
    columns: {
      average_duration: minutes('Mean duration'),
      average_duration_contained: minutes('Mean duration of contained conversations', is('is_contained', true)),
      average_duration_non_contained: minutes(
        'Mean duration of conversations with an agent',
        is('is_contained', false),
      ),
      average_duration_covered: minutes('Mean duration of covered conversations', is('is_covered', true)),
      average_duration_non_covered: minutes(
        'Mean duration of conversations that are not covered',
        is('is_covered', false),
      ),
    },
  }),

  brain_sessions_message_distribution: report({
    description: 'Distribution of conversations by their number of user messages',
    dataset: 'conversations',
    filters: [
      'account_id',
      'brain_parent_ids',
      'desk_ids',
      'channels',
      'tags',
      'is_contained',
      'is_covered',
      'is_test',
    ],
    columns: Object.fromEntries([
      ...words.map((word, n) => [
        `${word}_message${n === 0 ? '' : 's'}`,
        count(`Conversations with ${n + 1}`, { aggregate: 'count', filter: userMessages(n + 1, n + 1) }),
      ]),
      ['ten_plus_messages', count('Conversations with 10 or more', { aggregate: 'count', filter: userMessages(10) })],
    ]) as Record<string, ConversationColumn>,
  }),

  get_meaningful_sessions_count_by_hour: report({
    description: 'Meaningful conversations by the local hour of their start; empty hours are omitted',
    dataset: 'conversations',
    filters: ofAccount,
    where: is('is_meaningful', true),
    columns: {
      hour: { type: 'Int', description: 'The local hour, 0 to 23', dimension: 'hour_of_day' },
      session_count: count('Meaningful conversations', measures.conversations.measure),
    },
    order: [{ column: 'hour', direction: 'asc', nulls: 'last' }],
  }),

  get_meaningful_sessions_count_by_hour_range: report({
    description:
      'Meaningful conversations that started between two local hours; past midnight if the end is not after the start',
    dataset: 'conversations',
    filters: ofAccount,
    where: is('is_meaningful', true),
    own: {
      args: {
        hour_start: { ...hour, description: 'The first hour; default 0' },
        hour_end: { ...hour, description: 'The hour after the last one, 0 is midnight; default the end of the day' },
      },
      filter: hourRange,
    },
    columns: {
      session_count: count('Meaningful conversations', measures.conversations.measure),
      hour_range_start: { ...hour, description: 'hour_start as sent', echo: 'hour_start' },
      hour_range_end: { ...hour, description: 'hour_end as sent', echo: 'hour_end' },
    },
  }),
};

function userMessages(least: number, most?: number): FilterOf<'conversations'> {
  const lower = { value: least, strict: false };
  const upper = most === undefined ? {} : { upper: { value: most, strict: false } };
  return { op: 'bound', dimension: 'user_messages', lower, ...upper };
}

/**
 * The hours from `hour_start` up to but not including `hour_end`: `hour_end: 0` is midnight, equal hours mean the whole
 * day.
 */
function hourRange({ args, faults }: FunctionCall): FilterOf<'conversations'> {
  for (const name of ['hour_start', 'hour_end']) {
    const sent = args[name];
    if (sent != null && !((sent as number) >= 0 && (sent as number) <= 23)) {
      faults.add(ARGS + name, 'must be an hour from 0 to 23');
    }
  }
  const start = (args.hour_start as number | null | undefined) ?? 0;
  const end = (args.hour_end as number | null | undefined) ?? 24;
  const length = end > start ? end - start : end + 24 - start;
  const hours = Array.from({ length }, (_, n) => (start + n) % 24);
  return { op: 'in', dimension: 'hour_of_day', values: hours };
}
