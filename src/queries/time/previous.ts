import { type Clock, clockOf, DAY } from './clock.js';
import { EVER, moved, startOf, type Window } from './window.js';

/**
 * The range of equal length right before a window: the same number of calendar months if the window is whole months,
 * else the same number of days if both ends are local midnights, else the same wall-clock duration. Null if it is empty
 * or before the year 1900.
 */
export function previousPeriod({ from, to, zone }: Window): Window | null {
  const clock = clockOf(zone);
  const [start, end] = [localOf(clock, from), localOf(clock, to)];
  if (isMonth(clock, from) && isMonth(clock, to)) {
    const months = (year(end) - year(start)) * 12 + month(end) - month(start);
    return windowOf(moved(from, clock, 'month', -months), from, zone);
  }
  if (isDay(clock, from) && isDay(clock, to)) {
    const days = clock.dayOf(to) - clock.dayOf(from);
    return windowOf(clock.startOfDay(clock.dayOf(from) - days), from, zone);
  }
  return windowOf(clock.firstInstantAt(start - (end - start)), from, zone);
}

/**
 * The window one year earlier on the wall clock: a start on 29 February becomes 28 February, an end there 1 March. With
 * weekly buckets it is 52 weeks earlier, so that weekdays align. Null if it is empty or before the year 1900.
 */
export function previousYear({ from, to, zone }: Window, isByWeek: boolean): Window | null {
  const clock = clockOf(zone);
  if (isByWeek) return windowOf(moved(from, clock, 'week', -52), moved(to, clock, 'week', -52), zone);
  const end = localOf(clock, to);
  const isLeapDay = month(end) === 1 && new Date(end).getUTCDate() === 29;
  const lastYear = isLeapDay
    ? clock.firstInstantAt(Date.UTC(year(end) - 1, 2, 1) + timeOf(end))
    : moved(to, clock, 'year', -1);
  return windowOf(moved(from, clock, 'year', -1), lastYear, zone);
}

function windowOf(from: number | null, to: number | null, zone: string): Window | null {
  return from === null || to === null || from < EVER.from || to <= from ? null : { from, to, zone };
}

const localOf = (clock: Clock, instant: number) => instant + clock.offsetAt(instant);
const year = (local: number) => new Date(local).getUTCFullYear();
const month = (local: number) => new Date(local).getUTCMonth();
const timeOf = (local: number) => ((local % DAY) + DAY) % DAY;

const isDay = (clock: Clock, instant: number) => startOf(instant, clock, 'day') === instant;
const isMonth = (clock: Clock, instant: number) => startOf(instant, clock, 'month') === instant;
