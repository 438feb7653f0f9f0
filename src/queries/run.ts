import type { Database } from '../database/database.js';
import { LimitExceeded } from '../errors.js';
import type { Moment, Query, Table } from './query.js';
import { raw } from './raw/raw.js';
import { axis } from './time/window.js';

/** Most numbers in one answer. */
export const MAX_CELLS = 100_000;

/**
 * Answers a query. The one place that chooses a road; today there is the raw one.
 * Throws `LimitExceeded`, its faults under the path `bucketPath`, when the answer would be over a limit.
 */
export async function run(db: Database, query: Query, moment: Moment, bucketPath: string): Promise<Table> {
  const built = axis(query.window, query.bucket);
  if (!built.ok) throw new LimitExceeded([{ path: bucketPath, message: built.message }]);
  const most = Math.floor(MAX_CELLS / Math.max(1, query.measures.length));
  const rows = await raw(db, query, built.edges, moment, most);
  if (rows.length > most) throw tooManyCells(bucketPath);
  return { edges: built.edges, rows };
}

/** The refusal of an answer with too many numbers. */
export const tooManyCells = (path: string) =>
  new LimitExceeded([
    {
      path,
      message: `the answer would have more than ${MAX_CELLS.toLocaleString('en')} numbers: ask for larger buckets, a shorter range or fewer groups`,
    },
  ]);
