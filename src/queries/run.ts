import type { Database } from '../database/database.js';
import { noteRoad } from '../database/meter.js';
import { type Fault, LimitExceeded } from '../errors.js';
import { cellOfNothing } from './measure.js';
import type { AsOf, Query, Series, Table, TableRow, Work } from './query.js';
import { type Found, type Part, raw } from './raw/raw.js';
import { segments } from './segments/segments.js';
import { axis } from './time/window.js';

/** Maximum number of numbers in one answer. */
export const MAX_CELLS = 100_000;

/** The paths under which the request of a dialect names its buckets and groups, for faults about size. */
export interface SizePaths {
  bucket: string;
  groups: string;
}

/**
 * Answers a query. This is the only place that chooses a road: segments, if they can answer it, else the raw one. Without
 * groups there is one row for every bucket, in order, also for empty ones. Throws `LimitExceeded`, with the path to change, if
 * the answer would exceed a limit.
 */
export async function run(db: Database, query: Query, asOf: AsOf, paths: SizePaths): Promise<Table> {
  const planned = plan(query, paths);
  if (!planned.ok) throw new LimitExceeded([planned.fault]);
  const { parts } = planned;
  const most = Math.floor(MAX_CELLS / Math.max(1, query.measures.length * parts.length));
  const fast = await segments(db, query, parts, asOf);
  const found = 'reason' in fast ? await raw(db, query, parts, asOf, most * parts.length) : fast;
  const work = workOf(fast, found);
  noteRoad(work.road);
  if (found.parts.some((rows) => rows.length > most)) {
    throw tooManyCells(query.groupBy.length > 0 ? paths.groups : paths.bucket);
  }
  const [main, before] = parts.map((part, n) => counted(query, part, found.parts[n] as TableRow[]));
  const { mixedCurrencies, present } = found;
  return { ...(main as Series), mixedCurrencies, present, work, ...(before === undefined ? {} : { before }) };
}

function workOf(fast: Awaited<ReturnType<typeof segments>>, { parts }: Found): Work {
  if ('reason' in fast) {
    return { road: 'raw', reason: fast.reason, rows: parts.reduce((sum, rows) => sum + rows.length, 0) };
  }
  const { segments, rows, bytes } = fast.read;
  return { road: 'segments', segments, rows, bytes };
}

function counted({ groupBy, measures }: Query, { edges }: Part, rows: TableRow[]): Series {
  if (groupBy.length > 0) return { edges, rows };
  const cells = measures.map(cellOfNothing);
  const all: TableRow[] = edges.slice(0, -1).map((_, bucket) => ({ bucket, keys: [], cells }));
  for (const row of rows) all[row.bucket] = row;
  return { edges, rows: all };
}

type Sized = Pick<Query, 'window' | 'bucket' | 'before' | 'groupBy'> & { measures: readonly unknown[] };

/** The axes of a query, or the limit that its answer would exceed, as far as that is known in advance. */
export function plan(
  { window, bucket, before, groupBy, measures }: Sized,
  paths: SizePaths,
): { ok: true; parts: Part[] } | { ok: false; fault: Fault } {
  const parts: Part[] = [];
  for (const range of before === undefined ? [{ window, bucket }] : [{ window, bucket }, before]) {
    const built = axis(range.window, range.bucket);
    if (!built.ok) return { ok: false, fault: { path: paths.bucket, message: built.message } };
    parts.push({ window: range.window, edges: built.edges });
    const cells = (built.edges.length - 1) * measures.length * (before === undefined ? 1 : 2);
    if (groupBy.length === 0 && cells > MAX_CELLS) return { ok: false, fault: cellFault(paths.bucket) };
  }
  return { ok: true, parts };
}

const cellFault = (path: string): Fault => ({
  path,
  message: `the answer would have more than ${MAX_CELLS.toLocaleString('en')} numbers: ask for larger buckets, a shorter range, fewer groups or fewer measures`,
});

/** The error for an answer with too many numbers. */
export const tooManyCells = (path: string) => new LimitExceeded([cellFault(path)]);
