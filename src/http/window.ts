import { type Parsed, parseInstant } from '../queries/time/instant.js';
import { parseRequestTime } from '../queries/time/relative.js';
import { EVER, type Window } from '../queries/time/window.js';
import { isZone } from '../queries/time/zone.js';
import type { Faults } from './faults.js';

/** The parameters that say a range, as they were sent. */
export interface Times {
  start_time?: string | null | undefined;
  end_time?: string | null | undefined;
  time_zone?: string | null | undefined;
}

export interface WindowOptions {
  prefix?: string;
  now?: number | null;
  /** Whether the end may be the start. */
  mayBeEmpty?: boolean;
}

/**
 * The range of a request; one that is not to be used when a fault was found. A missing end is open.
 * `prefix` goes before the names of the parameters in faults. With `now`, times may be epoch milliseconds and relative to it.
 */
export function parseWindow(
  times: Times,
  faults: Faults,
  { prefix = '', now = null, mayBeEmpty = false }: WindowOptions = {},
): Window {
  const zone = parseZone(times.time_zone, faults, prefix);
  if (zone === null) return { from: 0, to: 1, zone: 'UTC' };
  const from = parseTime(`${prefix}start_time`, times.start_time, zone, now, faults);
  const to = parseTime(`${prefix}end_time`, times.end_time, zone, now, faults);
  if (from != null && to != null && (mayBeEmpty ? to < from : to <= from)) {
    faults.add(`${prefix}end_time`, `must be after start_time; the end is exclusive${dayAfter(times.end_time)}`);
  }
  return { from: from ?? EVER.from, to: to ?? EVER.to, zone };
}

/** What to send for a range whose end was meant to be the last day in it. */
export function dayAfter(end: unknown): string {
  if (typeof end !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(end)) return '';
  const next = new Date(Date.parse(end) + 86_400_000).toISOString().slice(0, 10);
  return `: for a range that has all of ${end} in it, send ${next}`;
}

/** The zone of a request, `UTC` unless given; null when a fault was found. */
export function parseZone(zone: string | null | undefined, faults: Faults, prefix = ''): string | null {
  if (zone == null) return 'UTC';
  if (isZone(zone)) return zone;
  faults.add(`${prefix}time_zone`, 'must be an IANA name as the tz database spells it, such as Europe/Helsinki or UTC');
  return null;
}

function parseTime(
  path: string,
  text: string | null | undefined,
  zone: string,
  now: number | null,
  faults: Faults,
): number | null {
  if (text == null || faults.has(path)) return null;
  const parsed: Parsed = now === null ? parseInstant(text, zone) : parseRequestTime(text, zone, now);
  if (parsed.ok) return parsed.instant;
  faults.add(path, parsed.message);
  return null;
}
