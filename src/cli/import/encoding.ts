import chardet from 'chardet';
import iconv from 'iconv-lite';

/** An encoding as people write it. */
export function encodingName(encoding: string): string {
  const isAcronym = /^(?:utf|cp|iso|koi|gb|big|euc|ibm)/.test(encoding);
  return isAcronym ? encoding.toUpperCase() : `${encoding[0]?.toUpperCase()}${encoding.slice(1)}`;
}

/** Encodings of Windows that have what these have, and more; and what is no guess at all. */
const OF_WINDOWS: Record<string, string> = {
  ascii: 'windows-1252',
  'iso-8859-1': 'windows-1252',
  'iso-8859-7': 'windows-1253',
  'iso-8859-8': 'windows-1255',
  'iso-8859-9': 'windows-1254',
};

/**
 * The encoding of a text by its start: a byte-order mark decides, then the places of zero bytes, then whether it is UTF-8,
 * which a few bad bytes do not change. Undefined if it can only be guessed.
 */
export function encodingOf(head: Buffer, isWhole: boolean): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return head[2] === 0 && head[3] === 0 ? 'utf-32le' : 'utf-16le';
  if (head[0] === 0xfe && head[1] === 0xff) return 'utf-16be';
  if (head[0] === 0 && head[1] === 0 && head[2] === 0xfe && head[3] === 0xff) return 'utf-32be';
  const zeros = [0, 0];
  const sample = head.subarray(0, 2000);
  for (const [at, byte] of sample.entries()) if (byte === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (odd > sample.length / 5 && even < sample.length / 50) return 'utf-16le';
  if (even > sample.length / 5 && odd < sample.length / 50) return 'utf-16be';
  if (even + odd > 0) return 'utf-8'; // no text at all
  const text = head.toString('latin1');
  const whole = isWhole ? text : text.replace(/[\xc0-\xff][\x80-\xbf]{0,2}$/, ''); // a character may be cut
  const valid = whole.match(/[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}/g) ?? [];
  const bad = (whole.match(/[\x80-\xff]/g)?.length ?? 0) - valid.reduce((count, { length }) => count + length, 0);
  if (bad === 0 || valid.length * 4 >= bad) return 'utf-8'; // with some bad rows, which are refused
  return undefined;
}

/** The likely encoding of a text that is not UTF-8. */
export function guessOf(head: Buffer): string {
  // The words with other letters: beside a lot of ASCII they would not count.
  const words =
    head
      .toString('latin1')
      .match(/[A-Za-z' ]*[\x80-\xff][^\n\r,;\t|]*/g)
      ?.join(' ') ?? '';
  const guess = (chardet.detect(Buffer.from(words, 'latin1')) ?? 'windows-1252').toLowerCase();
  return OF_WINDOWS[guess] ?? (/^utf/.test(guess) ? 'windows-1252' : guess);
}

/** The start of a text, without a mark. */
export function textOf(head: Buffer, encoding: string): string {
  const text = iconv.encodingExists(encoding)
    ? iconv.getDecoder(encoding).write(head)
    : new TextDecoder(encoding).decode(head, { stream: true });
  return text.replace(/^\ufeff/, '');
}

/** Some words around the first character that is not ASCII. */
export function sampleOf(text: string): string | undefined {
  return /[^\n\r]{0,20}[\u0080-\uffff][^\n\r]{0,20}/.exec(text)?.[0]?.trim();
}
