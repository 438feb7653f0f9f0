import { setTimeout as delay } from 'node:timers/promises';
import type { Database } from '../../database/database.js';
import { Unavailable } from '../../errors.js';
import { bounds, type Retention } from './days.js';
import { retentionStep } from './step.js';

/** Milliseconds between two looks at the accounts. */
const EVERY = 30_000;

export interface Remover {
  stop(): Promise<void>;
}

/**
 * Removes conversations past their days in the background, until it is stopped. Any number of processes may run one. A failure
 * is reported and tried again.
 */
export function startRemover(db: Database, retention: Retention, onError: (error: unknown) => void): Remover {
  const stopping = new AbortController();
  const isOver = () => stopping.signal.aborted;

  async function round(): Promise<void> {
    const accounts = await db.read<{ account_id: string }>(
      (sql) => sql`select account_id::text from accounts order by 1`,
    );
    for (const { account_id } of accounts) {
      if (isOver()) return;
      await retentionStep(db, account_id, retention, { now: Date.now(), isOver }).catch((error) => {
        if (!(isOver() || error instanceof Unavailable)) onError(error); // a conflict is tried again
      });
    }
  }

  async function work(): Promise<void> {
    if (bounds(retention, Date.now()).newest === null) return;
    while (!isOver()) {
      await round().catch((error) => (isOver() ? undefined : onError(error)));
      await delay(EVERY, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
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
