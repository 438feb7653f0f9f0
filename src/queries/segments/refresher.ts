import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.js';
import { markPending } from './pending.js';
import { markedAccounts, refresh } from './refresh.js';

/** Milliseconds between two looks for marks. */
const EVERY = 1_000;

/**
 * A day that is marked again at once waits this many times as long as it took to build, so that a busy day uses a tenth of
 * one core at most. Other days are built one after the other.
 */
const REST = 9;
const LONGEST_REST = 60_000;

export interface Refresher {
  stop(): Promise<void>;
}

/**
 * Keeps segments up to date in the background, until it is stopped. It finds the marks of all processes; several refreshers
 * share the work. A failure is reported and tried again: reports stay exact without it, and only become slower.
 */
export function startRefresher(db: Database, onError: (error: unknown) => void): Refresher {
  const stopping = new AbortController();
  const resting = new Map<string, { day: string | null; until: number }>();
  const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
  const isOver = () => stopping.signal.aborted;

  /** Builds the marked days of an account, until one needs a rest. */
  async function renew(account: string): Promise<void> {
    while (!isOver()) {
      const { until = 0 } = resting.get(account) ?? {};
      const started = performance.now();
      if (until > started) return;
      const refreshed = await refresh(db, account);
      if (refreshed === null || refreshed.isBusy) return;
      const ended = performance.now();
      const isAgain = refreshed.day === resting.get(account)?.day;
      const rest = isAgain ? Math.min(LONGEST_REST, REST * (ended - started)) : 0;
      resting.set(account, { day: refreshed.day, until: ended + rest });
    }
  }

  async function round(): Promise<void> {
    await markPending(db, isOver);
    for (const account of await markedAccounts(db)) {
      await renew(account).catch((error) => (isOver() ? undefined : onError(error))); // the next account is not to blame
    }
    for (const [account, { until }] of resting) if (until + LONGEST_REST < performance.now()) resting.delete(account);
  }

  async function work(): Promise<void> {
    while (!isOver()) {
      await round().catch((error) => (isOver() ? undefined : onError(error)));
      await pause(EVERY);
    }
  }
  const working = work();
  return {
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
