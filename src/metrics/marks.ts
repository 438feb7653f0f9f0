import type { Database } from '../database/database.js';
import { type Background, inBackground } from '../queries/background.js';
import { oldestMark } from '../queries/segments/oldest-mark.js';

/** Milliseconds between two looks. */
const EVERY = 5_000;

/**
 * Looks at intervals for the oldest mark of a segment, so that no scrape asks the database. While the database is away nothing
 * is refreshed, so a mark that was seen goes on ageing.
 */
export function watchMarks(db: Database): Background & { age(): number | null } {
  /** When the oldest mark was made, by our own clock; Infinity if there is none, null while nothing is known. */
  let since: number | null = null;
  const { stop } = inBackground(
    async () => {
      const seconds = await oldestMark(db);
      since = seconds === null ? Number.POSITIVE_INFINITY : performance.now() - seconds * 1_000;
    },
    { every: EVERY, onError: () => {} }, // what asks the database for the service tells of its failures
  );
  return { age: () => (since === null ? null : Math.max(0, performance.now() - since) / 1_000), stop };
}
