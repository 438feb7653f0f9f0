import { isLosslessNumber, stringify } from 'lossless-json';
import type { Kind } from '../../queries/ingest/kinds.js';

/**
 * A table's value as the JSON of the field that it fills, every digit kept. What does not convert is left as it is, so
 * that the service names the fault. `value`: whatever lossless-json parses, but null.
 */
export function toJson(kind: Kind, value: unknown): string {
  if (typeof value === 'string') return (isText(kind) ? undefined : jsonIn(kind, value)) ?? JSON.stringify(value);
  const json = stringify(value) as string;
  // A number or boolean given for a text is its text: tables keep ids as numbers.
  return isScalar(value) && isText(kind) ? JSON.stringify(json) : json;
}

/** The JSON of a constant, or undefined where the field does not take it. */
export function constantToJson(kind: Kind, text: string): string | undefined {
  if (!isText(kind)) return jsonIn(kind, text);
  return kind.accepts(text) ? JSON.stringify(text) : undefined;
}

/** The text itself where it is JSON that the kind takes, on one line; true and false in any case of letters. */
function jsonIn(kind: Kind, text: string): string | undefined {
  const json = /^(?:true|false)$/i.test(text) ? text.toLowerCase() : text;
  try {
    // Outside of its strings JSON may break lines; a line of NDJSON may not.
    return kind.accepts(JSON.parse(json)) ? json.replace(/[\r\n]/g, ' ') : undefined;
  } catch {
    return undefined;
  }
}

const isScalar = (value: unknown) => typeof value === 'boolean' || isLosslessNumber(value);

/** Whether a kind takes texts alone: none of boolean, number, object and list. */
const isText = (kind: Kind) => ![true, 1, {}, []].some((sample) => kind.accepts(sample));
