import { createHash } from 'node:crypto';

/**
 * An id made from values: the same for the same values in the same order, different for others. 128 bits of SHA-256, so
 * that two of a billion do not meet.
 */
export function idFrom(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values) {
    const text = value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
    hash.update(`${Buffer.byteLength(text)}:${text}`); // with its length, so that no two lists read the same
  }
  return hash.digest('base64url').slice(0, 22);
}
