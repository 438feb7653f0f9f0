import { LosslessNumber } from 'lossless-json';
import { isObject, OverBounds, parseJson } from '../queries/ingest/json.js';
import { pathTo } from '../queries/ingest/path.js';
import type { Faults } from './faults.js';
import { decode } from './utf8.js';

/** Bounds of the JSON of a query. The query's own limits, with better messages, apply long before these. */
const BOUNDS = { levels: 500, values: 50_000 };

/** Parses a body as JSON; undefined, with a fault, if it is invalid. Numbers may be `LosslessNumber`. */
export function readBody(body: unknown, faults: Faults): unknown {
  const text = Buffer.isBuffer(body) ? decode(body) : '';
  if (text === null) {
    faults.add('$', 'is not UTF-8');
    return undefined;
  }
  return readJson(text, '$', faults);
}

/** Parses a text as JSON; undefined, with a fault at `path`, if it is invalid. */
export function readJson(text: string, path: string, faults: Faults): unknown {
  try {
    return parseJson(text, BOUNDS);
  } catch (error) {
    faults.add(path, reasonOf(error));
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof OverBounds) return error.message;
  return error instanceof RangeError ? 'is nested too deeply' : 'is not JSON'; // the stack is finite too
}

/** The value as an object; keys that are not in `known` are faults. Null, with a fault, if it is not an object. */
export function readObject(
  value: unknown,
  path: string,
  known: readonly string[],
  faults: Faults,
): Record<string, unknown> | null {
  if (!isObject(value)) {
    faults.add(path, value === undefined ? 'is needed' : `must be an object with the keys ${known.join(', ')}`);
    return null;
  }
  for (const key of Object.keys(value)) {
    if (!known.includes(key)) faults.add(pathTo(path, key), `is not a known key; the keys are ${known.join(', ')}`);
  }
  return value;
}

/** A text, number or boolean as text, with numbers exactly as sent; null for anything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof LosslessNumber ? value.value : null;
}
