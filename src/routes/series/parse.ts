import type { Faults } from '../../http/faults.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { bucketFits, chooseBucket, type Window } from '../../queries/time/window.js';
import { type TeamField, teamFields } from './schema.js';

export const buckets = {
  '1h': { unit: 'hour', count: 1 },
  '1d': { unit: 'day', count: 1 },
  '1w': { unit: 'week', count: 1 },
  '1m': { unit: 'month', count: 1 },
} as const satisfies Record<string, Bucket>;

/** The dimension of the core for each field that the dialect can filter or group by. */
const dimensions = {
  channel_type: 'channel',
  language: 'language',
  bot_id: 'bot_id',
  bot_version: 'bot_version',
  team_id: 'team_id',
  campaign_id: 'campaign_id',
  campaign_source: 'campaign_source',
} as const;

export type SeriesField = keyof typeof dimensions;

export const dimensionOf = (field: SeriesField) => dimensions[field];

/** The requested bucket, or by default the smallest one that gives at most 200 points. */
export function parseBucket(bucket: keyof typeof buckets | undefined, window: Window, faults: Faults): Bucket {
  if (bucket === undefined) return chooseBucket(window, [buckets['1h'], buckets['1d'], buckets['1w']], 200);
  const chosen = buckets[bucket] ?? buckets['1d'];
  const unusable = ['bucket', 'start_time', 'end_time', 'time_zone'].some((name) => faults.has(name));
  if (!unusable && !bucketFits(window, chosen)) {
    faults.add(
      'bucket',
      `must not be larger than the range: ${bucket} from start_time ends after end_time; send a later end_time or a smaller bucket`,
    );
  }
  return chosen;
}

/** Parses `group_by` of a team: a comma-separated list without repetitions. */
export function parseFields(text: string | undefined, faults: Faults): TeamField[] {
  if (text === undefined || faults.has('group_by')) return [];
  const fields = text.split(',').map((field) => field.trim());
  const unknown = fields.find((field) => !isTeamField(field));
  if (unknown !== undefined)
    faults.add('group_by', `has ${unknown || 'an empty item'}; it takes ${teamFields.join(', ')}`);
  if (new Set(fields).size < fields.length) faults.add('group_by', 'names a field twice');
  return fields.filter(isTeamField);
}

const isTeamField = (field: string): field is TeamField => teamFields.some((known) => known === field);
