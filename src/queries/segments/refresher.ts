import type { Database } from '../../database/database.js';
import { type Background, inBackground, type Round } from '../background.js';
import { compacting } from '../revision/compact.js';
import type { Timeouts } from '../timeouts.js';
import { markPending } from './pending.js';
import { markedAccounts, refresh } from './refresh.js';

/** Milliseconds between two looks for marks. */
const EVERY = 1_000;

/**
 * An account whose day was built and is marked again, or could not be built, rests this many times as long as the building
 * took, so that busy days use a tenth of one core at most. Days that were not built lately are built one after the other.
 */
const REST = 9;
const LONGEST_REST = 60_000;

/**
 * Keeps segments up to date in the background, until it is stopped. It finds the marks of all processes; several refreshers
 * share the work. A failure is reported and tried again: reports stay exact without it, and only become slower.
 */
export function startRefresher(db: Database, timeouts: Timeouts, onError: (error: unknown) => void): Background {
  const compact = compacting(db, timeouts);
  /** The days of each account that were built lately, with the time of the last building, and until when it rests. */
  const states = new Map<string, { days: Map<string, number>; until: number }>();

  /** Builds the marked days of an account, until one needs a rest. */
  async function renew(account: string, isOver: () => boolean): Promise<void> {
    const state = states.get(account) ?? { days: new Map<string, number>(), until: 0 };
    states.set(account, state);
    while (!isOver() && state.until <= performance.now()) {
      const started = performance.now();
      const restAt = (ended: number) => {
        state.until = ended + Math.min(LONGEST_REST, REST * (ended - started));
      };
      const refreshed = await refresh(db, account).catch((error) => {
        restAt(performance.now()); // what fails after long would take all of a core
        throw error;
      });
      if (refreshed === null || refreshed.day === null) return;
      const ended = performance.now();
      if (state.days.has(refreshed.day)) restAt(ended);
      state.days.set(refreshed.day, ended);
    }
  }

  async function round({ isOver, failed }: Round): Promise<void> {
    await markPending(db, isOver);
    for (const account of await markedAccounts(db)) {
      const work = async () => {
        await compact(account, Date.now());
        await renew(account, isOver);
      };
      await work().catch(failed); // the next account is not to blame
    }
    const now = performance.now();
    for (const [account, { days, until }] of states) {
      for (const [day, built] of days) if (built < now - LONGEST_REST) days.delete(day);
      if (days.size === 0 && until <= now) states.delete(account);
    }
  }

  return inBackground(round, { every: EVERY, onError });
}
