import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.js';
import { Unavailable } from '../../errors.js';
import { accountsAtWork, erasureStep } from './step.js';

/** Milliseconds between two looks for erasures, and after a step that could not be made. */
const EVERY = 1_000;
/** Milliseconds between two steps, so that traffic goes on beside them. */
const BREATH = 20;

export interface Eraser {
  stop(): Promise<void>;
}

/**
 * Works on erasures in the background, until it is stopped. Any number of processes may run one; each erasure is continued by
 * whoever comes first. A failure is reported and tried again.
 */
export function startEraser(db: Database, onError: (error: unknown) => void): Eraser {
  const stopping = new AbortController();
  const pause = (ms: number) => delay(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
  const isOver = () => stopping.signal.aborted;

  async function round(): Promise<void> {
    for (const account of await accountsAtWork(db)) {
      while (!isOver()) {
        const step = await erasureStep(db, account).catch((error) => {
          if (!(isOver() || error instanceof Unavailable)) onError(error); // a conflict is tried again
          return 'failed' as const;
        });
        if (step !== 'worked') break;
        await pause(BREATH);
      }
    }
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
