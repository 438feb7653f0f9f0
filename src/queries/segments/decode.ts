/** A column of one segment: a value for each row, or for each run. Null is `NaN`; of codes it is 0. */
export interface Column {
  /** Whether `values` has one value for each run, which begins at the row in `starts`. */
  isRun: boolean;
  values: Values;
  starts: Int32Array;
  /** The number of values. */
  length: number;
}

/** Codes and small numbers without nulls are integers, which are faster to work with. */
export type Values = Int32Array | Float64Array;

const FIRST_ROW = new Int32Array(1);
const HEADER = 9;

/** Decodes a column in the format of build.ts. */
export function decode(bytes: Buffer, rows: number, isCode: boolean): Column {
  const width = bytes[0] as number;
  if (width === 255) return decodeRuns(bytes);
  const least = Number(bytes.readBigInt64BE(1));
  if (width === 0) {
    const values = new Float64Array(1);
    values[0] = bytes[HEADER] === 0 ? (isCode ? 0 : Number.NaN) : least;
    return { isRun: true, values, starts: FIRST_ROW, length: 1 };
  }
  if (bytes.length !== HEADER + width * rows) throw new Error('a column of a segment has another length than its rows');
  const values = isCode ? codes(bytes, rows, width) : numbers(bytes, rows, width, least - 1);
  return { isRun: false, values, starts: FIRST_ROW, length: rows };
}

function decodeRuns(bytes: Buffer): Column {
  const length = (bytes.length - 1) / 8;
  const values = new Int32Array(length);
  const starts = new Int32Array(length);
  for (let n = 0, at = 1; n < length; n++, at += 8) {
    values[n] = bytes.readInt32BE(at);
    starts[n] = bytes.readInt32BE(at + 4);
  }
  return { isRun: true, values, starts, length };
}

function codes(bytes: Buffer, rows: number, width: number): Int32Array {
  const values = new Int32Array(rows);
  let at = HEADER;
  if (width === 1) for (let n = 0; n < rows; n++) values[n] = bytes[at++] as number;
  else if (width === 2)
    for (let n = 0; n < rows; n++, at += 2) values[n] = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  else if (width === 3) {
    for (let n = 0; n < rows; n++, at += 3) {
      values[n] = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    }
  } else for (let n = 0; n < rows; n++, at += width) values[n] = bytes.readUIntBE(at, width);
  return values;
}

function numbers(bytes: Buffer, rows: number, width: number, base: number): Float64Array {
  const values = new Float64Array(rows);
  let at = HEADER;
  for (let n = 0; n < rows; n++) {
    let value = 0;
    for (let end = at + width; at < end; at++) value = value * 256 + (bytes[at] as number);
    values[n] = value === 0 ? Number.NaN : base + value;
  }
  return values;
}
