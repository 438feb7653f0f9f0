import { isSafeNumber, LosslessNumber, parse as parseLossless } from 'lossless-json';

/** Where a number may stand, one with so many digits, or an exponent, that reading it as a double might change it. */
const risky = /[:[,\s]-?(?:\d+(?:\.\d+)?[eE]|\d[\d.]{15})/;

/**
 * Parses JSON without changing a number in silence: one that a double cannot hold exactly comes back as a
 * `LosslessNumber` with its text. The slow, exact parser runs only on texts that may need it.
 * Throws a SyntaxError for what is no JSON.
 */
export function parseJson(text: string): unknown {
  if (!risky.test(text)) return JSON.parse(text);
  JSON.parse(text); // one grammar for both roads
  return parseLossless(text, null, {
    parseNumber: (digits) => (isSafeNumber(digits) ? Number(digits) : new LosslessNumber(digits)),
    onDuplicateKey: ({ newValue }) => newValue, // as JSON.parse does
  });
}
