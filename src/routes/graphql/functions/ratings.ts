import { parseWindow } from '../../../http/window.js';
import { datasets } from '../../../queries/catalogue.js';
import { above, is } from '../../../queries/datasets/dataset.js';
import { type RatedColumn, ratedConversations } from '../../../queries/lookups/ratings.js';
import { type FilterName, filterTypes, parseFilters, rangeTypes, timesOf, timeZoneType } from '../arguments.js';
import { ARGS, type Definition, MAX_ROWS } from '../definition.js';
import { tooManyBytes, tooManyRows } from '../order.js';
import { type Column, report } from '../report.js';
import { versionOf } from '../session.js';

const { measures } = datasets.conversations;

const rated: Column<'conversations'> = { type: 'Int', means: 'Rated conversations', measure: measures.rated.measure };
const mean: Column<'conversations'> = {
  type: 'Float',
  means: 'Mean rating; null of none',
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
    means: 'Ratings of the conversations that started in each interval',
    dataset: 'conversations',
    filters: ['brain_parent_ids', 'desk_ids', 'integration_ids', 'brain_versions', 'is_test', 'agent_ids'],
    columns: {
      per_interval: { type: 'timestamp', means: 'Start of the interval', bucket: true },
      avg_rating: mean,
      median_rating: {
        type: 'Float',
        means: 'Median rating; of an even number the mean of the two in the middle',
        measure: { aggregate: 'percentile', of: 'rating', p: 50 },
      },
      num_more_than_3: {
        type: 'Int',
        means: 'Ratings above 3',
        measure: { aggregate: 'count', filter: above('rating', 3) },
      },
      num_ratings: rated,
    },
  }),

  get_daily_ratings: report({
    means: 'Ratings of the conversations that started on each local day',
    dataset: 'conversations',
    filters: ['desk_ids', 'brain_parent_ids', 'integration_ids', 'is_test'],
    steps: { bucket: { unit: 'day', count: 1 } },
    columns: {
      date: { type: 'timestamp', means: 'Start of the day', bucket: true },
      total_ratings: rated,
      avg_rating: mean,
      ...Object.fromEntries(
        [1, 2, 3, 4, 5].map((stars): [string, Column<'conversations'>] => [
          `rating_${stars}`,
          { type: 'Int', means: `Ratings of ${stars}`, measure: { aggregate: 'count', filter: is('rating', stars) } },
        ]),
      ),
    },
  }),

  rating_feedback: {
    means: `Rated conversations that started in the range, oldest first, each with the agent who wrote last; at most ${MAX_ROWS.toLocaleString('en')} at a time`,
    args: {
      ...rangeTypes,
      ...filterTypes(feedbackFilters),
      agent_ids: { type: '_text', means: 'Agents who wrote last; an empty list matches nothing' },
      time_zone: timeZoneType,
    },
    columns: {
      agent_id: { type: 'uuid', means: 'The agent who wrote last' },
      agent_name: { type: 'String', means: 'The name of that agent in this conversation' },
      brain_id: { type: 'uuid', means: 'The version of the bot, by its id' },
      brain_parent_id: { type: 'uuid', means: 'The bot' },
      version: { type: 'Int', means: 'The version of the bot where it is a whole number' },
      rating: { type: 'Int', means: '1 to 5' },
      feedback: { type: 'String', means: 'What the user said with it' },
      is_test: { type: 'Boolean', means: 'It is a test' },
    },
    isPaged: true,
    async rows(asked) {
      const { args, page, faults, db, scope, moment } = asked;
      const window = parseWindow(timesOf(args), faults, { prefix: ARGS });
      const where = parseFilters(feedbackFilters, asked);
      faults.check();
      const agents = (args.agent_ids as string[] | null | undefined) ?? null;
      const { order, limit, offset } = page;
      const rows = await ratedConversations(
        db,
        { scope, window, where, agents, moment },
        {
          order: order.map((one) => ({ ...one, column: (coreNames[one.column] ?? one.column) as RatedColumn })),
          limit: limit ?? MAX_ROWS + 1,
          offset,
        },
      );
      if (rows === null) throw tooManyBytes();
      if (rows.length > MAX_ROWS) throw tooManyRows();
      return rows.map(({ bot_id, bot_version, ...row }) => ({
        ...row,
        brain_parent_id: bot_id,
        version: versionOf(bot_version),
      }));
    },
  },
};
