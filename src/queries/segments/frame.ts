import type { ColumnName } from './columns.js';
import type { Column, Values } from './decode.js';

/**
 * The rows of a segment with all columns of the same length. If every column that a query needs comes in runs, equal
 * neighbours are one row, and `weights` says how many conversations it stands for.
 */
export interface Frame {
  from: number;
  to: number;
  length: number;
  weights: Int32Array | null;
  columns: Map<ColumnName, Values>;
}

export function frameOf(from: number, to: number, rows: number, columns: Map<ColumnName, Column>): Frame {
  const all = [...columns.values()];
  const aligned = new Map<ColumnName, Values>();
  if (!all.every(({ isRun }) => isRun)) {
    for (const [name, column] of columns) aligned.set(name, column.isRun ? spread(column, rows) : column.values);
    return { from, to, length: rows, weights: null, columns: aligned };
  }
  const [only] = all;
  const starts = all.length === 1 && only !== undefined ? only.starts : startsOf(all);
  const length = all.length === 1 && only !== undefined ? only.length : starts.length;
  const weights = new Int32Array(length);
  for (let n = 0; n < length; n++)
    weights[n] = (n + 1 < length ? (starts[n + 1] as number) : rows) - (starts[n] as number);
  for (const [name, column] of columns) {
    aligned.set(name, all.length === 1 ? column.values : sampled(column, starts, length));
  }
  return { from, to, length, weights, columns: aligned };
}

/** The value of each row. */
function spread({ values, starts, length }: Column, rows: number): Values {
  const all = values instanceof Int32Array ? new Int32Array(rows) : new Float64Array(rows);
  for (let n = 0; n < length; n++) all.fill(values[n] as number, starts[n], n + 1 < length ? starts[n + 1] : rows);
  return all;
}

/** The rows at which any column begins a run, in order. */
function startsOf(all: Column[]): Int32Array {
  let merged: number[] = [0];
  for (const { starts, length } of all) {
    if (length === 1) continue;
    const next: number[] = [];
    for (let [a, b] = [0, 0]; a < merged.length || b < length; ) {
      const x = a < merged.length ? (merged[a] as number) : Number.POSITIVE_INFINITY;
      const y = b < length ? (starts[b] as number) : Number.POSITIVE_INFINITY;
      next.push(Math.min(x, y));
      if (x <= y) a++;
      if (y <= x) b++;
    }
    merged = next;
  }
  return Int32Array.from(merged);
}

/** The value of each row that begins a run. */
function sampled(column: Column, rows: Int32Array, length: number): Values {
  const values = column.values instanceof Int32Array ? new Int32Array(length) : new Float64Array(length);
  for (let n = 0, run = 0; n < length; n++) {
    while (run + 1 < column.length && (column.starts[run + 1] as number) <= (rows[n] as number)) run++;
    values[n] = column.values[run] as number;
  }
  return values;
}
