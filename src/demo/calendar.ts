import type { Random } from './random.js';

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** How busy each month is, January first: gifts in November and December, holidays in July. */
const months = [0.95, 0.9, 0.95, 1, 1.05, 0.95, 0.75, 0.9, 1.05, 1.1, 1.35, 1.45];

/** How busy each weekday is, Sunday first. */
const weekdays = [0.55, 1.25, 1.15, 1.1, 1.05, 1, 0.6];

/** How many people write in each hour (UTC) where somebody may always write, and where an office must be open. */
const anytime = [2, 1, 1, 1, 2, 6, 14, 26, 34, 40, 40, 36, 34, 36, 36, 38, 40, 44, 48, 46, 36, 22, 10, 4];
const office = [0, 0, 0, 0, 0, 2, 20, 42, 50, 52, 44, 38, 44, 48, 46, 40, 16, 4, 1, 0, 0, 0, 0, 0];

/** The day, counted back from the last one, on which deliveries failed and everybody asked where their parcel was. */
const BAD_DAY = 47;

/** A day of the made year. */
export interface Day {
  /** Its first instant in epoch milliseconds. */
  start: number;
  /** Its share of all conversations, relative to the other days. */
  weight: number;
  /** The days until the last one, 0 for that one. */
  left: number;
  isBad: boolean;
}

/** The days before `until`, a midnight in UTC, oldest first. Business grows by a third over a year. */
export function daysBefore(until: number, count: number, dice: Random): Day[] {
  return Array.from({ length: count }, (_, n) => {
    const start = until - (count - n) * DAY;
    const date = new Date(start);
    const left = count - 1 - n;
    const season = months[date.getUTCMonth()] as number;
    const weekday = weekdays[date.getUTCDay()] as number;
    const isBad = left === BAD_DAY;
    const weight = season * weekday * (1.33 - 0.33 * (left / 365)) * (0.92 + 0.16 * dice.unit()) * (isBad ? 2.1 : 1);
    return { start, weight, left, isBad };
  });
}

/** A moment of the day at which somebody writes. */
export function moment(day: Day, isOffice: boolean, dice: Random): number {
  const hours = isOffice ? office : anytime;
  const hour = dice.weighted(Object.fromEntries(hours.map((weight, n) => [String(n), weight])));
  return day.start + Number(hour) * HOUR + Math.floor(dice.unit() * HOUR);
}

/** Whether agents are at work: from 6 to 18 UTC, a shorter Saturday, no Sunday. */
export function isStaffed(time: number): boolean {
  const date = new Date(time);
  const [day, hour] = [date.getUTCDay(), date.getUTCHours()];
  return day !== 0 && hour >= (day === 6 ? 8 : 6) && hour < (day === 6 ? 14 : 18);
}
