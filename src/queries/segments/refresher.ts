import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.js';
import { markedAccounts, refresh } from './refresh.js';

/** Milliseconds between two looks for marks. */
const EVERY = 1_000;

/** After a refresh, an account rests this many times as long as it took, so that it uses a tenth of one core at most. */
const REST = 9;

export interface Refresher {
  stop(): Promise<void>;
}

/**
 * Keeps segments up to date in the background, until it is stopped. It finds the marks of all processes; several refreshers
 * share the work. A failure is reported and tried again: reports stay exact without it, and only become slower.
 */
export function startRefresher(db: Database, onError: (error: unknown) => void): Refresher {
  const stopping = new AbortController();
  const restUntil = new Map<string, number>();
  const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
  const isOver = () => stopping.signal.aborted;

  async function round(): Promise<void> {
    for (const account of await markedAccounts(db)) {
      while (!isOver() && (restUntil.get(account) ?? 0) <= performance.now()) {
        const started = performance.now();
        const refreshed = await refresh(db, account);
        const ended = performance.now();
        if (refreshed === null || refreshed.isBusy) break;
        restUntil.set(account, ended + Math.min(60_000, REST * (ended - started)));
      }
    }
    for (const [account, until] of restUntil) if (until <= performance.now()) restUntil.delete(account);
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
