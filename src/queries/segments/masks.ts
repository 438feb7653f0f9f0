import { fieldOf } from '../catalogue.js';
import type { Filter, Test, Value } from '../filter.js';
import { HEADER, NONE, type RunColumn } from './decode.js';
import type { Plan } from './plan.js';
import type { FieldValues, Rows } from './rows.js';

/** Which rows of a segment match: 1 or 0 for each; null for all. */
export type Mask = Uint8Array | null;

export function maskOf(filter: Filter, rows: Rows): Mask {
  if ('dimension' in filter) return tested(filter, rows);
  if (filter.op === 'not') {
    const mask = maskOf(filter.of, rows);
    if (mask === null) return rows.arena.bytes(rows.length).fill(0);
    for (let n = 0; n < mask.length; n++) mask[n] = 1 - (mask[n] as number);
    return mask;
  }
  const isAnd = filter.op === 'and';
  let joint: Mask = null;
  for (const part of filter.of) {
    const mask = maskOf(part, rows);
    if (mask === null && !isAnd) return null;
    if (mask === null) continue;
    if (joint === null) joint = mask;
    else if (isAnd) for (let n = 0; n < mask.length; n++) joint[n] = (joint[n] as number) & (mask[n] as number);
    else for (let n = 0; n < mask.length; n++) joint[n] = (joint[n] as number) | (mask[n] as number);
  }
  return joint ?? (isAnd ? null : rows.arena.bytes(rows.length).fill(0));
}

/** Both conditions. */
export function both(a: Mask, b: Mask): Mask {
  if (a === null || b === null) return a ?? b;
  for (let n = 0; n < b.length; n++) b[n] = (a[n] as number) & (b[n] as number);
  return b;
}

function tested(test: Test, rows: Rows): Mask {
  const text = rows.storedText(test.dimension);
  if (text !== null) {
    const { column, words } = text;
    if (column.isRun) return ofRuns(column, words.passing(test), rows);
    if (column.width === 1) return ofBytes(column.bytes, words.passing(test), rows);
  }
  const field = rows.field(test.dimension);
  const { values } = field;
  const mask = rows.arena.bytes(values.length);
  if (field.codes !== null) byTable(mask, values, field.codes.passing(test));
  else if (test.op === 'in') byList(mask, values, storedAmong(test, field, rows.plan));
  else if (test.op === 'bound') byRange(mask, values, rangeOf(test, field));
  else throw new TypeError(`${test.op} is not for numbers`);
  return mask;
}

/** The test of a text is decided once for a run, and one for all rows where there is only one. */
function ofRuns({ values, starts }: RunColumn, passing: Uint8Array, { length, arena }: Rows): Mask {
  const passes = (run: number) => passing[values[run] as number] ?? 0;
  if (starts.length === 1 && passes(0) === 1) return null;
  const mask = arena.bytes(length);
  for (let run = 0; run < starts.length; run++) mask.fill(passes(run), starts[run], starts[run + 1] ?? length);
  return mask;
}

function ofBytes(bytes: Uint8Array, passing: Uint8Array, { length, arena }: Rows): Mask {
  const mask = arena.bytes(length);
  for (let n = 0; n < length; n++) mask[n] = passing[bytes[HEADER + n] as number] as number;
  return mask;
}

function byTable(mask: Uint8Array, values: FieldValues['values'], passing: Uint8Array): void {
  const size = passing.length;
  for (let n = 0; n < mask.length; n++) {
    const code = values[n] as number;
    mask[n] = code < size ? (passing[code] as number) : 0;
  }
}

function byList(mask: Uint8Array, values: FieldValues['values'], wanted: number[]): void {
  if (wanted.length === 1) {
    const only = wanted[0] as number;
    for (let n = 0; n < mask.length; n++) mask[n] = values[n] === only ? 1 : 0;
    return;
  }
  const all = new Set(wanted);
  for (let n = 0; n < mask.length; n++) mask[n] = all.has(values[n] as number) ? 1 : 0;
}

function byRange(mask: Uint8Array, values: FieldValues['values'], [least, most]: readonly [number, number]): void {
  for (let n = 0; n < mask.length; n++) {
    const value = values[n] as number;
    mask[n] = value >= least && value <= most && value !== NONE ? 1 : 0;
  }
}

/** The stored numbers of the values of a test: found once for a query, and not for each segment. */
function storedAmong(
  test: Test & { op: 'in' },
  { toValue, unit }: FieldValues,
  { query, storedValues }: Plan,
): number[] {
  const known = storedValues.get(test);
  if (known !== undefined) return known;
  const type = fieldOf(query.dataset, test.dimension)?.type;
  const found = test.values.flatMap((value) => {
    if (value === null) return [NONE];
    if (type !== 'number') return [0, 1].filter((stored) => String(toValue(stored)) === String(value));
    const stored = Math.round(Number(value) * unit);
    return toValue(stored) === Number(value) ? [stored] : [];
  });
  storedValues.set(test, found);
  return found;
}

/** The least and the greatest stored number within a bound. */
function rangeOf({ lower, upper }: Test & { op: 'bound' }, { toValue, unit }: FieldValues): [number, number] {
  const value = (stored: number) => Number(toValue(stored));
  const isAbove = (stored: number) =>
    lower === undefined || (lower.strict ? value(stored) > Number(lower.value) : value(stored) >= Number(lower.value));
  const isBelow = (stored: number) =>
    upper === undefined || (upper.strict ? value(stored) < Number(upper.value) : value(stored) <= Number(upper.value));
  // A step of one stored number around the bound decides exactly.
  const near = (bound: { value: Value }) => [-1, 0, 1].map((step) => Math.floor(Number(bound.value) * unit) + step);
  return [
    lower === undefined
      ? Number.NEGATIVE_INFINITY
      : (near(lower).find(isAbove) ?? Math.floor(Number(lower.value) * unit) + 2),
    upper === undefined
      ? Number.POSITIVE_INFINITY
      : (near(upper).reverse().find(isBelow) ?? Math.floor(Number(upper.value) * unit) - 2),
  ];
}
