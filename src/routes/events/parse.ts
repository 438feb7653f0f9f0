import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InvalidRequest, TooLarge, Unsupported } from '../../errors.js';
import { decode } from '../../http/utf8.js';
import type { ReceivedEvent } from '../../queries/ingest/check.js';
import { OverBounds, parseJson } from '../../queries/ingest/json.js';
import { MAX_BATCH_BYTES, MAX_EVENTS } from '../../queries/ingest/limits.js';

const unzip = promisify(gunzip);

/** The bytes of a body, decompressed if it is gzip. Throws `TooLarge` beyond {@link MAX_BATCH_BYTES}. */
export async function unpack(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding.toLowerCase() !== 'gzip')
    throw new Unsupported(`Content-Encoding ${encoding} is not supported here: send gzip or no encoding`);
  try {
    return await unzip(body, { maxOutputLength: MAX_BATCH_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooManyBytes();
    throw new InvalidRequest([{ path: '$', message: 'is not gzip, although its Content-Encoding says so' }]);
  }
}

export const tooManyBytes = () =>
  new TooLarge('a batch may have up to 10 MiB after decompression: send smaller batches');

export const tooManyEvents = () =>
  new TooLarge('a batch may have up to 10,000 events, and this one has more: send smaller batches');

/** The events of a batch, parsed one after the other while they are taken. */
export type Received = Iterable<ReceivedEvent> & { readonly count: number };

/**
 * The events of an NDJSON body, parsed lazily. Blank lines are skipped but count for the line numbers. Throws
 * `TooLarge` for too many lines before parsing any.
 */
export function parseNdjson(body: Buffer): Received {
  const lines = linesOf(body);
  const isText = isUtf8(body);
  const events = (function* () {
    for (const { index, start, end } of lines) {
      const line = isText ? body.toString('utf8', start, end) : decode(body.subarray(start, end));
      yield line === null
        ? { index, fault: 'is not UTF-8' }
        : parseEvent(line, index, 'is not JSON: each line is one event');
    }
  })();
  return Object.assign(events, { count: lines.length });
}

/** The byte ranges of the lines that are not blank. */
function linesOf(body: Buffer): { index: number; start: number; end: number }[] {
  const lines: { index: number; start: number; end: number }[] = [];
  let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0; // a byte-order mark
  for (let index = 0; start < body.length; index++) {
    const found = body.indexOf(0x0a, start);
    const end = found === -1 ? body.length : found;
    let first = start;
    while (first < end && isWhiteSpace(body[first])) first++;
    if (first < end && lines.push({ index, start, end }) > MAX_EVENTS) throw tooManyEvents();
    start = end + 1;
  }
  return lines;
}

/** JSON's white space within a line: space, tab, carriage return. */
const isWhiteSpace = (byte: number | undefined) => byte === 0x20 || byte === 0x09 || byte === 0x0d;

/** Parses one event, or says why it is invalid. */
export function parseEvent(text: string, index: number, otherwise: string): ReceivedEvent {
  try {
    return { index, value: parseJson(text) };
  } catch (error) {
    return { index, fault: error instanceof OverBounds ? error.message : otherwise };
  }
}
