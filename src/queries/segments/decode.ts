import type { Arena } from './arena.js';

/** A column of one segment: a value for each row, or for each run. */
export interface Column {
  /** Whether `values` has one value for each run, which begins at the row in `starts`. */
  isRun: boolean;
  values: Values;
  starts: Int32Array;
}

/** Codes, in which 0 is null, or numbers, in which `NONE` is null. */
export type Values = Int32Array | Float64Array;

/** Null among numbers. No number of a segment has this value: such a segment goes the raw road. */
export const NONE = -0x8000_0000;

const FIRST_ROW = new Int32Array(1);
const HEADER = 9;

/** Decodes a column in the format of build.ts; null for one that has a number equal to `NONE`. */
export function decode(bytes: Buffer, rows: number, isCode: boolean, arena: Arena): Column | null {
  const width = bytes[0] as number;
  if (width === 255) return decodeRuns(bytes, arena);
  const least = bytes.readInt32BE(1) * 0x1_0000_0000 + bytes.readUInt32BE(5);
  if (width === 0) {
    const values = arena.doubles(1);
    values[0] = bytes[HEADER] === 0 ? (isCode ? 0 : NONE) : least;
    return bytes[HEADER] !== 0 && least === NONE ? null : { isRun: true, values, starts: FIRST_ROW };
  }
  if (bytes.length !== HEADER + width * rows) throw new Error('a column of a segment has another length than its rows');
  const base = least - 1;
  const most = base + 256 ** width;
  if (isCode || (base > NONE && most < 0x8000_0000)) {
    const values = arena.integers(rows);
    fill(values, bytes, width);
    if (!isCode && base !== 0) shift(values, base);
    else if (!isCode) replaceZero(values);
    return { isRun: false, values, starts: FIRST_ROW };
  }
  if (base <= NONE && most >= NONE) return null;
  const values = arena.doubles(rows);
  fill(values, bytes, width);
  shift(values, base);
  return { isRun: false, values, starts: FIRST_ROW };
}

function decodeRuns(bytes: Buffer, arena: Arena): Column {
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

/** The stored values of each row. One loop for each usual width. */
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
  } else {
    for (let n = 0; n < rows; n++) {
      let value = 0;
      for (let end = at + width; at < end; at++) value = value * 256 + (bytes[at] as number);
      values[n] = value;
    }
  }
}

function shift(values: Values, base: number): void {
  for (let n = 0; n < values.length; n++) {
    const stored = values[n] as number;
    values[n] = stored === 0 ? NONE : stored + base;
  }
}

function replaceZero(values: Values): void {
  for (let n = 0; n < values.length; n++) if (values[n] === 0) values[n] = NONE;
}
