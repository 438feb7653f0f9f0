import type { Sql } from './connect.js';

/** Milliseconds between two beats, and after which a beat that was not answered says that the database is away. */
const PERIOD = 500;
const PATIENCE = 1_500;

export interface Heartbeat {
  /** Whether the latest beat went unanswered for too long. */
  away(): boolean;
  stop(): void;
}

/**
 * Asks the database now and then whether it is there, on a connection of its own. A server that is frozen, or whose machine
 * is gone, refuses nothing and closes nothing: only the missing beat tells. `onAway` is called when it turns out so.
 */
export function heartbeat(sql: Sql, onAway: () => void): Heartbeat {
  let away = false;
  let stopped = false;

  async function beat(): Promise<void> {
    const patience = setTimeout(() => {
      away = true;
      onAway();
    }, PATIENCE);
    patience.unref();
    try {
      await sql`select 1`;
      away = false;
    } catch {
      // A server that refuses says so to every statement; it is not this beat that has to tell.
    } finally {
      clearTimeout(patience);
    }
  }

  function next(): void {
    if (stopped) return;
    setTimeout(() => beat().finally(next), PERIOD).unref();
  }
  next();

  return {
    away: () => away,
    stop: () => {
      stopped = true;
    },
  };
}
