import { datasets } from '../../queries/catalogue.js';
import type { Definition } from './definition.js';
import { report } from './report.js';
import { sessionContent } from './session.js';

const { measures } = datasets.conversations;

/** The functions of the schema: a row a function. */
export const functions: Record<string, Definition> = {
  sessions_per_channel: report({
    means: 'Conversations, users and messages of each channel, of the conversations that started in the range',
    dataset: 'conversations',
    filters: ['account_id', 'desk_ids', 'brain_parent_ids', 'integration_ids', 'is_test'],
    columns: {
      channel: { type: 'String', means: 'The channel', dimension: 'channel' },
      session_count: { type: 'Int', means: 'Conversations', measure: measures.conversations.measure },
      user_count: { type: 'Int', means: 'Distinct users', measure: measures.users.measure },
      message_count: {
        type: 'Int',
        means: 'Messages of all senders',
        measure: measures.messages.measure,
      },
    },
    order: [
      { column: 'session_count', direction: 'desc', nulls: 'last' },
      { column: 'channel', direction: 'asc', nulls: 'last' },
    ],
  }),

  open_closed_sessions_interval_counts_v2: report({
    means: 'Of the conversations that started in each interval, how many are closed now and how many are open',
    dataset: 'conversations',
    filters: ['brain_parent_ids', 'desk_ids', 'integration_ids', 'brain_versions', 'channels', 'is_test', 'agent_ids'],
    columns: {
      closed_sessions: {
        type: 'Int',
        means: 'Conversations that are closed now',
        measure: measures.closed.measure,
      },
      open_sessions: {
        type: 'Int',
        means: 'Conversations that are open now',
        measure: measures.open.measure,
      },
      per_interval: { type: 'timestamp', means: 'Start of the interval', bucket: true },
    },
    // The order of the core: an hour that a clock change repeats has the same text twice.
    order: [],
  }),

  get_session_content: sessionContent,
};
