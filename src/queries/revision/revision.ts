import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { callers } from '../../database/shares.js';
import type { AsOf } from '../query.js';
import type { Timeouts } from '../timeouts.js';
import { expiryOf, finite, MANY, type Ranges } from './expiry.js';

/** What an answer depends on besides its request: if both are the same, so is the answer. */
export interface Revision {
  /** The facts of the account. */
  facts: string;
  /** Which conversations have expired, given the facts. */
  expiry: string;
}

/** Looks up the revision of an account. Null while it cannot be told, after an upgrade. */
export type Revisions = (account: string, asOf: AsOf) => Promise<Revision | null>;

/**
 * Looks up revisions. An answer must be computed after its revision: then the answer may be newer, and is asked for again,
 * but never older.
 *
 * Two different states of an account never have the same revision. Every transaction that changes facts adds a row to
 * `account_changes`. What a statement sees is the set of transactions that have committed when it starts; of two such sets
 * one contains the other, whatever the order of their ids. The larger one therefore has the larger count, and equal counts
 * are equal sets. A highest id would not do: a transaction with a lower one may commit later. The digest only matters
 * where a database went back to a backup.
 *
 * Requests that arrive while a look-up runs share the next one: it starts after all of them.
 */
export function revisions(db: Database): Revisions {
  const waiting = new Map<string, Group>();
  const running = new Map<string, Promise<unknown>>();

  return async (account, asOf) => {
    // By key, so that no key waits for the share of another.
    const name = `${account} ${callers.getStore() ?? ''}`;
    let group = waiting.get(name);
    if (group === undefined) {
      const fresh: Group = { now: asOf.now, found: Promise.resolve(null) };
      group = fresh;
      waiting.set(name, fresh);
      const close = () => {
        if (waiting.get(name) === fresh) waiting.delete(name);
      };
      const looking = (running.get(name) ?? Promise.resolve()).then(() =>
        look(db, account, asOf.timeouts, fresh, close),
      );
      fresh.found = looking.finally(close);
      const ended = looking.then(
        () => {},
        () => {}, // those who wait for it are told
      );
      running.set(name, ended);
      void ended.then(() => {
        if (running.get(name) === ended) running.delete(name);
      });
    } else group.now = Math.min(group.now, asOf.now);
    const found = await group.found;
    if (found === null) return null;
    return { facts: found.facts, expiry: expiryOf(finite(asOf.timeouts), found.ranges, asOf.now) };
  };
}

/** Requests that share a look-up. */
interface Group {
  /** The earliest time of a request. */
  now: number;
  found: Promise<Found | null>;
}

interface Found {
  facts: string;
  ranges: Ranges[];
}

/** Reads totals and ranges. `start` is called when the statement is sent. */
async function look(
  db: Database,
  account: string,
  timeouts: Timeouts,
  group: Group,
  start: () => void,
): Promise<Found | null> {
  const rows = await db.read<{ is_pending: boolean; facts: string; ranges: string | null }>((sql) => {
    start();
    const instants = finite(timeouts).map((timeout) => iso(group.now - timeout));
    return sql`
      select exists (select from pending_marks) as is_pending, (
          select concat(sum(changes), ' ', bit_xor(digest)) from account_changes where account_id = ${account}::uuid
        ) as facts, (
          select json_agg((
            select coalesce(json_agg(json_build_array(
              (extract(epoch from first_time) * 1000)::bigint, (extract(epoch from last_time) * 1000)::bigint
            ) order by minute), '[]')
            from (
              select minute, min(first_time) as first_time, max(last_time) as last_time
              from account_activity where account_id = ${account}::uuid and minute = '-infinity' group by minute
              union all (
                select minute, min(first_time), max(last_time) from account_activity
                where account_id = ${account}::uuid and minute >= date_bin('1 minute', i.at, timestamptz '0001-01-01Z')
                group by minute having max(last_time) > i.at order by minute limit ${MANY}
              )
            ) ranges where last_time > i.at
          ) order by n)::text
          from unnest(${instants}::text[]::timestamptz[]) with ordinality i (at, n)
        ) as ranges`;
  });
  const { is_pending, facts, ranges } = only(rows);
  return is_pending ? null : { facts, ranges: ranges === null ? [] : JSON.parse(ranges) };
}

/** Times of events are between these years; a time of request may lie anywhere. */
const FIRST = Date.UTC(1800, 0);
const LAST = Date.UTC(2300, 0);

const iso = (instant: number) => new Date(Math.min(LAST, Math.max(FIRST, instant))).toISOString();
