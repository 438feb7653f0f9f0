import { type Parsed, parseInstant } from '../queries/time/instant.js';
import { parseRequestTime } from '../queries/time/relative.js';
import { EVER, type Window } from '../queries/time/window.js';
import { isZone } from '../queries/time/zone.js';
import type { Faults } from './faults.js';

/** The parameters of a range, as received. */
export interface Times {
  start_time?: string | null | undefined;
  end_time?: string | null | undefined;
  time_zone?: string | null | undefined;
}

export interface WindowOptions {
  prefix?: string;
  now?: number | null;
  /** Whether the end may equal the start. */
  mayBeEmpty?: boolean;
}

/**
 * Parses the range of a request. It must not be used if a fault was found. A missing end is open. `prefix` precedes the
 * names of the parameters in faults. With `now`, times may also be epoch milliseconds or relative to it.
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

/** The hint for a range whose end was probably meant to be its last day. */
export function dayAfter(end: unknown): string {
  if (typeof end !== 'string' || !/^\d{4}-\d\d-\d\d$/.test(end)) return '';
  const next = new Date(Date.parse(end) + 86_400_000).toISOString().slice(0, 10);
  return `: to include all of ${end}, send ${next}`;
}

/** The time zone at `path`; undefined if none is given or a fault was found. */
export function readZone(value: unknown, path: string, faults: Faults): string | undefined {
  if (value === undefined || value === null || faults.has(path)) return undefined;
  if (typeof value === 'string' && isZone(value)) return value;
  faults.add(path, 'must be an IANA time zone name such as Europe/Helsinki or UTC, spelled as in the tz database');
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
