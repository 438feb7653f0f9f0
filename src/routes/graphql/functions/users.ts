import { datasets } from '../../../queries/catalogue.js';
import { is } from '../../../queries/datasets/dataset.js';
import { clockOf } from '../../../queries/time/clock.js';
import { moved, startOf, type Window } from '../../../queries/time/window.js';
import type { FilterName } from '../arguments.js';
import type { Definition, Order } from '../definition.js';
import { type Column, report } from '../report.js';

const { measures } = datasets.conversations;

const users: Column<'conversations'> = { type: 'Int', description: 'Distinct users', measure: measures.users.measure };

/** Totals of the conversations for each value of a dimension. */
const countsBy = (description: string, dimension: 'bot_id' | 'desk_id', filters: readonly FilterName[]): Definition =>
  report({
    description,
    dataset: 'conversations',
    filters,
    columns: {
      id: { type: 'uuid', description: `The ${dimension === 'bot_id' ? 'bot' : 'desk'}; null if unknown`, dimension },
      num_requests: { type: 'Int', description: 'User messages', measure: measures.user_messages.measure },
      num_sessions: { type: 'Int', description: 'Conversations', measure: measures.conversations.measure },
      num_users: users,
      last_used: {
        type: 'timestamp',
        description: 'Time of the latest activity',
        measure: { aggregate: 'max', of: 'last_activity_ms' },
        isTime: true,
      },
    },
    order: mostFirst('num_sessions', 'id'),
  });

const mostFirst = (column: string, ...then: string[]): Order[] => [
  { column, direction: 'desc', nulls: 'last' },
  ...then.map((column): Order => ({ column, direction: 'asc', nulls: 'last' })),
];

/** Counts of users and of their messages. */
export const userFunctions: Record<string, Definition> = {
  users_counts: report({
    description: 'Distinct users of the conversations that started in the range',
    dataset: 'conversations',
    filters: [
      'account_id',
      'desk_ids',
      'brain_parent_ids',
      'integration_ids',
      'channels',
      'is_test',
      'min_num_user_messages',
    ],
    columns: { counts: users },
  }),

  get_monthly_active_users: report({
    description:
      'Distinct users of each calendar month, from the month of start_time to the month of end_time, both included in full: 2024-01-01 to 2024-04-01 includes April',
    dataset: 'conversations',
    filters: ['account_id', 'is_test'],
    steps: { bucket: { unit: 'month', count: 1 }, range: wholeMonths },
    columns: {
      month_year: { type: 'String', description: 'The month, yyyy-mm', bucket: true, form: (text) => text.slice(0, 7) },
      unique_users: users,
    },
  }),

  requests_counts: report({
    description: 'User messages by their own time',
    dataset: 'messages',
    where: is('sender', 'user'),
    filters: [
      'account_id',
      'brain_parent_ids',
      'desk_ids',
      'integration_ids',
      'brain_versions',
      'channels',
      'is_test',
      'min_num_user_messages',
    ],
    columns: {
      counts: { type: 'Int', description: 'User messages', measure: datasets.messages.measures.messages.measure },
    },
  }),

  requests_hourly_counts_v2: report({
    description: 'User messages by local weekday and hour of their own time; empty cells are omitted',
    dataset: 'messages',
    where: is('sender', 'user'),
    filters: ['desk_ids', 'brain_parent_ids', 'integration_ids', 'brain_versions', 'channels', 'is_test'],
    columns: {
      counts: { type: 'Int', description: 'User messages', measure: datasets.messages.measures.messages.measure },
      weekday: { type: 'Int', description: '1 (Monday) to 7', dimension: 'day_of_week' },
      hour: { type: 'Int', description: '0 to 23', dimension: 'hour_of_day' },
    },
    order: mostFirst('counts', 'weekday', 'hour'),
  }),

  counts_per_brain: countsBy('Totals of the conversations of each bot', 'bot_id', [
    'account_id',
    'brain_parent_ids',
    'desk_ids',
    'integration_ids',
    'brain_versions',
    'channels',
    'tags',
    'is_test',
    'min_num_user_messages',
  ]),
  counts_per_brain_fast: countsBy('Totals of the conversations of each bot', 'bot_id', [
    'account_id',
    'desk_ids',
    'brain_parent_ids',
    'is_test',
  ]),
  counts_per_desk_fast: countsBy('Totals of the conversations of each desk', 'desk_id', [
    'account_id',
    'desk_ids',
    'is_test',
  ]),
};

/** From the first instant of the month of the start to the end of the month of the end. */
function wholeMonths({ from, to, zone }: Window): Window {
  const clock = clockOf(zone);
  const last = startOf(to, clock, 'month');
  return { from: startOf(from, clock, 'month'), to: moved(last, clock, 'month', 1) ?? to, zone };
}
