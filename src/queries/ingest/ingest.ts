import postgres from '#postgres';
import type { Database, WriteOptions } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { Forbidden, InvalidRequest } from '../../errors.js';
import type { Scope } from '../scope.js';
import { TimeSlice } from '../time-slice.js';
import { type EventRow, MAX_FAULTY } from './check.js';
import { differing } from './differing.js';

/** The SQLSTATEs with which the database's `ingest` refuses a batch; the detail is a JSON list of conversations. */
const OUTSIDE = 'CR403';
const FULL = 'CR400';
const LONG = 'CR408';

/** Milliseconds that a batch may take with an event that folds a conversation of up to a million events anew. */
const PATIENCE = 600_000;

/**
 * Stores a checked batch whole or not at all, durable when this resolves, and folds the conversations that it touches.
 * `indexes[n]` is the place of `rows[n]` in the batch, as errors name it.
 * Returns how many events were new, how many repeat one that is stored or stands earlier in the batch, and how many of the
 * latter say something else than it does.
 * Throws `Forbidden`, naming the lines, when a conversation is out of the scope before or after the batch, and
 * `InvalidRequest` when one would hold more than a million events.
 */
export async function ingest(
  db: Database,
  scope: Scope,
  rows: EventRow[],
  indexes: number[],
): Promise<{ accepted: number; duplicates: number; differing: number }> {
  if (rows.length === 0) return { accepted: 0, duplicates: 0, differing: 0 };
  const seen = new Set<string>();
  const distinct = rows.filter((row) => {
    const key = `${row.conversation_id}\0${row.id}`; // U+0000 is in no id
    return !seen.has(key) && seen.add(key);
  });
  const events = await stringifyList(distinct);
  const store = (options?: WriteOptions) =>
    db.write<{ accepted: number }>(
      (sql) => sql`
        select ingest(${scope.account}::uuid, ${events}::text, null,
          ${scope.teams as string[] | null}::text[], ${scope.bots as string[] | null}::text[]) as accepted`,
      { bytes: events.length, ...options },
    );
  try {
    const answer = await store().catch((error) =>
      isRefusal(error, LONG) ? store({ timeout: PATIENCE }) : Promise.reject(error),
    );
    const { accepted } = only(answer);
    const duplicates = rows.length - accepted;
    // Stored by now: where this fails, a sender that tries again is told then.
    const all = duplicates === 0 || distinct.length === rows.length ? events : await stringifyList(rows);
    return { accepted, duplicates, differing: duplicates === 0 ? 0 : await differing(db, scope, all) };
  } catch (error) {
    const refused = (message: (id: string) => string) => {
      const named = new Set<string>(JSON.parse((error as postgres.PostgresError).detail ?? '[]'));
      return rows.flatMap(({ conversation_id: id }, n) =>
        named.has(id) ? [{ path: `$.events[${indexes[n]}]`, message: message(id) }] : [],
      );
    };
    if (isRefusal(error, FULL)) {
      const faults = refused((id) => `conversation ${id} would hold more than 1,000,000 events`);
      throw new InvalidRequest(faults.slice(0, MAX_FAULTY));
    }
    if (!isRefusal(error, OUTSIDE)) throw error;
    const faults = refused(() => 'the conversation is not within the teams and bots of this key');
    throw new Forbidden(
      'this key may not write to some of these conversations; nothing was stored',
      faults.slice(0, MAX_FAULTY),
    );
  }
}

/** A list as JSON, giving the event loop its turns: `JSON.stringify` of 10 MiB would hold it long. */
async function stringifyList(rows: EventRow[]): Promise<string> {
  const parts: string[] = [];
  const slice = new TimeSlice();
  for (const row of rows) {
    parts.push(JSON.stringify(row));
    if (slice.isOver()) await slice.next();
  }
  return `[${parts.join(',')}]`;
}

const isRefusal = (error: unknown, code: string): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && error.code === code;
