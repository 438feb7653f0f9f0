import type { EventRow } from './check.js';

/** Seconds from the newest of these events to `now`; 0 if it lies in the future, null if there is none. */
export function lagOf(rows: readonly EventRow[], now: number): number | null {
  let newest = '';
  for (const { time } of rows) if (time > newest) newest = time; // all are written alike, in UTC
  return newest === '' ? null : Math.max(0, now - Date.parse(newest)) / 1_000;
}
