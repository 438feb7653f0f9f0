import { type Column, HEADER, NONE, type PlainColumn, type RunColumn, type Values } from './decode.js';
import { type Frame, type Stored, sampled, startsOf } from './frame.js';
import type { ColumnName } from './section.js';

/** Up to so many combinations of values are counted in a table. */
const TABLE = 1 << 16;

const counts = new Int32Array(TABLE);
const cells = new Int32Array(TABLE);

/**
 * Rows of a segment as the combinations of values that they have, each with the number of its rows: what is done with the
 * rows then is done once for a combination. Null if it would not pay: runs, or more than two columns, can have more
 * combinations than rows.
 */
export function tallied(stored: Stored, names: Iterable<ColumnName>, selection: Int32Array | null): Frame | null {
  const { from, to, before, rows, columns: all, arena } = stored;
  const length = selection?.length ?? rows;
  const runs: [ColumnName, RunColumn][] = [];
  const bytes: [ColumnName, PlainColumn][] = [];
  for (const name of names) {
    const column = all.get(name) as Column;
    if (column.isRun) runs.push([name, column]);
    else if (column.width === 1) bytes.push([name, column]);
    else return null;
  }
  const starts = startsOf(
    runs.map(([, column]) => column),
    arena,
  );
  let sizes = bytes.map(() => 256);
  let found: number;
  if (starts.length === 1 && bytes.length <= 2) {
    const [first, second] = bytes.map(([, column]) => column.bytes);
    found = tallyBytes(first ?? null, second ?? null, length, selection);
  } else {
    sizes = bytes.map(([, column]) => 1 + greatest(column.bytes));
    const most = sizes.reduce((product, size) => product * size, starts.length);
    if (most > TABLE || most > length) return null;
    const places = arena.integers(length);
    if (starts.length > 1) runOfEach(places, starts, selection);
    else places.fill(0);
    for (const [n, [, column]] of bytes.entries()) join(places, column.bytes, sizes[n] as number, selection);
    found = tally(places);
  }
  const weights = arena.integers(found);
  for (let n = 0; n < found; n++) {
    weights[n] = counts[cells[n] as number] as number;
    counts[cells[n] as number] = 0;
  }
  const columns = new Map<ColumnName, Values>();
  for (let k = bytes.length - 1; k >= 0; k--) {
    const [name, column] = bytes[k] as [ColumnName, PlainColumn];
    const size = sizes[k] as number;
    const values = column.base + 255 < 0x8000_0000 && column.base > NONE ? arena.integers(found) : arena.doubles(found);
    for (let n = 0; n < found; n++) {
      const cell = cells[n] as number;
      const value = cell % size;
      values[n] = column.isCode ? value : value === 0 ? NONE : value + column.base;
      cells[n] = (cell - value) / size;
    }
    columns.set(name, values);
  }
  for (const [name, column] of runs) {
    const ofRuns = sampled(column, starts, arena);
    const values = arena.doubles(found);
    for (let n = 0; n < found; n++) values[n] = ofRuns[cells[n] as number] as number;
    columns.set(name, values);
  }
  return { from, to, before, length: found, weights, columns, stored: null };
}

/** The greatest byte of a column of bytes. */
function greatest(bytes: Uint8Array): number {
  let most = 0;
  for (let n = HEADER; n < bytes.length; n++) if ((bytes[n] as number) > most) most = bytes[n] as number;
  return most;
}

/** The number of the run that each row is in. */
function runOfEach(places: Int32Array, starts: Int32Array, selection: Int32Array | null): void {
  const last = starts.length - 1;
  for (let n = 0, run = 0; n < places.length; n++) {
    const row = selection === null ? n : (selection[n] as number);
    while (run < last && (starts[run + 1] as number) <= row) run++;
    places[n] = run;
  }
}

function join(places: Int32Array, bytes: Uint8Array, size: number, selection: Int32Array | null): void {
  if (selection === null) {
    for (let n = 0; n < places.length; n++) {
      places[n] = (places[n] as number) * size + (bytes[HEADER + n] as number);
    }
    return;
  }
  for (let n = 0; n < places.length; n++) {
    places[n] = (places[n] as number) * size + (bytes[HEADER + (selection[n] as number)] as number);
  }
}

/** Counts equal places in `counts`, lists them in `cells` and returns their number. */
function tally(places: Int32Array): number {
  let found = 0;
  for (let n = 0; n < places.length; n++) {
    const place = places[n] as number;
    const count = counts[place] as number;
    if (count === 0) cells[found++] = place;
    counts[place] = count + 1;
  }
  return found;
}

/** The same in one pass for one or two columns of bytes, whose place is first * 256 + second. */
function tallyBytes(
  first: Uint8Array | null,
  second: Uint8Array | null,
  length: number,
  selection: Int32Array | null,
): number {
  if (first !== null && second !== null && selection === null) return tallyPairs(first, second, length);
  let found = 0;
  for (let n = 0; n < length; n++) {
    const at = HEADER + (selection === null ? n : (selection[n] as number));
    let place = first === null ? 0 : (first[at] as number);
    if (second !== null) place = place * 256 + (second[at] as number);
    const count = counts[place] as number;
    if (count === 0) cells[found++] = place;
    counts[place] = count + 1;
  }
  return found;
}

/** The usual case, which takes two thirds of the time without a choice for each row. */
function tallyPairs(first: Uint8Array, second: Uint8Array, length: number): number {
  let found = 0;
  for (let at = HEADER, end = HEADER + length; at < end; at++) {
    const place = (first[at] as number) * 256 + (second[at] as number);
    const count = counts[place] as number;
    if (count === 0) cells[found++] = place;
    counts[place] = count + 1;
  }
  return found;
}
