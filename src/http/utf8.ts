import { isUtf8 } from 'node:buffer';

/** Decodes UTF-8 and drops a byte-order mark; null if the bytes are not UTF-8. */
export function decode(bytes: Buffer): string | null {
  if (!isUtf8(bytes)) return null;
  const hasMark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  return bytes.toString('utf8', hasMark ? 3 : 0); // several times as fast as TextDecoder
}
