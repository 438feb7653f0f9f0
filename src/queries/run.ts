import type { Database } from '../database/database.js';
import { type Fault, LimitExceeded } from '../errors.js';
import type { Moment, Query, Table } from './query.js';
import { raw } from './raw/raw.js';
import { axis } from './time/window.js';

/** Most numbers in one answer. */
export const MAX_CELLS = 100_000;

/** Where a dialect's request names its buckets and its groups: the paths of faults of size. */
export interface Places {
  bucket: string;
  groups: string;
}

/**
 * Answers a query. The one place that chooses a road; today there is the raw one.
 * Throws `LimitExceeded`, with the place to change as path, when the answer would be over a limit.
 */
export async function run(db: Database, query: Query, moment: Moment, places: Places): Promise<Table> {
  const built = plan(query, places);
  if (!built.ok) throw new LimitExceeded([built.fault]);
  const most = Math.floor(MAX_CELLS / Math.max(1, query.measures.length));
  const table = await raw(db, query, built.edges, moment, most);
  if (table.rows.length > most) throw tooManyCells(query.groupBy.length > 0 ? places.groups : places.bucket);
  return table;
}

type Planned = Pick<Query, 'window' | 'bucket' | 'groupBy' | 'measures'>;

/** The axis of a query, or the limit that its answer would pass, as far as that is known before it is asked. */
export function plan(
  { window, bucket, groupBy, measures }: Planned,
  places: Places,
): { ok: true; edges: number[] } | { ok: false; fault: Fault } {
  const built = axis(window, bucket);
  if (!built.ok) return { ok: false, fault: { path: places.bucket, message: built.message } };
  const cells = (built.edges.length - 1) * measures.length;
  if (groupBy.length === 0 && cells > MAX_CELLS) return { ok: false, fault: cellFault(places.bucket) };
  return { ok: true, edges: built.edges };
}

const cellFault = (path: string): Fault => ({
  path,
  message: `the answer would have more than ${MAX_CELLS.toLocaleString('en')} numbers: ask for larger buckets, a shorter range, fewer groups or fewer aggregations`,
});

/** The refusal of an answer with too many numbers. */
export const tooManyCells = (path: string) => new LimitExceeded([cellFault(path)]);
