import type { Fragment, Sql } from '../database/connect.js';
import type { AsOf } from './query.js';
import type { Timeouts } from './timeouts.js';

/**
 * The facts that decide whether a conversation is open. Times are instants; a close is the explicit one that is in
 * effect.
 */
export interface Lifecycle {
  channel: string | null;
  last_activity: number;
  closed_at: number | null;
  closed_reason: string | null;
}

export type State =
  | { state: 'open'; closed_at: null; closed_reason: null }
  /** `closed_reason` is that of the close, `resolved` or `left`, or `expired`. */
  | { state: 'closed'; closed_at: number; closed_reason: string };

/**
 * Whether a conversation is open. The state is never stored, because it depends on the time of the request: a
 * conversation is closed by an explicit close without a later reopening, or when the timeout of its channel has passed
 * since its last activity.
 */
export function stateOf({ channel, last_activity, closed_at, closed_reason }: Lifecycle, asOf: AsOf): State {
  if (closed_at !== null) return { state: 'closed', closed_at, closed_reason: closed_reason ?? 'resolved' };
  const timeout = timeoutOf(asOf.timeouts, channel);
  if (timeout === null || last_activity + timeout > asOf.now) {
    return { state: 'open', closed_at: null, closed_reason: null };
  }
  return { state: 'closed', closed_at: last_activity + timeout, closed_reason: 'expired' };
}

/** The same in SQL, on a table or alias `c` of conversations: the text `open` or `closed`. */
export function stateIn(sql: Sql, { now, timeouts }: AsOf): Fragment {
  let latest = cutoff(sql, now, timeouts.initial);
  for (const [channel, timeout] of timeouts.channels) {
    latest = sql`case when c.channel = ${channel}::text then ${cutoff(sql, now, timeout)} else ${latest} end`;
  }
  return sql`case when c.closed_at is not null or c.last_activity <= ${latest} then 'closed' else 'open' end`;
}

/** The latest time of activity that has expired by now. */
function cutoff(sql: Sql, now: number, timeout: number | null): Fragment {
  const expired = timeout === null ? Number.NEGATIVE_INFINITY : now - timeout;
  const text = expired < YEAR_1 ? '-infinity' : new Date(expired).toISOString();
  return sql`${text}::text::timestamptz`;
}

const YEAR_1 = Date.UTC(1970, -1969 * 12);

const timeoutOf = ({ initial, channels }: Timeouts, channel: string | null): number | null => {
  const own = channel === null ? undefined : channels.get(channel);
  return own === undefined ? initial : own;
};
