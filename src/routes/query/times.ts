import type { Faults } from '../../http/faults.js';
import { type Bucket, parseSpan } from '../../queries/time/bucket.js';
import { parseRequestTime } from '../../queries/time/relative.js';

/**
 * Parses a time of a query. It takes the same forms as a query string, and epoch milliseconds also as a number. Null
 * with a fault.
 */
export function readTime(value: unknown, path: string, zone: string, now: number, faults: Faults): number | null {
  const text = typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : value;
  if (typeof text !== 'string') {
    faults.add(path, value === undefined ? 'is needed' : 'must be a text, such as 2024-01-08, or epoch milliseconds');
    return null;
  }
  const parsed = parseRequestTime(text, zone, now);
  if (parsed.ok) return parsed.instant;
  faults.add(path, parsed.message);
  return null;
}

const buckets = new Map<unknown, Bucket>([
  ['15m', { unit: 'minute', count: 15 }],
  ['30m', { unit: 'minute', count: 30 }],
  ['1h', { unit: 'hour', count: 1 }],
  ['1d', { unit: 'day', count: 1 }],
  ['1w', { unit: 'week', count: 1 }],
  ['1m', { unit: 'month', count: 1 }],
  ['1q', { unit: 'month', count: 3 }],
  ['1y', { unit: 'year', count: 1 }],
]);

/** Parses the bucket of a query; null for none or with a fault. */
export function readBucket(value: unknown, faults: Faults): Bucket | null {
  const path = '$.bucket';
  if (value === undefined || value === null) return null;
  const named = buckets.get(value);
  if (named !== undefined) return named;
  if (typeof value === 'string' && /^P/.test(value)) {
    const parsed = parseSpan(value);
    if (parsed.ok) return parsed.bucket;
    faults.add(path, parsed.message);
    return null;
  }
  const isMinutes = typeof value === 'string' && /^\d+m$/.test(value);
  const hint = isMinutes ? '1m is a month; minutes are 15m, 30m or a period such as PT5M' : '';
  faults.add(
    path,
    hint || `must be one of ${[...buckets.keys()].join(', ')}, or an ISO 8601 period of one unit such as P2W or PT5M`,
  );
  return null;
}
