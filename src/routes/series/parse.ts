import type { Filter } from '../../queries/query.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { parseInstant } from '../../queries/time/instant.js';
import { bucketFits, chooseBucket, type Window } from '../../queries/time/window.js';
import { isZone } from '../../queries/time/zone.js';
import type { Faults } from '../faults.js';
import { teamFields } from './schema.js';

export const buckets = {
  '1h': { unit: 'hour', count: 1 },
  '1d': { unit: 'day', count: 1 },
  '1w': { unit: 'week', count: 1 },
  '1m': { unit: 'month', count: 1 },
} as const satisfies Record<string, Bucket>;

/** The dimension of the catalogue behind each field that the dialect can filter or group by. */
const dimensions: Record<string, string> = { channel_type: 'channel' };

export const dimensionOf = (field: string) => dimensions[field] ?? field;

/** The text that stands for a missing value. */
export const UNKNOWN = 'unknown';

type Times = { start_time: string; end_time: string; time_zone?: string };

/** The range of a request; a window that is not to be used when a fault was found. */
export function parseWindow(query: Times, faults: Faults): Window {
  const zone = query.time_zone ?? 'UTC';
  if (!isZone(zone)) {
    faults.add('time_zone', 'must be an IANA name as the tz database spells it, such as Europe/Helsinki or UTC');
    return { from: 0, to: 1, zone: 'UTC' };
  }
  const from = parseTime('start_time', query.start_time, zone, faults);
  const to = parseTime('end_time', query.end_time, zone, faults);
  if (from !== null && to !== null && to <= from)
    faults.add('end_time', 'must be after start_time; the end is exclusive');
  return { from: from ?? 0, to: to ?? 1, zone };
}

function parseTime(name: string, text: string, zone: string, faults: Faults): number | null {
  if (faults.has(name)) return null;
  const parsed = parseInstant(text, zone);
  if (parsed.ok) return parsed.instant;
  faults.add(name, parsed.message);
  return null;
}

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

/**
 * The items of a parameter that takes repeated values, comma lists, or both. Blanks around an item are dropped; then `\,`
 * is a comma and `\\` a backslash in it, another backslash is itself.
 */
export function parseList(name: string, values: string[], faults: Faults): string[] {
  const items = values
    .flatMap((value) => splitList(value))
    .map((item) => item.replace(/^ +| +$/g, '').replace(/\\([,\\])/g, '$1'));
  if (items.includes('')) faults.add(name, 'has an empty item: separate values by single commas, as in web,sms');
  return items;
}

/** Parts between the commas that no backslash takes for an item. */
function splitList(text: string): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === '\\' && (text[at + 1] === ',' || text[at + 1] === '\\')) at++;
    else if (text[at] === ',') {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  return [...parts, text.slice(start)];
}

type Filters = { channel_type?: string | string[]; language?: string | string[]; is_test?: 'true' | 'false' };

/** The filters that a request may set besides its bot, version or team. */
export function parseFilters(query: Filters, faults: Faults): Filter[] {
  const where: Filter[] = [];
  for (const name of ['channel_type', 'language'] as const) {
    const values = query[name];
    if (values === undefined || faults.has(name)) continue;
    const items = parseList(name, [values].flat(), faults);
    const withMissing = items.includes(UNKNOWN) ? [...items, null] : items;
    where.push({ op: 'in', dimension: dimensionOf(name), values: withMissing });
  }
  if (query.is_test !== undefined) where.push({ op: 'in', dimension: 'is_test', values: [query.is_test === 'true'] });
  return where;
}

/** The fields of a team's `group_by`: a comma list, each field once. */
export function parseFields(text: string | undefined, faults: Faults): string[] {
  if (text === undefined || faults.has('group_by')) return [];
  const fields = text.split(',').map((field) => field.trim());
  const unknown = fields.find((field) => !teamFields.some((known) => known === field));
  if (unknown !== undefined)
    faults.add('group_by', `has ${unknown || 'an empty item'}; it takes ${teamFields.join(', ')}`);
  if (new Set(fields).size < fields.length) faults.add('group_by', 'names a field twice');
  return fields;
}

/** Parameters of the dialect that are lists. */
const lists = ['channel_type', 'language'];

/** Gathers `channel_type[0]=a&channel_type[1]=b`, as some generated clients write a list, under its plain name. */
export function gatherLists(query: Record<string, unknown>): Record<string, unknown> {
  const gathered: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(query)) {
    const base = /^(\w+)\[\d*\]$/.exec(name)?.[1];
    const key = base !== undefined && lists.includes(base) ? base : name;
    gathered[key] = key in gathered ? [gathered[key], value].flat() : value;
  }
  return gathered;
}
