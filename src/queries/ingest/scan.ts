/** Bounds of a JSON value, so that parsing it costs little more than receiving it. */
export interface Bounds {
  /** Maximum nesting of lists and objects. */
  levels: number;
  /** Maximum number of values at all levels. */
  values: number;
}

/** A JSON value exceeds its {@link Bounds}. The message completes a sentence that begins with the value's name. */
export class OverBounds extends Error {
  constructor({ levels, values }: Bounds) {
    const [deep, many] = [levels, values].map((bound) => bound.toLocaleString('en'));
    super(`is nested deeper than ${deep} levels or holds more than ${many} values`);
  }
}

export const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
export const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/** The index after the string whose opening quote is at `at`; -1 if the string is not terminated. */
export function endOfString(text: string, at: number): number {
  for (let end = text.indexOf('"', at + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return end + 1;
  }
  return -1;
}

/**
 * The index after the JSON value that starts at `at`, or -1 if the text ends first. It looks at brackets and quotes
 * only; a parser must decide whether the value is valid JSON. Throws `OverBounds`.
 */
export function endOfValue(text: string, at: number, bounds: Bounds): number {
  let levels = 0;
  let values = 1;
  for (let place = at; place < text.length; place++) {
    const code = text.charCodeAt(place);
    if (code === QUOTE) {
      const end = endOfString(text, place);
      if (end === -1 || levels === 0) return end;
      place = end - 1;
    } else if (code === OPEN_LIST || code === OPEN_OBJECT) {
      if (++levels > bounds.levels) throw new OverBounds(bounds);
    } else if (code === CLOSE_LIST || code === CLOSE_OBJECT) {
      if (levels === 0) return place;
      if (--levels === 0) return place + 1;
    } else if (code === COMMA) {
      if (levels === 0) return place;
      if (++values > bounds.values) throw new OverBounds(bounds);
    } else if (levels === 0 && isBlank(code)) return place;
  }
  return levels === 0 ? text.length : -1;
}

/** The first index from `at` on that is not JSON whitespace. */
export function afterBlanks(text: string, at: number): number {
  let place = at;
  while (isBlank(text.charCodeAt(place))) place++;
  return place;
}

export const isBlank = (code: number) => code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d;
