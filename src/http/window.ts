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
  const zone = readZone(times.time_zone, `${prefix}time_zone`, faults) ?? 'UTC';
  if (faults.has(`${prefix}time_zone`)) return { from: 0, to: 1, zone };
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

/** The time zone that a request names at `path`; undefined where it names none, or a fault was found. */
export function readZone(value: unknown, path: string, faults: Faults): string | undefined {
  if (value === undefined || value === null || faults.has(path)) return undefined;
  if (typeof value === 'string' && isZone(value)) return value;
  faults.add(path, 'must be an IANA name as the tz database spells it, such as Europe/Helsinki or UTC');
  return undefined;
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
