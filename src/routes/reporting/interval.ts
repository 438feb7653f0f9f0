import type { Faults } from '../../http/faults.js';
import { readObject } from '../../http/json.js';
import { dayAfter, readZone } from '../../http/window.js';
import { isObject } from '../../queries/ingest/json.js';
import { type Bucket, parseSpan } from '../../queries/time/bucket.js';
import { parseInstant } from '../../queries/time/instant.js';
import type { Window } from '../../queries/time/window.js';

const granularities = new Map<unknown, Bucket | null>([
  ['all', null],
  ['minute', { unit: 'minute', count: 1 }],
  ['fifteen_minute', { unit: 'minute', count: 15 }],
  ['thirty_minute', { unit: 'minute', count: 30 }],
  ['hour', { unit: 'hour', count: 1 }],
  ['day', { unit: 'day', count: 1 }],
  ['week', { unit: 'week', count: 1 }],
  ['month', { unit: 'month', count: 1 }],
  ['year', { unit: 'year', count: 1 }],
]);

/** A parsed granularity: its bucket, the path for faults about its size, and its time zone. */
export interface Granularity {
  bucket: Bucket | null;
  path: string;
  zone?: string;
}

/** Parses a granularity: a name, or Druid's `{"type": "period", "period": "P1D", "timeZone": "Europe/Helsinki"}`. */
export function readGranularity(value: unknown, faults: Faults): Granularity {
  const path = '$.granularity';
  if (!isObject(value)) {
    const bucket = granularities.get(value);
    if (bucket === undefined) {
      const allowed = `must be one of ${[...granularities.keys()].join(', ')}, or an object {"type": "period", "period": "P1D"}`;
      faults.add(path, value === undefined ? `is needed, and ${allowed}` : allowed);
    }
    return { bucket: bucket ?? null, path };
  }
  readObject(value, path, ['type', 'period', 'timeZone'], faults);
  if (value.type !== 'period') faults.add(`${path}.type`, 'must be period');
  const zone = readZone(value.timeZone, `${path}.timeZone`, faults);
  return { bucket: readPeriod(value.period, `${path}.period`, faults), path: `${path}.period`, ...(zone && { zone }) };
}

function readPeriod(value: unknown, path: string, faults: Faults): Bucket | null {
  const isPeriod = typeof value === 'string' && /^P/.test(value);
  const parsed = parseSpan(isPeriod ? value : '');
  if (parsed.ok) return parsed.bucket;
  faults.add(path, isPeriod ? parsed.message : 'must be an ISO 8601 period of one unit, such as PT15M, P1D or P1M');
  return null;
}

/** Parses the range and time zone of a query. The range must not be used if a fault was found. */
export function readInterval(value: unknown, granularity: Granularity, faults: Faults): Window {
  const interval = readObject(value, '$.interval', ['start', 'end', 'time_zone'], faults);
  if (interval === null) return { from: 0, to: 1, zone: 'UTC' };
  const said = readZone(interval.time_zone, '$.interval.time_zone', faults);
  const zone = said ?? granularity.zone ?? 'UTC';
  if (granularity.zone !== undefined && granularity.zone !== zone) {
    faults.add('$.granularity.timeZone', 'must equal interval.time_zone if both are given');
  }
  const from = readTime(interval.start, '$.interval.start', zone, faults);
  const end = readTime(interval.end, '$.interval.end', zone, faults);
  const to = end === null ? null : withLastMillisecond(end);
  if (from !== null && to !== null && to <= from)
    faults.add('$.interval.end', `must be after start; the end is exclusive${dayAfter(interval.end)}`);
  return { from: from ?? 0, to: to ?? 1, zone };
}

/** Clients of the dialect send the last millisecond of a day (23:59:59.999) to include the whole day. */
const withLastMillisecond = (end: number) => (((end % 1_000) + 1_000) % 1_000 === 999 ? end + 1 : end);

function readTime(value: unknown, path: string, zone: string, faults: Faults): number | null {
  const parsed = typeof value === 'string' ? parseInstant(value, zone) : null;
  if (parsed?.ok) return parsed.instant;
  faults.add(
    path,
    parsed?.message ?? (value === undefined ? 'is needed' : 'must be a text, such as 2024-01-08T00:00:00.000Z'),
  );
  return null;
}
