/** Both roads of one query, and how their answers are compared. */
import type { Database } from '../../src/database/database.js';
import { InvalidRequest } from '../../src/errors.js';
import { Faults } from '../../src/http/faults.js';
import type { Measure } from '../../src/queries/measure.js';
import type { AsOf, Query, TableRow } from '../../src/queries/query.js';
import { raw } from '../../src/queries/raw/raw.js';
import { plan } from '../../src/queries/run.js';
import { refresh, type Sizes } from '../../src/queries/segments/refresh.js';
import { segments } from '../../src/queries/segments/segments.js';
import { parseQuestion } from '../../src/routes/query/parse.js';
import { ACCOUNT } from '../harness.js';
import { inSnapshot } from './snapshot.js';

/** Builds every marked segment. */
export async function refreshAll(db: Database, sizes?: Sizes): Promise<void> {
  while ((await refresh(db, ACCOUNT, sizes)) !== null);
}

/** The core query behind a body of `/v1/query`, or null if it is refused. */
export function queryOf(body: unknown, now: number, teams: string[] | null = null): Query | null {
  const faults = new Faults();
  try {
    const { query } = parseQuestion(body, now, faults);
    faults.check();
    return { ...query, scope: { account: ACCOUNT, teams, bots: null } } as Query;
  } catch (error) {
    if (error instanceof InvalidRequest) return null;
    throw error;
  }
}

/** The rows of an answer in an order of their own, to be shown: averages to 12 digits. */
export function told(parts: TableRow[][], measures: Measure[]): unknown {
  return parts.map((rows) =>
    rows
      .map(({ bucket, keys, cells, rank }) =>
        JSON.stringify({
          bucket,
          keys,
          rank: rank ?? null,
          cells: cells.map((cell, n) =>
            cell === null ? null : isRounded(measures[n]) ? Number(Number(cell).toPrecision(12)) : Number(cell),
          ),
        }),
      )
      .sort(),
  );
}

/** Averages of both roads may differ by so much of their size. */
const NEAR = 1e-12;

/** Whether two answers are the same: averages to 12 digits, everything else exactly. */
export function agree(fast: TableRow[][], slow: TableRow[][], measures: Measure[]): boolean {
  const nameOf = ({ bucket, keys, rank }: TableRow) => JSON.stringify([bucket, keys, rank ?? null]);
  return fast.every((rows, part) => {
    const others = new Map((slow[part] ?? []).map((row) => [nameOf(row), row.cells]));
    return (
      rows.length === slow[part]?.length &&
      new Set(rows.map(nameOf)).size === others.size &&
      rows.every((row) => {
        const cells = others.get(nameOf(row));
        return cells !== undefined && row.cells.every((cell, n) => areAlike(cell, cells[n] ?? null, measures[n]));
      })
    );
  });
}

function areAlike(a: TableRow['cells'][number], b: TableRow['cells'][number], measure: Measure | undefined): boolean {
  if (a === null || b === null) return a === b;
  const [x, y] = [Number(a), Number(b)];
  return x === y || (isRounded(measure) && Math.abs(x - y) <= NEAR * Math.max(Math.abs(x), Math.abs(y)));
}

const isRounded = (measure: Measure | undefined) => ['avg', 'share', 'percentile'].includes(String(measure?.aggregate));

/**
 * How a query was answered: by stored segments alone, by some that were built in place, or by the raw road, which leaves
 * nothing to compare.
 */
export type Road = 'stored' | 'built' | 'raw';

export interface Comparison {
  road: Road;
  isRight: boolean;
  rows: number;
  fast: unknown;
  slow: unknown;
}

/** Asks both roads within one snapshot. Null for a query beyond the limits of an answer. */
export async function compare(db: Database, query: Query, asOf: AsOf): Promise<Comparison | null> {
  const planned = plan(query, { bucket: '', groups: '' });
  if (!planned.ok) return null;
  return inSnapshot(db, async (snapshot) => {
    const found = await segments(snapshot, query, planned.parts, asOf);
    if ('reason' in found) return { road: 'raw', isRight: true, rows: 0, fast: null, slow: null };
    const expected = await raw(snapshot, query, planned.parts, asOf, 1_000_000);
    const [fast, slow] = [told(found.parts, query.measures), told(expected.parts, query.measures)];
    return {
      // A statement that finds marks is followed by one that builds.
      road: snapshot.scans() === 1 ? 'stored' : 'built',
      isRight: agree(found.parts, expected.parts, query.measures),
      rows: expected.parts.reduce((sum, rows) => sum + rows.length, 0),
      fast,
      slow,
    };
  });
}
