import { type Static, Type } from '@sinclair/typebox';
import { Choice, Format, Id, List, strict, TextOrList, TimeText, TimeZone } from '../../http/parameters.js';

/** Parameters that every operation of the dialect takes. */
const common = {
  start_time: TimeText('Start of the range: a date, a local time, or a time with an offset'),
  end_time: TimeText('End of the range, exclusive'),
  time_zone: TimeZone,
  format: Format,
};

const isTest = Type.Optional(Choice(['true', 'false'] as const, 'Only tests, or none; both when left out'));

const version = Id('Version of the bot');

const channelTypes = 'Channels to count, separated by commas or repeated; unknown matches a missing one';
const languages = 'Languages to count, separated by commas or repeated; unknown matches a missing one';

export const BotParams = Type.Object({ bot_id: Id('The bot') });
export const TeamParams = Type.Object({ team_id: Id('The team') });
export const FlowParams = Type.Object({ bot_id: Id('The bot'), conversation_id: Id('The conversation') });

export const ConversationsQuery = strict({
  version,
  ...common,
  channel_type: Type.Optional(List(channelTypes)),
  language: Type.Optional(List(languages)),
  bucket: Type.Optional(Choice(['1h', '1d', '1w'] as const, 'Step of the time axis, not larger than the range')),
  group_by: Type.Optional(Choice(['channel_type', 'language'] as const, 'A series for each value')),
  is_test: isTest,
});

export const InsightsQuery = strict({
  version,
  ...common,
  channel_type: Type.Optional(TextOrList(channelTypes)),
  language: Type.Optional(TextOrList(languages)),
  stat: Choice(['num_conversations', 'duration_seconds', 'num_messages'] as const, 'What is told of the conversations'),
  is_test: isTest,
});

export const FlowQuery = strict({
  version,
  ...common,
  message_id: Type.Optional(Id('Only transitions of this message')),
});

/** Fields that a team's conversations can be grouped by, several at once. */
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
  bucket: Choice(
    ['1d', '1w', '1m'] as const,
    'Step of the time axis, not larger than the range; 1m is a calendar month',
  ),
  group_by: Type.Optional(
    Type.String({
      minLength: 1,
      maxLength: 200,
      description: 'A series for each combination of these fields, separated by commas',
    }),
  ),
  is_test: isTest,
});

const int64 = (description: string) => Type.Integer({ format: 'int64', description });

const Serie = Type.Object(
  {
    values: Type.Array(Type.Integer({ format: 'int64' }), { description: 'One for each of x_values' }),
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
    series_labels: Type.Array(Type.String(), { description: 'One for each of series' }),
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
    id: Type.String({ description: 'The event that told it' }),
    from_step: Step,
    to_step: Step,
    depth: int64('Its place in the flow'),
    timestamp: Type.String({ description: 'When it happened' }),
  },
  { $id: 'FlowTransition' },
);

export const FlowAnswer = Type.Object({
  bot_id: Type.String(),
  conversation_id: Type.String(),
  user_id: Type.Optional(Type.String({ description: 'The visitor or customer; left out when nobody is known' })),
  transitions: Type.Array(FlowTransition),
});
export type FlowAnswer = Static<typeof FlowAnswer>;
