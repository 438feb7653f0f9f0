import type { Timeouts } from '../timeouts.js';

/** Ranges of time, in milliseconds, in which the last activities of conversations lie that are not closed. */
export type Ranges = [first: number, last: number][];

/** How many ranges after an instant are looked up. */
export const MANY = 3;

/** The different timeouts after which conversations expire, without "never". */
export const finite = ({ initial, channels }: Timeouts): number[] =>
  [...new Set([initial, ...channels.values()])].filter((timeout) => timeout !== null).sort((a, b) => a - b);

/**
 * A text that differs between two times of request if a conversation expires between them, and the facts are the same. It
 * names the next expiry for each timeout. `ranges[n]` are those that end after `now - timeouts[n]`: all that belong to old
 * activity, and the first `MANY` others, in order. Where only a range is known, or nothing of what comes behind the ranges,
 * the text names now, and differs from that of every other time.
 *
 * Why: an open conversation expires when now - timeout reaches its last activity, which lies in a range. If none begins or
 * goes on between two values of now - timeout, no conversation expires between them, whatever its channel. If one does, the
 * two texts differ: the next beginning of the earlier time lies behind for the later one, or one of them names now.
 */
export function expiryOf(timeouts: readonly number[], ranges: readonly Ranges[], now: number): string {
  const next = timeouts.map((timeout, n) => {
    const at = now - timeout;
    const later = (ranges[n] ?? []).filter(([, last]) => last > at);
    if (later.some(([first]) => first <= at)) return now;
    if (later.length > 0) return Math.min(...later.map(([first]) => first)) + timeout;
    return (ranges[n] ?? []).length < MANY ? null : now;
  });
  return JSON.stringify(next.map((instant) => (instant === now ? `at ${now}` : instant)));
}
