import { isUtf8 } from 'node:buffer';
import { MAX_BATCH_BYTES } from '../../queries/ingest/limits.js';

/** A position in the input: `number` is the line of `file`, from 1, or the record of a JSON document. */
export interface Place {
  file: string;
  number: number;
  isRecord?: true;
}

export const placeOf = ({ file, number, isRecord }: Place): string =>
  isRecord ? `${file}, record ${number}` : `${file}:${number}`;

/** An event ready to be sent: one line of NDJSON without its line end. */
export interface Line extends Place {
  bytes: Buffer;
}

/** Something that cannot become an event, and the reasons. */
export interface Rejected extends Place {
  faults: readonly string[];
}

/** A longer line does not fit any batch, so it is not kept in memory. */
export const MAX_LINE_BYTES = MAX_BATCH_BYTES;

const lineFeed = 10;

/**
 * The lines of NDJSON, in chunks. Blank lines are skipped but counted. A line that is not UTF-8, or longer than a batch
 * may be, is rejected.
 */
export async function* readLines(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<(Line | Rejected)[]> {
  let number = 0;
  let kept: Buffer[] = [];
  let keptLength = 0;
  const keep = (part: Buffer) => {
    keptLength += part.length;
    if (keptLength <= MAX_LINE_BYTES) kept.push(part);
    else kept = [];
  };
  const finish = (last: Buffer): Line | Rejected | undefined => {
    number += 1;
    if (keptLength === 0) return toLine({ file, number }, last);
    keep(last);
    const line =
      keptLength > MAX_LINE_BYTES
        ? { file, number, faults: [`longer than ${MAX_LINE_BYTES} bytes`] }
        : toLine({ file, number }, Buffer.concat(kept, keptLength));
    kept = [];
    keptLength = 0;
    return line;
  };

  for await (const chunk of chunks) {
    const found: (Line | Rejected)[] = [];
    let start = 0;
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      const line = finish(chunk.subarray(start, end));
      if (line !== undefined) found.push(line);
      start = end + 1;
    }
    if (start < chunk.length) keep(chunk.subarray(start));
    yield found;
  }
  const last = keptLength > 0 ? finish(Buffer.alloc(0)) : undefined;
  if (last !== undefined) yield [last];
}

function toLine(place: Place, bytes: Buffer): Line | Rejected | undefined {
  let end = bytes.length;
  while (end > 0 && isWhiteSpace(bytes[end - 1])) end -= 1;
  if (end === 0) return undefined;
  if (!isUtf8(bytes)) return { ...place, faults: ['not UTF-8'] };
  return { ...place, bytes: bytes.subarray(0, end) };
}

/** JSON's white space: space, tab, carriage return. */
const isWhiteSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0d;
