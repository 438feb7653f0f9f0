import type { Faults } from '../../http/faults.js';
import { readObject } from '../../http/json.js';
import { isObject } from '../../queries/ingest/json.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { previousPeriod, previousYear } from '../../queries/time/previous.js';
import type { Window } from '../../queries/time/window.js';
import { readTime } from './times.js';

const ALLOWED = 'must be previous_period, previous_year, or {"start_time": ..., "end_time": ...}';

/** Parses the range to compare with; null for none or with a fault. */
export function readCompare(
  value: unknown,
  window: Window,
  bucket: Bucket | null,
  now: number,
  faults: Faults,
): Window | null {
  const path = '$.compare';
  if (value === undefined || value === null) return null;
  if (!isObject(value)) {
    if (value !== 'previous_period' && value !== 'previous_year') {
      faults.add(path, ALLOWED);
      return null;
    }
    const isByWeek = bucket?.unit === 'week' && bucket.count === 1;
    const before = value === 'previous_period' ? previousPeriod(window) : previousYear(window, isByWeek);
    if (before === null) faults.add(path, 'gives no range: the previous range is empty or lies before the year 1900');
    return before;
  }
  readObject(value, path, ['start_time', 'end_time'], faults);
  const from = readTime(value.start_time, `${path}.start_time`, window.zone, now, faults);
  const to = readTime(value.end_time, `${path}.end_time`, window.zone, now, faults);
  if (from === null || to === null) return null;
  if (to <= from) {
    faults.add(`${path}.end_time`, 'must be after start_time; the end is exclusive');
    return null;
  }
  return { from, to, zone: window.zone };
}
