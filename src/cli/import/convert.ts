import { isLosslessNumber, stringify } from 'lossless-json';
import type { Kind } from '../../queries/ingest/kinds.js';

/**
 * Converts a value of a table to the JSON of its field and keeps every digit. A value that cannot be converted is left
 * as it is, so that the service reports the fault. `value` is anything that lossless-json parses, except null.
 */
export function toJson(kind: Kind, value: unknown): string {
  if (typeof value === 'string') return (isText(kind) ? undefined : jsonIn(kind, value)) ?? JSON.stringify(value);
  const json = stringify(value) as string;
  // A number or boolean for a text field becomes text: tables often store ids as numbers.
  return isScalar(value) && isText(kind) ? JSON.stringify(json) : json;
}

/** The JSON of a constant; undefined if the field does not accept it. */
export function constantToJson(kind: Kind, text: string): string | undefined {
  if (!isText(kind)) return jsonIn(kind, text);
  return kind.accepts(text) ? JSON.stringify(text) : undefined;
}

/** The text itself, on one line, if it is JSON that the kind accepts; true and false in any case. */
function jsonIn(kind: Kind, text: string): string | undefined {
  const json = /^(?:true|false)$/i.test(text) ? text.toLowerCase() : text;
  try {
    // JSON may contain line breaks between tokens; a line of NDJSON must not.
    return kind.accepts(JSON.parse(json)) ? json.replace(/[\r\n]/g, ' ') : undefined;
  } catch {
    return undefined;
  }
}

const isScalar = (value: unknown) => typeof value === 'boolean' || isLosslessNumber(value);

/** Whether a kind accepts only texts: no boolean, number, object or list. */
const isText = (kind: Kind) => ![true, 1, {}, []].some((sample) => kind.accepts(sample));
