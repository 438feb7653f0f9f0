import { Forbidden } from '../../errors.js';
import type { Scope } from '../scope.js';
import { type EventRow, MAX_FAULTY } from './check.js';

/** How far a sender's clock may be ahead of the service's, in milliseconds. */
const AHEAD = 60_000;

/**
 * Refuses attributes that a restricted key must not set on any conversation. The latest event decides an attribute, so an
 * event dated years ahead could claim a conversation for the key for good, even one that does not exist yet.
 * `withdrawn` would remove it from every answer. `now` is epoch milliseconds. Throws `Forbidden`, which names the
 * lines.
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
  throw new Forbidden('this key is restricted to teams or bots and may not send this; nothing was stored', faults);
}

function claimOf({ attributes = {}, time }: EventRow, now: number): string | null {
  if ('withdrawn' in attributes) return 'has withdrawn, which only an unrestricted key may send';
  const names = ['team_id', 'bot_id'].filter((name) => name in attributes);
  if (names.length === 0 || Date.parse(time) <= now + AHEAD) return null;
  return `has ${names.join(' and ')} at ${time}: a restricted key may not send these more than 60 s after now`;
}
