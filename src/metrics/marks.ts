import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { oldestMark } from '../queries/segments/oldest-mark.js';

/** Milliseconds between two looks. */
const EVERY = 5_000;

/**
 * Looks at intervals for the oldest mark of a segment, so that no scrape asks the database. While the database is away nothing
 * is refreshed, so a mark that was seen goes on ageing.
 */
export function watchMarks(db: Database): { age(): number | null; stop(): Promise<void> } {
  const stopping = new AbortController();
  /** When the oldest mark was made, by our own clock; Infinity if there is none, null while nothing is known. */
  let since: number | null = null;

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      const seconds = await oldestMark(db).catch(() => undefined);
      if (seconds !== undefined) {
        since = seconds === null ? Number.POSITIVE_INFINITY : performance.now() - seconds * 1_000;
      }
      await delay(EVERY, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
    }
  }
  const working = work();
  return {
    age: () => (since === null ? null : Math.max(0, performance.now() - since) / 1_000),
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
