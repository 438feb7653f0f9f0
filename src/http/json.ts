import { LosslessNumber } from 'lossless-json';
import { isObject, OverBounds, parseJson } from '../queries/ingest/json.js';
import { pathTo } from '../queries/ingest/path.js';
import type { Faults } from './faults.js';
import { decode } from './utf8.js';

/** What a query may be: its own limits name what is too much of it, long before this. */
const BOUNDS = { levels: 500, values: 50_000 };

/** The JSON value of a body; undefined, with a fault, where it is none. Numbers may come as `LosslessNumber`. */
export function readBody(body: unknown, faults: Faults): unknown {
  const text = Buffer.isBuffer(body) ? decode(body) : '';
  if (text === null) {
    faults.add('$', 'is not UTF-8');
    return undefined;
  }
  return readJson(text, '$', faults);
}

/** The JSON value of a text; undefined, with a fault at `path`, where it is none. */
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
  return error instanceof RangeError ? 'is nested too deep' : 'is not JSON'; // the stack has an end too
}

/** The value as an object, in which a key that is not among `known` is a fault; null, with a fault, where it is none. */
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
    if (!known.includes(key)) faults.add(pathTo(path, key), `is not a key here: they are ${known.join(', ')}`);
  }
  return value;
}

/** Texts, numbers and booleans as text, a number beyond doubles as it was sent; null for anything else. */
export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof LosslessNumber ? value.value : null;
}
