import postgres from '#postgres';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { Forbidden } from '../../errors.js';
import type { Scope } from '../scope.js';
import { Turn } from '../turn.js';
import { type EventRow, MAX_FAULTY } from './check.js';
import { differing } from './differing.js';

/** The SQLSTATE with which the database's `ingest` says that a conversation is out of the key's reach. */
const OUTSIDE = 'CR403';

/**
 * Stores a checked batch whole or not at all, durable when this resolves, and folds the conversations that it touches.
 * `indexes[n]` is the place of `rows[n]` in the batch, as errors name it.
 * Returns how many events were new, how many repeat one that is stored or stands earlier in the batch, and how many of the
 * latter say something else than it does.
 * Throws `Forbidden`, naming the lines, when a conversation is out of the scope before or after the batch.
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
  const isNarrowed = scope.teams !== null || scope.bots !== null;
  const conversations = isNarrowed ? [...new Set(distinct.map((row) => row.conversation_id))] : [];
  const events = await stringifyList(distinct);
  try {
    const answer = await db.write<{ accepted: number }>(
      (sql) => sql`
        select ingest(${scope.account}::uuid, ${events}::text, ${conversations}::text[],
          ${scope.teams as string[] | null}::text[], ${scope.bots as string[] | null}::text[]) as accepted`,
      events.length,
    );
    const { accepted } = only(answer);
    const duplicates = rows.length - accepted;
    // Stored by now: where this fails, a sender that tries again is told then.
    const all = duplicates === 0 || distinct.length === rows.length ? events : await stringifyList(rows);
    return { accepted, duplicates, differing: duplicates === 0 ? 0 : await differing(db, scope, all) };
  } catch (error) {
    if (!(error instanceof postgres.PostgresError && error.code === OUTSIDE)) throw error;
    const outside = new Set<string>(JSON.parse(error.detail ?? '[]'));
    const faults = rows.flatMap((row, n) =>
      outside.has(row.conversation_id)
        ? [
            {
              path: `$.events[${indexes[n]}]`,
              message: 'the conversation is not within the teams and bots of this key',
            },
          ]
        : [],
    );
    throw new Forbidden(
      'this key may not write to some of these conversations; nothing was stored',
      faults.slice(0, MAX_FAULTY),
    );
  }
}

/** A list as JSON, giving the event loop its turns: `JSON.stringify` of 10 MiB would hold it long. */
async function stringifyList(rows: EventRow[]): Promise<string> {
  const parts: string[] = [];
  const turn = new Turn();
  for (const row of rows) {
    parts.push(JSON.stringify(row));
    if (turn.isOver()) await turn.next();
  }
  return `[${parts.join(',')}]`;
}
