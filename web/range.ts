import type { State } from './state.js';

/** Usual ranges. The service resolves `now` in the chosen zone, so the page needs no arithmetic of zones. */
export const presets = {
  today: { label: 'Today', start: 'now/d', end: 'now', days: 1 },
  yesterday: { label: 'Yesterday', start: 'now-1d/d', end: 'now/d', days: 1 },
  '7d': { label: 'Last 7 days', start: 'now-7d/d', end: 'now/d', days: 7 },
  '30d': { label: 'Last 30 days', start: 'now-30d/d', end: 'now/d', days: 30 },
  '90d': { label: 'Last 90 days', start: 'now-90d/d', end: 'now/d', days: 90 },
  month: { label: 'This month', start: 'now/M', end: 'now', days: 31 },
  'last-month': { label: 'Last month', start: 'now-1M/M', end: 'now/M', days: 31 },
  // Whole weeks, as its chart has: half a week at an end would look like a loss.
  year: { label: 'Last 52 weeks', start: 'now-52w/w', end: 'now/w', days: 364 },
} as const;

export type Preset = keyof typeof presets;

/** The range of a request. */
export interface Range {
  start_time: string;
  end_time: string;
  time_zone: string;
}

/** The chosen range, as the API takes it: its end is exclusive. */
export function rangeOf({ range, start, end, zone }: State): Range {
  const { start: from, end: to } = range === 'custom' ? { start, end } : presets[range];
  return { start_time: from, end_time: to, time_zone: zone };
}

/** The range in words. */
export function rangeName({ range, start, end }: State): string {
  if (range !== 'custom') return presets[range].label;
  const last = lastDay(end);
  return start === last ? start : `${spoken(start)} to ${spoken(last)}`;
}

const words: Record<string, string> = {
  now: 'now',
  'now/d': 'last midnight',
  'now/w': 'the start of this week',
  'now/M': 'the start of this month',
};

const spoken = (time: string) => words[time] ?? time.replace('T', ' ').replace(/:00([+-]|Z|$).*/, '');

const DAY = 86_400_000;
/** Whether a time is a whole day. */
export const isDate = (text: string) => /^\d{4}-\d\d-\d\d$/.test(text);

/** The last day of a range that ends before `end`, as people name it. */
export const lastDay = (end: string): string => (isDate(end) ? shifted(end, -1) : end);

/** The exclusive end of a range whose last day is `day`. */
export const endAfter = (day: string): string => shifted(day, 1);

const shifted = (day: string, days: number) => new Date(Date.parse(day) + days * DAY).toISOString().slice(0, 10);

/** A bucket that makes a chart of some dozens of points. */
export function usualBucket({ range, start, end }: State): string {
  const days = range === 'custom' ? (Date.parse(lastDay(end)) - Date.parse(start)) / DAY + 1 : presets[range].days;
  if (days <= 2) return '1h';
  if (Number.isNaN(days)) return '1d'; // an end such as now/d
  return days <= 100 ? '1d' : days <= 800 ? '1w' : '1m';
}

/** A bucket's start as a range takes it: a plain date where it is a local midnight. */
export const edge = (time: string): string => time.replace(/T00:00:00([+-]\d\d:\d\d|Z)$/, '');
