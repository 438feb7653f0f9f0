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
  const { ranking } = query;
  const place = (group: number, { part, bucket, keys }: Group, rank: number | null) => {
    // There may be a hundred thousand rows: of this length exactly, and nothing beside it, as `map` would make.
    const cells: TableRow['cells'] = new Array(measures.length);
    for (let n = 0; n < cells.length; n++) cells[n] = (measures[n] as Accumulator).cell(group);
    rows[part]?.push(ranking === undefined ? { bucket, keys, cells } : { bucket, keys, cells, rank });
  };
  const selecting = measures.filter(({ select }) => select !== undefined);
  const count = groups.length;
  const ranks = ranking === undefined ? null : await ranked(ranking, groups, measures, slice);
  const limit = ranking?.limit ?? Number.POSITIVE_INFINITY;
  const rest = new Map<string, { into: number; of: Group }>();
  for (let group = 0; group < count; group++) {
    if (slice.isOver()) await slice.next();
    const of = groups.at(group);
    const rank = ranks?.get(of.place) ?? null;
    if (rank === null || rank <= limit) {
      for (const measure of selecting) await measure.select?.(group, slice);
      place(group, of, rank);
    } else if (ranking?.others) {
      const name = `${of.part} ${of.bucket}`;
      const others = rest.get(name) ?? { into: groups.extra(), of: { ...of, keys: query.groupBy.map(() => null) } };
      rest.set(name, others);
      for (const measure of measures) measure.merge(others.into, group);
    }
  }
  for (const { into, of } of rest.values()) {
    for (const measure of selecting) await measure.select?.(into, slice);
    place(into, of, null);
  }
  return rows;
}

/** The rank of each combination of keys, from 1: by measures over the whole first part, then by the keys. */
async function ranked(
  { by }: Ranking,
  groups: Groups,
  measures: Accumulator[],
  slice: TimeSlice,
): Promise<Map<number, number>> {
  const whole = new Map<number, { keys: Value[]; total: number; scores: (number | null)[] }>();
  const used = [...new Set(by.map(({ measure }) => measure))];
  const selecting = used.flatMap((n) => measures[n] ?? []).filter(({ select }) => select !== undefined);
  const count = groups.length;
  for (let group = 0; group < count; group++) {
    if (slice.isOver()) await slice.next();
    const { part, place, keys } = groups.at(group);
    const entry = whole.get(place) ?? { keys, total: groups.extra(), scores: [] };
    whole.set(place, entry);
    if (part === 0) for (const measure of used) measures[measure]?.merge(entry.total, group);
  }
  for (const entry of whole.values()) {
    for (const measure of selecting) await measure.select?.(entry.total, slice);
    if (slice.isOver()) await slice.next();
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
  return new Map(order.map(([place], n) => [place, n + 1]));
}

function nullsLast<T>(a: T | null, b: T | null, compare: (a: T, b: T) => number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return compare(a, b);
}

const byValue = (a: Value, b: Value): number =>
  typeof a === 'string' && typeof b === 'string' ? byCodePoint(a, b) : Number(a) - Number(b);
