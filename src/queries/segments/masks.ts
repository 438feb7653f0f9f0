import { fieldOf } from '../catalogue.js';
import type { Filter, Test, Value } from '../filter.js';
import type { Rows } from './rows.js';

/** Which rows of a segment match: 1 or 0 for each; null for all. */
export type Mask = Uint8Array | null;

export function maskOf(filter: Filter, rows: Rows): Mask {
  if ('dimension' in filter) return tested(filter, rows);
  if (filter.op === 'not') {
    const mask = maskOf(filter.of, rows);
    if (mask === null) return new Uint8Array(rows.length);
    for (let n = 0; n < mask.length; n++) mask[n] = 1 - (mask[n] as number);
    return mask;
  }
  const isAnd = filter.op === 'and';
  let joint: Mask | undefined;
  for (const part of filter.of) {
    const mask = maskOf(part, rows);
    if (mask === null && !isAnd) return null;
    if (mask === null) continue;
    if (joint === undefined || joint === null) joint = mask;
    else if (isAnd) for (let n = 0; n < mask.length; n++) joint[n] = (joint[n] as number) & (mask[n] as number);
    else for (let n = 0; n < mask.length; n++) joint[n] = (joint[n] as number) | (mask[n] as number);
  }
  return joint ?? (isAnd ? null : new Uint8Array(rows.length));
}

/** Both conditions. */
export function both(a: Mask, b: Mask): Mask {
  if (a === null || b === null) return a ?? b;
  const mask = new Uint8Array(a.length);
  for (let n = 0; n < mask.length; n++) mask[n] = (a[n] as number) & (b[n] as number);
  return mask;
}

function tested(test: Test, rows: Rows): Uint8Array {
  const field = rows.field(test.dimension);
  const { values } = field;
  if (field.codes !== null) {
    const passing = field.codes.passing(test);
    const mask = new Uint8Array(values.length);
    for (let n = 0; n < mask.length; n++) mask[n] = passing[values[n] as number] ?? 0;
    return mask;
  }
  const passes = predicate(test, field.toValue);
  const mask = new Uint8Array(values.length);
  for (let n = 0; n < mask.length; n++) mask[n] = passes(values[n] as number) ? 1 : 0;
  return mask;
}

/** The test of a stored number; `NaN` is null. */
function predicate(test: Test, toValue: (stored: number) => Value): (stored: number) => boolean {
  if (test.op === 'in') {
    const isNullWanted = test.values.includes(null);
    const isNumber = fieldOf('conversations', test.dimension)?.type === 'number';
    const wanted = new Set(
      test.values.filter((value) => value !== null).map((value) => String(isNumber ? Number(value) : value)),
    );
    return (stored) => (Number.isNaN(stored) ? isNullWanted : wanted.has(String(toValue(stored))));
  }
  if (test.op !== 'bound') throw new TypeError(`${test.op} is not for numbers`);
  const { lower, upper } = test;
  const least = lower === undefined ? Number.NEGATIVE_INFINITY : Number(lower.value);
  const most = upper === undefined ? Number.POSITIVE_INFINITY : Number(upper.value);
  return (stored) => {
    if (Number.isNaN(stored)) return false;
    const value = Number(toValue(stored));
    return (lower?.strict ? value > least : value >= least) && (upper?.strict ? value < most : value <= most);
  };
}
