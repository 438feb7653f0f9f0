import type { Arena } from './arena.js';
import { alike, type Column, decoded, type RunColumn, type Values } from './decode.js';
import type { ColumnName } from './section.js';

/** Rows of a segment with columns of the same length. */
export interface Frame {
  from: number;
  to: number;
  /** The rows of the segments before this one. */
  before: number;
  length: number;
  /** The number of conversations that each row stands for; null for one each. */
  weights: Int32Array | null;
  columns: { get(name: ColumnName): Values | undefined };
  /** The columns as they are stored, if the rows are all of the segment, one by one: a test of a text need not decode them. */
  stored: Map<ColumnName, Column> | null;
}

/** A frame with all its columns decoded. */
export type WholeFrame = Frame & { columns: Map<ColumnName, Values> };

/** A segment before its rows are decoded. */
export interface Stored {
  from: number;
  to: number;
  before: number;
  rows: number;
  columns: Map<ColumnName, Column>;
  arena: Arena;
}

/** Some rows of a segment, all without a `selection`, one by one. A column is decoded when it is first asked for. */
export function rowFrame(stored: Stored, names: Iterable<ColumnName>, selection: Int32Array | null): Frame {
  const { from, to, before, rows, columns: all, arena } = stored;
  const open = new Set(names);
  const known = new Map<ColumnName, Values>();
  const columns = {
    get(name: ColumnName) {
      const column = open.has(name) ? all.get(name) : undefined;
      if (column !== undefined && !known.has(name)) known.set(name, decoded(column, rows, selection, arena));
      return known.get(name);
    },
  };
  const length = selection?.length ?? rows;
  return { from, to, before, length, weights: null, columns, stored: selection === null ? all : null };
}

/** A segment of which all these columns come in runs: neighbours that are equal in all of them are one row. */
export function runFrame(
  { from, to, before, rows, columns: all, arena }: Stored,
  names: Iterable<ColumnName>,
): WholeFrame {
  const runs = new Map<ColumnName, RunColumn>();
  for (const name of names) runs.set(name, all.get(name) as RunColumn);
  const starts = startsOf([...runs.values()], arena);
  const length = starts.length;
  const weights = arena.integers(length);
  for (let n = 0; n < length - 1; n++) weights[n] = (starts[n + 1] as number) - (starts[n] as number);
  weights[length - 1] = rows - (starts[length - 1] as number);
  const columns = new Map<ColumnName, Values>();
  for (const [name, column] of runs) {
    columns.set(name, column.starts === starts ? column.values : sampled(column, starts, arena));
  }
  return { from, to, before, length, weights, columns, stored: null };
}

const ONE = new Int32Array(1);

/** The rows at which any column begins a run, in order. */
export function startsOf(columns: RunColumn[], arena: Arena): Int32Array {
  let all: Int32Array = ONE;
  for (const { starts } of columns) if (starts.length > 1) all = all === ONE ? starts : united(all, starts, arena);
  return all;
}

/** The numbers of two lists in order, each once. */
function united(a: Int32Array, b: Int32Array, arena: Arena): Int32Array {
  const all = arena.integers(a.length + b.length);
  let [i, j, length] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const [x, y] = [a[i] as number, b[j] as number];
    if (x <= y) i++;
    if (y <= x) j++;
    all[length++] = Math.min(x, y);
  }
  while (i < a.length) all[length++] = a[i++] as number;
  while (j < b.length) all[length++] = b[j++] as number;
  return all.subarray(0, length);
}

/** The value of a column at the beginning of each of these runs. */
export function sampled({ values, starts }: RunColumn, rows: Int32Array, arena: Arena): Values {
  const all = alike(values, rows.length, arena);
  const last = starts.length - 1;
  for (let n = 0, run = 0; n < rows.length; n++) {
    while (run < last && (starts[run + 1] as number) <= (rows[n] as number)) run++;
    all[n] = values[run] as number;
  }
  return all;
}

/** The rows of a frame that a mask leaves. */
export function kept(frame: WholeFrame, mask: Uint8Array, arena: Arena): Frame {
  const rows = placesOf(mask, arena);
  const taken = <Kind extends Values>(from: Kind, into: Kind): Kind => {
    for (let n = 0; n < rows.length; n++) into[n] = from[rows[n] as number] as number;
    return into;
  };
  const columns = new Map<ColumnName, Values>();
  for (const [name, values] of frame.columns) columns.set(name, taken(values, alike(values, rows.length, arena)));
  const weights = frame.weights === null ? null : taken(frame.weights, arena.integers(rows.length));
  return { ...frame, length: rows.length, weights, columns };
}

/** The places of a mask that are set. */
export function placesOf(mask: Uint8Array, arena: Arena): Int32Array {
  let length = 0;
  for (let n = 0; n < mask.length; n++) length += mask[n] as number;
  const places = arena.integers(length);
  for (let n = 0, next = 0; next < length; n++) {
    places[next] = n; // written again until a place is taken: what is taken cannot be foreseen, and a branch would cost more
    next += mask[n] as number;
  }
  return places;
}
