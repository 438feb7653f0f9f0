import { type Static, Type } from '@sinclair/typebox';
import { Choice, Format, Id, strict } from '../schema.js';

const TimeText = (description: string) => Type.String({ maxLength: 64, description });

const List = (description: string) =>
  Type.Array(Type.String({ minLength: 1, maxLength: 20_000, pattern: '^[^\\u0000]*$' }), {
    maxItems: 100,
    description,
  });

/** Parameters that every operation of the dialect takes. */
const common = {
  start_time: TimeText('Start of the range: a date, a local time, or a time with an offset'),
  end_time: TimeText('End of the range, exclusive'),
  time_zone: Type.Optional(
    Type.String({
      maxLength: 64,
      default: 'UTC',
      description: 'IANA time zone in which days begin and local times are meant',
    }),
  ),
  format: Format,
};

const isTest = Type.Optional(Choice(['true', 'false'] as const, 'Only tests, or none; both when left out'));

const version = Id('Version of the bot');

const filters = {
  channel_type: Type.Optional(
    List('Channels to count, separated by commas or repeated; unknown matches a missing one'),
  ),
  language: Type.Optional(List('Languages to count, separated by commas or repeated; unknown matches a missing one')),
};

export const BotParams = Type.Object({ bot_id: Id('The bot') });

export const ConversationsQuery = strict({
  version,
  ...common,
  ...filters,
  bucket: Type.Optional(Choice(['1h', '1d', '1w'] as const, 'Step of the time axis, not larger than the range')),
  group_by: Type.Optional(Choice(['channel_type', 'language'] as const, 'A series for each value')),
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
