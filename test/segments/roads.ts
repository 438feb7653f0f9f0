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

/** The rows of an answer in an order of their own, numbers as they are told, averages to 12 digits. */
export function told(parts: TableRow[][], measures: Measure[]): unknown {
  const isRounded = measures.map(({ aggregate }) => ['avg', 'share', 'percentile'].includes(aggregate));
  return parts.map((rows) =>
    rows
      .map(({ bucket, keys, cells, rank }) =>
        JSON.stringify({
          bucket,
          keys,
          rank: rank ?? null,
          cells: cells.map((cell, n) =>
            cell === null ? null : isRounded[n] ? Number(Number(cell).toPrecision(12)) : Number(cell),
          ),
        }),
      )
      .sort(),
  );
}

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
    if (found === null) return { road: 'raw', isRight: true, rows: 0, fast: null, slow: null };
    const expected = await raw(snapshot, query, planned.parts, asOf, 1_000_000);
    const [fast, slow] = [told(found.parts, query.measures), told(expected.parts, query.measures)];
    return {
      // A statement that finds marks is followed by one that builds.
      road: snapshot.scans() === 1 ? 'stored' : 'built',
      isRight: JSON.stringify(fast) === JSON.stringify(slow),
      rows: expected.parts.reduce((sum, rows) => sum + rows.length, 0),
      fast,
      slow,
    };
  });
}
