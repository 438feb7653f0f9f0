import type { Database } from '../../database/database.js';
import { Unavailable } from '../../errors.js';
import { type Background, inBackground } from '../background.js';
import { accountsAtWork, erasureStep } from './step.js';

/** Milliseconds between two looks for erasures, and at most while one fails. */
const EVERY = 1_000;
const SLOWEST = 60_000;
/** Milliseconds between two steps, so that traffic goes on beside them. */
const BREATH = 20;

/**
 * Works on erasures in the background, until it is stopped. Any number of processes may run one; each erasure is continued by
 * whoever comes first. A failure is reported and tried again.
 */
export const startEraser = (db: Database, onError: (error: unknown) => void): Background =>
  inBackground(
    async ({ isOver, pause, failed }) => {
      for (const account of await accountsAtWork(db)) {
        while (!isOver()) {
          const step = await erasureStep(db, account).catch((error) => {
            if (!(error instanceof Unavailable)) failed(error); // a conflict is tried again
            return 'failed' as const;
          });
          if (step !== 'worked') break;
          await pause(BREATH);
        }
      }
    },
    { every: EVERY, slowest: SLOWEST, onError },
  );
