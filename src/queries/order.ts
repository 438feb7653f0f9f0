/** Compares two texts by code point, as PostgreSQL's collation "C" does; JavaScript's `<` compares UTF-16 units. */
export function byCodePoint(a: string, b: string): number {
  const most = Math.min(a.length, b.length);
  for (let n = 0; n < most; n++) {
    const [x, y] = [a.charCodeAt(n), b.charCodeAt(n)];
    if (x !== y) return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1;
  }
  return a.length - b.length;
}

/** A surrogate belongs to a character above U+FFFF, so it sorts after every other UTF-16 unit. */
const isSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdfff;
