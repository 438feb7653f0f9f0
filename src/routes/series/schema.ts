import { type Static, Type } from '@sinclair/typebox';
import { Bom, Choice, Format, Id, List, strict, TextOrList, TimeText, TimeZone } from '../../http/parameters.js';

/** Parameters of every operation of the dialect. */
const common = {
  start_time: TimeText('Start of the range: a date, a local time, or a time with an offset'),
  end_time: TimeText('End of the range, exclusive'),
  time_zone: TimeZone,
  format: Format,
  bom: Bom,
};

const isTest = Type.Optional(Choice(['true', 'false'] as const, 'true: only tests; false: no tests; default: all'));

const version = Id('Version of the bot');

const channelTypes = 'Channels to count, separated by commas or repeated; unknown matches a missing channel';
const languages = 'Languages to count, separated by commas or repeated; unknown matches a missing language';

export const BotParams = Type.Object({ bot_id: Id('The bot') });
export const TeamParams = Type.Object({ team_id: Id('The team') });
export const FlowParams = Type.Object({ bot_id: Id('The bot'), conversation_id: Id('The conversation') });

export const ConversationsQuery = strict({
  version,
  ...common,
  channel_type: Type.Optional(List(channelTypes)),
  language: Type.Optional(List(languages)),
  bucket: Type.Optional(Choice(['1h', '1d', '1w'] as const, 'Bucket size, not larger than the range')),
  group_by: Type.Optional(Choice(['channel_type', 'language'] as const, 'One series for each value')),
  is_test: isTest,
});

export const InsightsQuery = strict({
  version,
  ...common,
  channel_type: Type.Optional(TextOrList(channelTypes)),
  language: Type.Optional(TextOrList(languages)),
  stat: Choice(['num_conversations', 'duration_seconds', 'num_messages'] as const, 'Statistic to return'),
  is_test: isTest,
});

export const FlowQuery = strict({
  version,
  ...common,
  message_id: Type.Optional(Id('Only transitions of this message')),
});

/** Fields by which the conversations of a team can be grouped, also several at once. */
export const teamFields = [
  'bot_id',
  'bot_version',
  'team_id',
  'channel_type',
  'language',
  'campaign_id',
  'campaign_source',
] as const;
export type TeamField = (typeof teamFields)[number];

export const TeamQuery = strict({
  ...common,
  bucket: Choice(['1d', '1w', '1m'] as const, 'Bucket size, not larger than the range; 1m is a calendar month'),
  group_by: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'One series for each combination of these fields, separated by commas',
    }),
  ),
  is_test: isTest,
});

/** Parameters of bot operations whose filters the vendor declares as plain texts. */
const ofBot = {
  version,
  ...common,
  channel_type: Type.Optional(TextOrList(channelTypes)),
  language: Type.Optional(TextOrList(languages)),
  is_test: isTest,
};

const bucket = Type.Optional(Choice(['1h', '1d', '1w'] as const, 'Bucket size, not larger than the range'));

export const BotQuery = strict(ofBot);
export const BotSeriesQuery = strict({ ...ofBot, bucket });

const count = (description: string) =>
  Type.Optional(Type.Integer({ format: 'int32', minimum: 1, maximum: 200, description }));
const cursor = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 1_200, description }));

export const IntentsQuery = strict({
  ...ofBot,
  bucket,
  first: count('Number of rows from the start, default 50'),
  after: cursor('Only rows after this end_cursor; with first'),
  last: count('Number of rows from the end, in the same order'),
  before: cursor('Only rows before this start_cursor; with last'),
});

export const FlowsQuery = strict({
  ...ofBot,
  path: Type.Optional(
    Type.Array(Id('A step'), {
      maxItems: 50,
      description: 'The steps with which sequences begin: repeated, or path[0], path[1], ...',
    }),
  ),
});

export const StepParams = Type.Object({ bot_id: Id('The bot'), step_id: Id('The step') });

export const EdgesQuery = strict({
  ...ofBot,
  type: Choice(['sources', 'targets'] as const, 'Transitions into the step, or out of it'),
});

export const TeamSeriesQuery = strict({
  ...common,
  bucket: TeamQuery.properties.bucket,
  channel_type: Type.Optional(TextOrList(channelTypes)),
  language: Type.Optional(TextOrList(languages)),
  is_test: isTest,
});

export const VoiceQuery = strict({
  ...common,
  bucket,
  language: Type.Optional(TextOrList(languages)),
  is_test: isTest,
});

const int64 = (description: string) => Type.Integer({ format: 'int64', description });

const Serie = Type.Object(
  {
    values: Type.Array(Type.Integer({ format: 'int64' }), { description: 'One value for each of x_values' }),
    mean: int64('Mean, rounded half up'),
    max: int64('Largest'),
    min: int64('Smallest'),
    sum: int64('Sum'),
    labels: Type.Record(Type.String(), Type.String(), { description: 'The value of each field of group_by' }),
  },
  { $id: 'Serie' },
);

export const SeriesData = Type.Object(
  {
    series: Type.Array(Serie),
    series_labels: Type.Array(Type.String(), { description: 'One label for each series' }),
    x_values: Type.Array(Type.String(), { description: 'Start of each bucket' }),
  },
  { $id: 'SeriesData' },
);

export const SeriesAnswer = Type.Object({ data: SeriesData });
export type SeriesAnswer = Static<typeof SeriesAnswer>;
export type SeriesData = Static<typeof SeriesData>;

const Step = Type.Object({ id: Type.String(), type: Type.String() }, { $id: 'FlowStep' });

const FlowTransition = Type.Object(
  {
    id: Type.String({ description: 'Id of the step event' }),
    from_step: Step,
    to_step: Step,
    depth: int64('Its depth in the flow'),
    timestamp: Type.String({ description: 'When it happened' }),
  },
  { $id: 'FlowTransition' },
);

export const FlowAnswer = Type.Object({
  bot_id: Type.String(),
  conversation_id: Type.String(),
  user_id: Type.Optional(Type.String({ description: 'The visitor or customer; absent if unknown' })),
  transitions: Type.Array(FlowTransition),
});
export type FlowAnswer = Static<typeof FlowAnswer>;

const Intent = Type.Object(
  {
    intent_id: Type.String(),
    count: int64('Messages of the range with this intent'),
    rank: int64('Rank, from 1'),
  },
  { $id: 'IntentInfo' },
);

const orNull = Type.Union([Type.String(), Type.Null()]);

export const Pagination = Type.Object(
  {
    start_cursor: orNull,
    end_cursor: orNull,
    has_more: Type.Boolean({ description: 'Whether there are more rows in the direction of paging' }),
  },
  { $id: 'Pagination' },
);
export type Pagination = Static<typeof Pagination>;

export const IntentsAnswer = Type.Object({ data: Type.Array(Intent), pagination: Pagination });

const TagInfo = Type.Object(
  {
    tag: Type.String(),
    count: int64('Messages of the range with this tag'),
    rank: int64('Rank, from 1'),
  },
  { $id: 'TagInfo' },
);

export const TagsAnswer = Type.Object({ data: Type.Array(TagInfo) });

const FlowNode = Type.Object(
  {
    id: Type.String({ description: 'The next step, or DROPOFF for conversations that end here' }),
    occurrences: int64('Sequences'),
  },
  { $id: 'FlowNode' },
);

export const FlowsAnswer = Type.Object({ nodes: Type.Array(FlowNode) });

export const StepAnswer = Type.Object({
  message_count: int64('Messages after a transition to it and before the next step'),
  drop_off_count: int64('Conversations that end with it'),
  conversation_count: int64('Conversations that contain it'),
});

const Edge = Type.Object(
  {
    count: int64('Transitions'),
    from_step: Step,
    to_step: Step,
    id: Type.String({ deprecated: true, description: 'The id of the other end' }),
    type: Type.String({ deprecated: true, description: 'The type of the other end' }),
  },
  { $id: 'FlowEdge' },
);

export const EdgesAnswer = Type.Object({ edges: Type.Array(Edge) });
