import { datasets } from '../../../queries/catalogue.js';
import { above, is } from '../../../queries/datasets/dataset.js';
import { type RatedColumn, ratedConversations } from '../../../queries/lookups/ratings.js';
import { agentsOf, conversationsOf, type FilterName, filterTypes, rangeTypes, timeZoneType } from '../arguments.js';
import { versionOf } from '../brains.js';
import { type Definition, MAX_ROWS } from '../definition.js';
import { wholeRows } from '../order.js';
import { type Column, report } from '../report.js';

const { measures } = datasets.conversations;

const rated: Column<'conversations'> = {
  type: 'Int',
  description: 'Rated conversations',
  measure: measures.rated.measure,
};
const mean: Column<'conversations'> = {
  type: 'Float',
  description: 'Mean rating; null if there are none',
  measure: measures.avg_rating.measure,
};

const feedbackFilters = [
  'brain_parent_ids',
  'desk_ids',
  'integration_ids',
  'brain_versions',
  'is_test',
  'ratings',
] as const satisfies FilterName[];

/** Columns of `rating_feedback` whose names in the core are others; every column can be ordered by. */
const coreNames: Record<string, RatedColumn> = { brain_parent_id: 'bot_id', version: 'whole_version' };

/** Ratings of conversations. */
export const ratingFunctions: Record<string, Definition> = {
  ratings_interval_counts: report({
    description: 'Ratings of the conversations that started in each interval',
    dataset: 'conversations',
    filters: ['brain_parent_ids', 'desk_ids', 'integration_ids', 'brain_versions', 'is_test', 'agent_ids'],
    columns: {
      per_interval: { type: 'timestamp', description: 'Start of the interval', bucket: true },
      avg_rating: mean,
      median_rating: {
        type: 'Float',
        description: 'Median rating; with an even count the mean of the two middle ones',
        measure: { aggregate: 'percentile', of: 'rating', p: 50 },
      },
      num_more_than_3: {
        type: 'Int',
        description: 'Ratings above 3',
        measure: { aggregate: 'count', filter: above('rating', 3) },
      },
      num_ratings: rated,
    },
  }),

  get_daily_ratings: report({
    description: 'Ratings of the conversations that started on each local day',
    dataset: 'conversations',
    filters: ['desk_ids', 'brain_parent_ids', 'integration_ids', 'is_test'],
    steps: { bucket: { unit: 'day', count: 1 } },
    columns: {
      date: { type: 'timestamp', description: 'Start of the day', bucket: true },
      total_ratings: rated,
      avg_rating: mean,
      ...Object.fromEntries(
        [1, 2, 3, 4, 5].map((stars): [string, Column<'conversations'>] => [
          `rating_${stars}`,
          {
            type: 'Int',
            description: `Ratings of ${stars}`,
            measure: { aggregate: 'count', filter: is('rating', stars) },
          },
        ]),
      ),
    },
  }),

  rating_feedback: {
    description: `Rated conversations that started in the range, oldest first, each with the agent who wrote last; at most ${MAX_ROWS.toLocaleString('en')} at a time`,
    args: {
      ...rangeTypes,
      ...filterTypes(feedbackFilters),
      agent_ids: {
        type: '_text',
        description: 'Only conversations in which one of these agents wrote last; an empty list matches nothing',
      },
      time_zone: timeZoneType,
    },
    columns: {
      agent_id: { type: 'uuid', description: 'The agent who wrote last' },
      agent_name: { type: 'String', description: 'The name of this agent in this conversation' },
      brain_id: { type: 'uuid', description: 'The id of the version of the bot' },
      brain_parent_id: { type: 'uuid', description: 'The bot' },
      version: { type: 'Int', description: 'The version of the bot if it is a whole number, else null' },
      rating: { type: 'Int', description: '1 to 5' },
      feedback: { type: 'String', description: 'The feedback of the user' },
      is_test: { type: 'Boolean', description: 'Whether the conversation is a test' },
    },
    isPaged: true,
    async rows(call) {
      const { order, limit, offset } = call.page;
      const rows = await ratedConversations(
        call.db,
        { ...conversationsOf(feedbackFilters, call), agents: agentsOf(call) },
        {
          order: order.map((one) => ({ ...one, column: (coreNames[one.column] ?? one.column) as RatedColumn })),
          limit: limit ?? MAX_ROWS + 1,
          offset,
        },
      );
      return wholeRows(rows).map(({ bot_id, bot_version, ...row }) => ({
        ...row,
        brain_parent_id: bot_id,
        version: versionOf(bot_version),
      }));
    },
  },
};
