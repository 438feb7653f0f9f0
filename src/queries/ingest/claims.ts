import { Forbidden } from '../../errors.js';
import type { Scope } from '../scope.js';
import { type EventRow, MAX_FAULTY } from './check.js';

/** Milliseconds by which the clocks of senders may be ahead of the service's. */
const AHEAD = 60_000;

/**
 * Refuses what a narrowed key may not say of a conversation, whoever has it: attributes win in order of time, so an event
 * dated years ahead would keep a conversation for the key, also one that does not exist yet; and `withdrawn` takes it out
 * of every answer. Throws `Forbidden`, naming the lines. `now` is epoch milliseconds.
 */
export function checkClaims(scope: Scope, rows: EventRow[], indexes: number[], now: number): void {
  if (scope.teams === null && scope.bots === null) return;
  const faults = [];
  for (const [n, row] of rows.entries()) {
    const message = claimOf(row, now);
    if (message !== null) faults.push({ path: `$.events[${indexes[n]}]`, message });
    if (faults.length === MAX_FAULTY) break;
  }
  if (faults.length === 0) return;
  throw new Forbidden('this key is narrowed to teams or bots and may not say this; nothing was stored', faults);
}

function claimOf({ attributes = {}, time }: EventRow, now: number): string | null {
  if ('withdrawn' in attributes) return 'has withdrawn, which only a key that is not narrowed may say';
  const names = ['team_id', 'bot_id'].filter((name) => name in attributes);
  if (names.length === 0 || Date.parse(time) <= now + AHEAD) return null;
  return `has ${names.join(' and ')} at ${time}: of a narrowed key these may not lie more than 60 s after now`;
}
