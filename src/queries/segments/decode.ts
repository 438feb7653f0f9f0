import type { Arena } from './arena.js';

/** A column of one segment as it is stored. Its values are decoded for the rows that a query needs, once they are known. */
export type Column = RunColumn | PlainColumn;

/** A value for each run, which begins at the row in `starts`. A column of equal values is one run. */
export interface RunColumn {
  isRun: true;
  values: Values;
  starts: Int32Array;
}

/** A value of `width` bytes for each row, after a header. */
export interface PlainColumn {
  isRun: false;
  bytes: Uint8Array;
  width: number;
  /** What to add to a stored number, unless it is 0, which is null. */
  base: number;
  isCode: boolean;
}

/** Codes, in which 0 is null, or numbers, in which `NONE` is null. */
export type Values = Int32Array | Float64Array;

/** Null among numbers. No number of a segment has this value: such a segment goes the raw road. */
export const NONE = -0x8000_0000;

const FIRST_ROW = new Int32Array(1);
export const HEADER = 9;

/** Opens a column in the format of build.ts; null for one that has a number equal to `NONE`. */
export function opened(bytes: Buffer, rows: number, isCode: boolean, arena: Arena): Column | null {
  const width = bytes[0] as number;
  if (width === 255) return openedRuns(bytes, arena);
  const least = bytes.readInt32BE(1) * 0x1_0000_0000 + bytes.readUInt32BE(5);
  if (width === 0) {
    const values = arena.doubles(1);
    values[0] = bytes[HEADER] === 0 ? (isCode ? 0 : NONE) : least;
    return bytes[HEADER] !== 0 && least === NONE ? null : { isRun: true, values, starts: FIRST_ROW };
  }
  if (bytes.length !== HEADER + width * rows) throw new Error('a column of a segment has another length than its rows');
  const base = least - 1;
  if (!isCode && base <= NONE && base + 256 ** width >= NONE) return null;
  return { isRun: false, bytes, width, base: isCode ? 0 : base, isCode };
}

function openedRuns(bytes: Buffer, arena: Arena): RunColumn {
  const length = (bytes.length - 1) / 8;
  const values = arena.integers(length);
  const starts = arena.integers(length);
  for (let n = 0, at = 1; n < length; n++, at += 8) {
    values[n] = int32(bytes, at);
    starts[n] = int32(bytes, at + 4);
  }
  return { isRun: true, values, starts };
}

const int32 = (bytes: Uint8Array, at: number) =>
  ((bytes[at] as number) << 24) |
  ((bytes[at + 1] as number) << 16) |
  ((bytes[at + 2] as number) << 8) |
  (bytes[at + 3] as number);

/** The values of rows of a column: of all, or of those in `selection`, which are in order. */
export function decoded(column: Column, rows: number, selection: Int32Array | null, arena: Arena): Values {
  const length = selection?.length ?? rows;
  if (column.isRun) return spread(column, length, selection, arena);
  const { bytes, width, base, isCode } = column;
  const isSmall = isCode || (base > NONE && base + 256 ** width < 0x8000_0000);
  const values = isSmall ? arena.integers(length) : arena.doubles(length);
  if (selection === null) fill(values, bytes, width);
  else pick(values, bytes, width, selection);
  if (!isCode) shift(values, base);
  return values;
}

/** The stored values of all rows. One loop for each usual width. */
function fill(values: Values, bytes: Uint8Array, width: number): void {
  const rows = values.length;
  let at = HEADER;
  if (width === 1) for (let n = 0; n < rows; n++) values[n] = bytes[at++] as number;
  else if (width === 2) {
    for (let n = 0; n < rows; n++, at += 2) values[n] = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  } else if (width === 3) {
    for (let n = 0; n < rows; n++, at += 3) {
      values[n] = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    }
  } else for (let n = 0; n < rows; n++, at += width) values[n] = wide(bytes, at, width);
}

/** The stored values of the rows in `selection`. */
function pick(values: Values, bytes: Uint8Array, width: number, selection: Int32Array): void {
  const { length } = selection;
  if (width === 1) for (let n = 0; n < length; n++) values[n] = bytes[HEADER + (selection[n] as number)] as number;
  else if (width === 3) {
    for (let n = 0; n < length; n++) {
      const at = HEADER + 3 * (selection[n] as number);
      values[n] = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    }
  } else {
    for (let n = 0; n < length; n++) values[n] = wide(bytes, HEADER + width * (selection[n] as number), width);
  }
}

function wide(bytes: Uint8Array, from: number, width: number): number {
  let value = 0;
  for (let at = from; at < from + width; at++) value = value * 256 + (bytes[at] as number);
  return value;
}

function shift(values: Values, base: number): void {
  for (let n = 0; n < values.length; n++) {
    const stored = values[n] as number;
    values[n] = stored === 0 ? NONE : stored + base;
  }
}

/** The value of each row of a column of runs. */
function spread({ values, starts }: RunColumn, length: number, selection: Int32Array | null, arena: Arena): Values {
  const all = alike(values, length, arena);
  const last = starts.length - 1;
  if (last === 0) return all.fill(values[0] as number);
  if (selection !== null) {
    for (let n = 0, run = 0; n < length; n++) {
      while (run < last && (starts[run + 1] as number) <= (selection[n] as number)) run++;
      all[n] = values[run] as number;
    }
    return all;
  }
  for (let n = 0; n < last; n++) all.fill(values[n] as number, starts[n], starts[n + 1]);
  return all.fill(values[last] as number, starts[last], length);
}

/** Room for values of the same kind. */
export const alike = (values: Values, length: number, arena: Arena): Values =>
  values instanceof Int32Array || isSmall(values) ? arena.integers(length) : arena.doubles(length);

const isSmall = (values: Values) => values.length === 1 && values[0] === ((values[0] as number) | 0);
