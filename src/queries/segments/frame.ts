import type { Arena } from './arena.js';
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

export function frameOf(from: number, to: number, rows: number, columns: Map<ColumnName, Column>, arena: Arena): Frame {
  const aligned = new Map<ColumnName, Values>();
  let isRuns = true;
  let longest: Column | null = null;
  let starting = 0;
  for (const column of columns.values()) {
    isRuns &&= column.isRun;
    if (column.starts.length > 1) starting++;
    if (longest === null || column.starts.length > longest.starts.length) longest = column;
  }
  if (!isRuns) {
    for (const [name, column] of columns) {
      aligned.set(name, column.isRun ? spread(column, rows, arena) : column.values);
    }
    return { from, to, length: rows, weights: null, columns: aligned };
  }
  let starts = longest?.starts ?? ONE;
  if (starting > 1) starts = startsOf([...columns.values()], rows, arena);
  const length = starts.length;
  const weights = arena.integers(length);
  for (let n = 0; n < length - 1; n++) weights[n] = (starts[n + 1] as number) - (starts[n] as number);
  weights[length - 1] = rows - (starts[length - 1] as number);
  for (const [name, column] of columns) {
    aligned.set(name, column.starts === starts ? column.values : sampled(column, starts, arena));
  }
  return { from, to, length, weights, columns: aligned };
}

const ONE = new Int32Array(1);

const alike = (values: Values, length: number, arena: Arena): Values =>
  values instanceof Int32Array || isSmall(values) ? arena.integers(length) : arena.doubles(length);

const isSmall = (values: Values) => values.length === 1 && values[0] === ((values[0] as number) | 0);

/** The value of each row. */
function spread({ values, starts }: Column, rows: number, arena: Arena): Values {
  const all = alike(values, rows, arena);
  const last = starts.length - 1;
  for (let n = 0; n < last; n++) all.fill(values[n] as number, starts[n], starts[n + 1]);
  all.fill(values[last] as number, starts[last], rows);
  return all;
}

/** The rows at which any column begins a run, in order. */
function startsOf(all: Column[], rows: number, arena: Arena): Int32Array {
  const begins = arena.bytes(rows).fill(0);
  for (const { starts } of all) for (let n = 0; n < starts.length; n++) begins[starts[n] as number] = 1;
  let length = 0;
  for (let row = 0; row < rows; row++) length += begins[row] as number;
  const merged = arena.integers(length);
  for (let row = 0, n = 0; row < rows; row++) if (begins[row] === 1) merged[n++] = row;
  return merged;
}

/** The value of each row that begins a run. */
function sampled({ values, starts }: Column, rows: Int32Array, arena: Arena): Values {
  const all = alike(values, rows.length, arena);
  const last = starts.length - 1;
  for (let n = 0, run = 0; n < rows.length; n++) {
    while (run < last && (starts[run + 1] as number) <= (rows[n] as number)) run++;
    all[n] = values[run] as number;
  }
  return all;
}
