import type { Static } from '@sinclair/typebox';
import type { Filter } from '../../queries/query.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { bucketFits, chooseBucket, type Window } from '../../queries/time/window.js';
import type { Faults } from '../faults.js';
import { parseList, withMissing } from '../lists.js';
import type { ConversationsQuery } from './schema.js';

export const buckets = {
  '1h': { unit: 'hour', count: 1 },
  '1d': { unit: 'day', count: 1 },
  '1w': { unit: 'week', count: 1 },
  '1m': { unit: 'month', count: 1 },
} as const satisfies Record<string, Bucket>;

/** The dimension of the catalogue behind each field that the dialect can filter or group by. */
const dimensions: Record<string, string> = { channel_type: 'channel' };

export const dimensionOf = (field: string) => dimensions[field] ?? field;

/** The bucket that was asked for, or the smallest that gives at most 200 points. */
export function parseBucket(bucket: keyof typeof buckets | undefined, window: Window, faults: Faults): Bucket {
  if (bucket === undefined) return chooseBucket(window, [buckets['1h'], buckets['1d'], buckets['1w']], 200);
  const chosen = buckets[bucket] ?? buckets['1d'];
  const unusable = ['bucket', 'start_time', 'end_time', 'time_zone'].some((name) => faults.has(name));
  if (!unusable && !bucketFits(window, chosen)) {
    faults.add('bucket', `must not be larger than the range: ${bucket} from start_time on ends after end_time`);
  }
  return chosen;
}

type Filters = Pick<Static<typeof ConversationsQuery>, 'channel_type' | 'language' | 'is_test'>;

/** The filters that a request may set besides its bot, version or team. */
export function parseFilters(query: Filters, faults: Faults): Filter[] {
  const where: Filter[] = [];
  for (const name of ['channel_type', 'language'] as const) {
    const values = query[name];
    if (values === undefined || faults.has(name)) continue;
    const items = parseList(name, values, faults);
    where.push({ op: 'in', dimension: dimensionOf(name), values: withMissing(items) });
  }
  if (query.is_test !== undefined) where.push({ op: 'in', dimension: 'is_test', values: [query.is_test === 'true'] });
  return where;
}
