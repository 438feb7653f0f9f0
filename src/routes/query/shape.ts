import type { CsvTable } from '../../http/csv.js';
import type { Value } from '../../queries/filter.js';
import { groupPlaces } from '../../queries/group-order.js';
import { type Cell, cellOfNothing } from '../../queries/measure.js';
import type { Table, TableRow } from '../../queries/query.js';
import { formatInstant } from '../../queries/time/instant.js';
import type { Question } from './parse.js';
import type { QueryAnswer } from './schema.js';

/** A row of the answer, with the numbers of both ranges. */
interface Pair extends Pick<TableRow, 'bucket' | 'keys'> {
  /** The rank of its group; null for the remaining groups together, or without a ranking. */
  rank: number | null;
  isOthers: boolean;
  /** Its place in order of bucket and group, the remaining groups last, once that is known. */
  place: number;
  cells: Cell[];
  before: Cell[];
}

/** The answer to a query: its columns, and its rows in order. */
export function shapeAnswer(table: Table, question: Question, notices: string[]): QueryAnswer {
  const { query, groups, measures, hasBucket, others } = question;
  const isCompared = table.before !== undefined;
  const times = table.edges.slice(0, -1).map((edge) => formatInstant(edge, query.window.zone, 'series'));
  const pairs = pairsOf(table, question);
  pairs.sort(inOrder(question, pairs));
  const areNumbers = groups.map(({ type }) => type === 'number');
  const columns = [
    ...(hasBucket ? [{ name: 'time', type: 'time' as const, unit: null }] : []),
    ...groups.map(({ column, type }) => ({ name: column, type, unit: null })),
    ...(others ? [{ name: 'is_others', type: 'boolean' as const, unit: null }] : []),
    ...measures.flatMap(({ name, unit }) => [
      { name, type: 'number' as const, unit },
      ...(isCompared ? [{ name: `${name}_before`, type: 'number' as const, unit }] : []),
    ]),
  ];
  // A large table has a hundred thousand cells: an array for each row, as long as the row and not longer, and none beside it.
  const rowOf = ({ bucket, keys, isOthers, cells, before }: Pair) => {
    const row: QueryAnswer['rows'][number] = new Array(columns.length);
    let at = 0;
    if (hasBucket) row[at++] = times[bucket] as string;
    for (let n = 0; n < keys.length; n++) row[at++] = areNumbers[n] ? numberOf(keys[n] as Value) : (keys[n] as Value);
    if (others) row[at++] = isOthers;
    for (let n = 0; n < cells.length; n++) {
      row[at++] = numberOf(cells[n] as Cell);
      if (isCompared) row[at++] = numberOf(before[n] ?? null);
    }
    return row;
  };
  return {
    columns,
    rows: pairs.map(rowOf),
    notices,
  };
}

const NOTHING: Cell[] = [];

/** Joins the rows of both ranges: buckets by position, groups by their keys. */
function pairsOf(table: Table, { query }: Question): Pair[] {
  const isRest = (rank: number | null) => query.ranking !== undefined && rank === null;
  if (table.before === undefined) {
    return table.rows.map(({ bucket, keys, rank = null, cells }) => {
      return { bucket, keys, rank, isOthers: isRest(rank), place: 0, cells, before: NOTHING };
    });
  }
  const nothing = query.measures.map(cellOfNothing);
  const absent = query.measures.map(() => null);
  const earlier = table.before.edges.length - 1;
  const pairs = new Map<string, Pair>();
  const add = ({ bucket, keys, rank = null, cells }: TableRow, side: 'cells' | 'before') => {
    const isOthers = isRest(rank);
    const id = JSON.stringify([bucket, isOthers, keys]);
    const empty = { cells: nothing, before: bucket < earlier ? nothing : absent };
    const pair = pairs.get(id) ?? { bucket, keys, rank, isOthers, place: 0, ...empty };
    pairs.set(id, { ...pair, [side]: cells });
  };
  for (const row of table.rows) add(row, 'cells');
  for (const row of table.before.rows) if (row.bucket < table.edges.length - 1) add(row, 'before');
  return [...pairs.values()];
}

/** Compares rows in the order of the answer. */
function inOrder({ query, groups, order }: Question, pairs: readonly Pair[]): (a: Pair, b: Pair) => number {
  const othersLast = (a: Pair, b: Pair) => Number(a.isOthers) - Number(b.isOthers);
  if (order.length === 0) {
    setPlaces(pairs, groups);
    return (a, b) => a.place - b.place;
  }
  if (query.groupBy.length > 0) {
    return (a, b) => othersLast(a, b) || (a.rank ?? 0) - (b.rank ?? 0) || a.bucket - b.bucket;
  }
  return (a, b) => {
    for (const { measure, direction } of order) {
      const [x, y] = [numberOf(a.cells[measure] ?? null), numberOf(b.cells[measure] ?? null)];
      if (x === y) continue;
      if (x === null || y === null) return x === null ? 1 : -1;
      return direction === 'asc' ? x - y : y - x;
    }
    return a.bucket - b.bucket;
  };
}

/** Finds the place of each pair. */
function setPlaces(pairs: readonly Pair[], groups: Question['groups']): void {
  const { places, count } = groupPlaces(
    pairs.map(({ keys }) => keys),
    groups.map(({ type }) => type),
  );
  for (let n = 0; n < pairs.length; n++) {
    const pair = pairs[n] as Pair;
    pair.place = (2 * pair.bucket + Number(pair.isOthers)) * count + (places[n] as number);
  }
}

/** Numbers come from the core as such or as exact decimal text; the answer shows the nearest double. */
const numberOf = (value: Value): number | null => (value === null ? null : Number(value));

export const tableOfAnswer = ({ columns, rows }: QueryAnswer): CsvTable => ({
  columns: columns.map(({ name }) => name),
  rows,
});
