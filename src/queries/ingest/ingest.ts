import postgres from '#postgres';
import type { Database, WriteOptions } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { Forbidden, InvalidRequest } from '../../errors.js';
import type { Scope } from '../scope.js';
import { TimeSlice } from '../time-slice.js';
import { type EventRow, MAX_FAULTY } from './check.js';
import { differing } from './differing.js';

/**
 * The SQLSTATEs with which the database function `ingest` refuses a batch. The detail is a JSON list of conversations.
 */
const OUTSIDE = 'CR403';
const FULL = 'CR400';
const LONG = 'CR408';

/** Timeout in milliseconds for a batch that refolds a long conversation (up to a million events). */
const PATIENCE = 600_000;

export interface IngestOptions {
  /** The most lines that an error names. */
  most?: number;
  /** Whether an event is older than what is kept. It is ignored, and counts as a duplicate. */
  isPast?: (row: EventRow) => boolean;
}

/**
 * Stores a validated batch atomically and folds the conversations that it touches. The batch is durable when the
 * promise resolves. `indexes[n]` is the index of `rows[n]` in the batch, as errors name it. Returns the number of new
 * events, of duplicates (of a stored event or of one earlier in the batch), and of duplicates whose content differs.
 * Throws `Forbidden` when a conversation is out of scope before or after the batch, and `InvalidRequest` when one would have
 * more than a million events; both name the lines, up to `most` of them.
 */
export async function ingest(
  db: Database,
  scope: Scope,
  rows: EventRow[],
  indexes: number[],
  { most = MAX_FAULTY, isPast = () => false }: IngestOptions = {},
): Promise<{ accepted: number; duplicates: number; differing: number }> {
  if (rows.length === 0) return { accepted: 0, duplicates: 0, differing: 0 };
  const seen = new Set<string>();
  const distinct = rows.filter((row) => {
    const key = `${row.conversation_id}\0${row.id}`; // no id contains U+0000
    return !seen.has(key) && seen.add(key) && !isPast(row);
  });
  if (distinct.length === 0) return { accepted: 0, duplicates: rows.length, differing: 0 };
  const events = await stringifyBatch(distinct);
  const store = (options?: WriteOptions) =>
    db.write<{ accepted: number }>(
      (sql) => sql`
        select ingest(${scope.account}::uuid, ${events}::text, ${[`timeout ${options?.timeout ?? db.timeout}`]}::text[],
          ${scope.teams as string[] | null}::text[], ${scope.bots as string[] | null}::text[]) as accepted`,
      { bytes: events.length, ...options },
    );
  try {
    const answer = await store().catch((error) =>
      isRefusal(error, LONG) ? store({ timeout: PATIENCE }) : Promise.reject(error),
    );
    const { accepted } = only(answer);
    const duplicates = rows.length - accepted;
    // The batch is stored by now. If this fails, the sender retries and gets the notice then.
    return {
      accepted,
      duplicates,
      differing:
        duplicates === 0 ? 0 : await differing(db, scope, await stringifyList(rows.filter((row) => !isPast(row)))),
    };
  } catch (error) {
    const refused = (message: (id: string) => string) => {
      const named = new Set<string>(JSON.parse((error as postgres.PostgresError).detail ?? '[]'));
      return rows.flatMap(({ conversation_id: id }, n) =>
        named.has(id) ? [{ path: `$.events[${indexes[n]}]`, message: message(id) }] : [],
      );
    };
    if (isRefusal(error, FULL)) {
      const faults = refused((id) => `conversation ${id} would hold more than 1,000,000 events`);
      throw new InvalidRequest(faults.slice(0, most));
    }
    if (!isRefusal(error, OUTSIDE)) throw error;
    const faults = refused(() => 'the conversation is not within the teams and bots of this key');
    throw new Forbidden(
      'this key may not write to some of these conversations; nothing was stored',
      faults.slice(0, most),
    );
  }
}

/**
 * Serializes a batch as the database function `ingest` reads it: most events of a batch send the attributes that others
 * send too, and each different set of them is written, sent and parsed once.
 */
async function stringifyBatch(rows: EventRow[]): Promise<string> {
  const numbers = new Map<string, number>();
  const numberOf = (attributes: EventRow['attributes']) => {
    if (attributes === undefined) return undefined;
    const text = JSON.stringify(attributes);
    const known = numbers.get(text);
    if (known === undefined) numbers.set(text, numbers.size + 1);
    return known ?? numbers.size;
  };
  // Column by column: a copy of the other properties by `...` costs more than everything else here.
  const events = await stringifyList(rows, (row) => ({
    conversation_id: row.conversation_id,
    id: row.id,
    type: row.type,
    time: row.time,
    seq: row.seq,
    sender: row.sender,
    actor_id: row.actor_id,
    team_id: row.team_id,
    organization_id: row.organization_id,
    said: numberOf(row.attributes),
    body: row.body,
  }));
  return `{"attributes":[${[...numbers.keys()].join(',')}],"events":${events}}`;
}

/** Serializes a list as JSON and yields to the event loop: one `JSON.stringify` of 10 MiB would block it. */
async function stringifyList(rows: EventRow[], shape: (row: EventRow) => object = (row) => row): Promise<string> {
  const parts: string[] = [];
  const slice = new TimeSlice();
  for (const row of rows) {
    parts.push(JSON.stringify(shape(row)));
    if (slice.isOver()) await slice.next();
  }
  return `[${parts.join(',')}]`;
}

const isRefusal = (error: unknown, code: string): error is postgres.PostgresError =>
  error instanceof postgres.PostgresError && error.code === code;
