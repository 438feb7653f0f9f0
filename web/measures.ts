import { equals } from './filter.js';
import type { MeasureSpec, Unit } from './types.js';

/** A measure of conversations as the dashboard shows it. */
export interface Shown {
  name: string;
  label: string;
  unit: Unit;
  spec: MeasureSpec;
  /** Whether more of it is good (1), bad (-1) or neither (0). */
  good: 1 | 0 | -1;
  /** What narrows the list to the conversations behind it. */
  where: string[];
}

const percentile = (of: 'first_response_seconds' | 'resolution_seconds', p: number, name: string): MeasureSpec => ({
  aggregate: 'percentile',
  of,
  p,
  as: name,
});

const withAgent = [equals('is_contained', 'false')];

const named = (name: string, label: string, unit: Unit, good: Shown['good'], where: string[] = []): Shown => ({
  name,
  label,
  unit,
  spec: name,
  good,
  where,
});

const timed = (name: string, label: string, of: 'first_response_seconds' | 'resolution_seconds', p: number): Shown => ({
  name,
  label,
  unit: 'seconds',
  spec: percentile(of, p, name),
  good: -1,
  where: withAgent,
});

/** The measures of the overview, in the order of its cards. */
export const measures: readonly Shown[] = [
  named('conversations', 'Conversations', 'count', 0),
  named('users', 'Users', 'count', 0),
  named('containment_rate', 'Contained', 'ratio', 1, [equals('is_contained', 'true')]),
  named('handovers', 'Handovers', 'count', 0, withAgent),
  named('csat', 'CSAT', 'ratio', 1, ['rating>=1']),
  timed('first_response_p50', 'First response, median', 'first_response_seconds', 50),
  timed('first_response_p90', 'First response, p90', 'first_response_seconds', 90),
  timed('resolution_p50', 'Resolution, median', 'resolution_seconds', 50),
  timed('resolution_p90', 'Resolution, p90', 'resolution_seconds', 90),
];

export const measureOf = (name: string): Shown => measures.find((one) => one.name === name) ?? (measures[0] as Shown);

/** The dimensions that split conversations, in words. */
export const groups: Readonly<Record<string, string>> = {
  channel: 'channel',
  language: 'language',
  bot_id: 'bot',
  bot_version: 'bot version',
  team_id: 'team',
};
