import { randomUUID } from 'node:crypto';
import { isSafeNumber, LosslessNumber } from 'lossless-json';
import { afterBlanks, type Bounds, COLON, endOfString, endOfValue, OverBounds, QUOTE } from './scan.js';

/** Finds where a number may stand that a double might not hold exactly: one with many digits or an exponent. */
const risky = /[:[,\s]-?(?:\d+(?:\.\d+)?[eE]|\d[\d.]{15})/;

/** Default bounds of any JSON that is parsed here. */
const BOUNDS: Bounds = { levels: 1_000, values: 100_000 };

/** Texts up to this many characters are parsed without checking their bounds first. */
const SHORT = 10_000;

/**
 * Parses JSON without silently changing a number: a number that a double cannot hold exactly becomes a `LosslessNumber`
 * with its text. Throws SyntaxError for invalid JSON, and `OverBounds` for JSON that is too deep or has too many
 * values.
 */
export function parseJson(text: string, bounds = BOUNDS): unknown {
  const isRisky = risky.test(text);
  if (isRisky || text.length > SHORT) endOfValue(text, afterBlanks(text, 0), bounds);
  if (!isRisky) return JSON.parse(text);
  const marked = markNumbers(text);
  return marked === text ? JSON.parse(text) : restoreNumbers(JSON.parse(marked));
}

export { OverBounds };

/** Whether a parsed JSON value is an object. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof LosslessNumber);

/** Prefix of the strings that stand in for numbers. It is random, so no request can contain it. */
const MARK = `\0${randomUUID()}:`;
const MARK_AS_JSON = JSON.stringify(MARK).slice(1, -1);

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?$/;

/**
 * Replaces each number that a double would change by a string with the prefix {@link MARK}. Invalid JSON stays invalid.
 */
function markNumbers(text: string): string {
  const parts: string[] = [];
  let kept = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (end === -1) break;
      at = end - 1;
    } else if (isOfNumber(code)) {
      let end = at + 1;
      while (isOfNumber(text.charCodeAt(end))) end++;
      const digits = text.slice(at, end);
      const isKey = text.charCodeAt(afterBlanks(text, end)) === COLON;
      if (!isKey && NUMBER.test(digits) && !isSafeNumber(digits)) {
        parts.push(text.slice(kept, at), `"${MARK_AS_JSON}${digits}"`);
        kept = end;
      }
      at = end - 1;
    }
  }
  return kept === 0 ? text : parts.join('') + text.slice(kept);
}

/** Digits, signs, the point, and e. (`false` has an e too; it is no number and stays.) */
const isOfNumber = (code: number) =>
  (code >= 0x30 && code <= 0x39) || code === 0x2d || code === 0x2b || code === 0x2e || code === 0x65 || code === 0x45;

function restoreNumbers(value: unknown): unknown {
  if (typeof value === 'string') return value.startsWith(MARK) ? new LosslessNumber(value.slice(MARK.length)) : value;
  if (typeof value !== 'object' || value === null) return value;
  const holder = value as Record<string, unknown>; // lists too
  for (const key of Object.keys(holder)) {
    const held = holder[key];
    const restored = restoreNumbers(held);
    if (restored !== held) holder[key] = restored;
  }
  return value;
}
