import type { Cell, Unit } from './types.js';

const number = new Intl.NumberFormat('en');
const decimal = new Intl.NumberFormat('en', { maximumFractionDigits: 1 });

/** A value in its unit, as people write it. */
export function shown(value: Cell | undefined, unit: Unit): string {
  if (value === null || value === undefined) return '–';
  if (typeof value !== 'number') return String(value);
  if (unit === 'ratio') return `${decimal.format(100 * value)}%`;
  if (unit === 'seconds') return duration(value);
  return unit === 'count' ? number.format(value) : decimal.format(value);
}

/** Seconds in the two largest units that say something. */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${seconds < 10 ? decimal.format(seconds) : Math.round(seconds)} s`;
  if (seconds < 3_570) return two(Math.round(seconds), 60, 'min', 's');
  if (seconds < 86_000) return two(Math.round(seconds / 60), 60, 'h', 'min');
  return two(Math.round(seconds / 3_600), 24, 'd', 'h');
}

function two(small: number, per: number, large: string, unit: string): string {
  const rest = small % per;
  return `${Math.floor(small / per)} ${large}${rest === 0 ? '' : ` ${rest} ${unit}`}`;
}

/** How a value differs from an earlier one: in points for shares, else in per cent. Null where that says nothing. */
export function change(
  value: Cell | undefined,
  before: Cell | undefined,
  unit: Unit,
): { text: string; sign: number } | null {
  if (typeof value !== 'number' || typeof before !== 'number') return null;
  if (unit !== 'ratio' && before === 0) return null;
  const by = unit === 'ratio' ? 100 * (value - before) : (100 * (value - before)) / before;
  if (unit !== 'ratio' && by > 999) return { text: `from ${shown(before, unit)}`, sign: 1 };
  const text = decimal.format(Math.abs(by));
  if (text === '0') return { text: 'no change', sign: 0 };
  return { text: `${by > 0 ? '+' : '−'}${text}${unit === 'ratio' ? ' pts' : '%'}`, sign: Math.sign(by) };
}

const thisYear = String(new Date().getFullYear());

/** A moment as its zone shows it, from the text that the API gives in that zone. */
export function moment(time: string, withSeconds = false): string {
  const [, date = '', clock = ''] = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)/.exec(time) ?? [];
  return `${day(date).replace(`, ${thisYear}`, '')}, ${withSeconds ? clock : clock.slice(0, 5)}`;
}

const days = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' });

/** A day such as Nov 9, 2026, from `YYYY-MM-DD`. */
export const day = (date: string): string => days.format(new Date(`${date}T00:00:00Z`));

/** The start of a bucket. */
export function bucketName(time: string, bucket: string): string {
  if (bucket === '1h') return moment(time);
  const date = day(time.slice(0, 10));
  if (bucket === '1w') return `Week of ${date}`;
  return bucket === '1m' ? date.replace(/ \d+,/, '') : date;
}

export const weekdays = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;
