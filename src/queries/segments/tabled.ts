import type { Value } from '../filter.js';
import { byCodePoint } from '../order.js';
import type { Ranking, TableRow } from '../query.js';
import { TimeSlice } from '../time-slice.js';
import type { Accumulator } from './cells.js';
import type { Group, Groups } from './groups.js';
import type { Plan } from './plan.js';

/** The rows of each part, from the groups that were added up. */
export async function tabled({ query, parts }: Plan, groups: Groups, measures: Accumulator[]): Promise<TableRow[][]> {
  const slice = new TimeSlice();
  const rows: TableRow[][] = parts.map(() => []);
  const place = async (group: number, { part, bucket, keys }: Group, rank?: number | null) => {
    if (slice.isOver()) await slice.next();
    const cells = measures.map((measure) => measure.cell(group));
    rows[part]?.push({ bucket, keys, cells, ...(rank === undefined ? {} : { rank }) });
  };
  const found = Array.from({ length: groups.length }, (_, group) => ({ group, ...groups.at(group) }));
  if (query.ranking === undefined) {
    for (const { group, ...of } of found) await place(group, of);
    return rows;
  }
  const ranks = await ranked(query.ranking, found, groups, measures, slice);
  const { limit, others } = query.ranking;
  const rest = new Map<string, number>();
  for (const { group, ...of } of found) {
    const rank = ranks.get(identity(of.keys)) as number;
    if (limit === null || rank <= limit) await place(group, of, rank);
    else if (others) {
      const place = `${of.part} ${of.bucket}`;
      const into = rest.get(place) ?? groups.extra();
      rest.set(place, into);
      for (const measure of measures) measure.merge(into, group);
    }
    if (slice.isOver()) await slice.next();
  }
  for (const [at, group] of rest) {
    const [part, bucket] = at.split(' ').map(Number) as [number, number];
    await place(group, { part, bucket, keys: query.groupBy.map(() => null) }, null);
  }
  return rows;
}

const identity = (keys: Value[]) => JSON.stringify(keys);

/** The rank of each combination of keys, from 1: by measures over the whole first part, then by the keys. */
async function ranked(
  { by }: Ranking,
  found: ({ group: number } & Group)[],
  groups: Groups,
  measures: Accumulator[],
  slice: TimeSlice,
): Promise<Map<string, number>> {
  const whole = new Map<string, { keys: Value[]; total: number; scores: (number | null)[] }>();
  for (const { group, part, keys } of found) {
    if (slice.isOver()) await slice.next();
    const name = identity(keys);
    const entry = whole.get(name) ?? { keys, total: groups.extra(), scores: [] };
    whole.set(name, entry);
    if (part === 0) for (const { measure } of by) measures[measure]?.merge(entry.total, group);
  }
  for (const entry of whole.values()) {
    entry.scores = by.map(({ measure }) => {
      const cell = measures[measure]?.cell(entry.total) ?? null;
      return cell === null ? null : Number(cell);
    });
  }
  const order = [...whole].sort(([, a], [, b]) => {
    for (const [n, { direction }] of by.entries()) {
      const compared = nullsLast(a.scores[n] ?? null, b.scores[n] ?? null, (x, y) =>
        direction === 'asc' ? x - y : y - x,
      );
      if (compared !== 0) return compared;
    }
    for (const [n, key] of a.keys.entries()) {
      const compared = nullsLast(key, b.keys[n] ?? null, byValue);
      if (compared !== 0) return compared;
    }
    return 0;
  });
  return new Map(order.map(([name], n) => [name, n + 1]));
}

function nullsLast<T>(a: T | null, b: T | null, compare: (a: T, b: T) => number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compare(a, b);
}

const byValue = (a: Value, b: Value): number =>
  typeof a === 'string' && typeof b === 'string' ? byCodePoint(a, b) : Number(a) - Number(b);
