import type { Database } from '../../database/database.js';
import { Unavailable } from '../../errors.js';
import { type Background, inBackground } from '../background.js';
import { bounds, type Retention } from './days.js';
import { retentionStep } from './step.js';

/** Milliseconds between two looks at the accounts. */
const EVERY = 30_000;

/**
 * Removes conversations past their days in the background, until it is stopped; nothing where all are kept. Any number of
 * processes may run one. A failure is reported and tried again.
 */
export function startRemover(db: Database, retention: Retention, onError: (error: unknown) => void): Background {
  if (bounds(retention, Date.now()).newest === null) return { stop: async () => {} };
  return inBackground(
    async ({ isOver, failed }) => {
      const accounts = await db.read<{ account_id: string }>(
        (sql) => sql`select account_id::text from accounts order by 1`,
      );
      for (const { account_id } of accounts) {
        if (isOver()) return;
        await retentionStep(db, account_id, retention, { now: Date.now(), isOver }).catch((error) => {
          if (!(error instanceof Unavailable)) failed(error); // a conflict is tried again
        });
      }
    },
    { every: EVERY, onError },
  );
}
