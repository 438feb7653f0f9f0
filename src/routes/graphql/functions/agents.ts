import { type AgentPerformance, agentPerformance, systemPerformance } from '../../../queries/lookups/performance.js';
import { agentsOf, conversationsOf, type FilterName, filterTypes, rangeTypes, timeZoneType } from '../arguments.js';
import type { Definition, Typed } from '../definition.js';

const agentFilters = ['desk_ids', 'integration_ids', 'channels', 'is_test'] as const satisfies FilterName[];
const systemFilters = ['account_id!', 'desk_ids', 'brain_parent_ids', 'is_test'] as const satisfies FilterName[];

const kinds = {
  response_time: 'of the agent’s messages that have a response time',
  first_response_time: 'of the first replies that the agent wrote',
  close_time: 'from start to close, of the conversations that the agent closed',
};
const aggregates = { avg: 'Mean time', median: 'Median time', max: 'Longest time', min: 'Shortest time' };

/** The columns with times. */
const timeColumns = Object.entries(kinds).flatMap(([kind, of]) =>
  Object.entries(aggregates).map(([aggregate, says]): [string, Typed] => [
    `${aggregate}_${kind}`,
    { type: 'Float', description: `${says} ${of}, in minutes; null if there are none` },
  ]),
);

const inMinutes = (seconds: string | number | null) => (seconds === null ? null : Number(seconds) / 60);

/** Performance of agents and of the whole service. */
export const agentFunctions: Record<string, Definition> = {
  agents_performance: {
    description: 'What each agent did in the conversations that started in the range; all times in minutes',
    args: {
      ...rangeTypes,
      ...filterTypes(agentFilters),
      agent_ids: { type: '_text', description: 'Only the rows of these agents; an empty list matches nothing' },
      time_zone: timeZoneType,
    },
    columns: {
      agent_id: { type: 'uuid', description: 'The agent' },
      agent_name: { type: 'String', description: 'The last name of the agent in these conversations' },
      ...Object.fromEntries(timeColumns),
      ratings: { type: 'Int', description: 'Ratings of the agent' },
      avg_rating: { type: 'Float', description: 'Mean rating; null if there are none' },
      ratings_more_than_3: { type: 'Int', description: 'Those above 3' },
      closed_conversations: { type: 'Int', description: 'Conversations that the agent closed' },
      participated_sessions: { type: 'Int', description: 'Conversations in which the agent wrote' },
      replies: { type: 'Int', description: 'Its messages' },
    },
    async rows(call) {
      const rows = await agentPerformance(call.db, conversationsOf(agentFilters, call), agentsOf(call));
      return rows.map((row) => ({
        ...row,
        avg_rating: row.avg_rating === null ? null : Number(row.avg_rating),
        ...Object.fromEntries(timeColumns.map(([name]) => [name, inMinutes(row[name as TimeColumn])])),
      }));
    },
  },

  get_system_insights_performance: {
    description: 'How the service performed over the conversations that started in the range',
    args: { ...rangeTypes, ...filterTypes(systemFilters), time_zone: timeZoneType },
    columns: {
      total_sessions: { type: 'Int', description: 'Conversations' },
      contained_sessions: { type: 'Int', description: 'Conversations without an agent' },
      covered_sessions: { type: 'Int', description: 'Conversations marked as covered' },
      avg_response_time: { type: 'Float', description: 'Mean response time of bots, in seconds' },
      avg_session_duration: { type: 'Float', description: 'Mean duration, in minutes' },
      total_handovers: { type: 'Int', description: 'Conversations with an agent' },
    },
    async rows(call) {
      const found = await systemPerformance(call.db, conversationsOf(systemFilters, call));
      const { avg_response_time, avg_session_duration, ...counts } = found;
      return [
        {
          ...counts,
          avg_response_time: avg_response_time === null ? null : Number(avg_response_time),
          avg_session_duration: inMinutes(avg_session_duration),
        },
      ];
    },
  },
};

type TimeColumn = Extract<keyof AgentPerformance, `${string}_time`>;
