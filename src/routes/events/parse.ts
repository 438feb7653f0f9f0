import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { InvalidRequest, TooLarge, Unsupported } from '../../errors.js';
import { decode } from '../../http/utf8.js';
import type { ReceivedEvent } from '../../queries/ingest/check.js';
import { OverBounds, parseJson } from '../../queries/ingest/json.js';
import { MAX_BATCH_BYTES, MAX_EVENTS } from '../../queries/ingest/limits.js';

const unzip = promisify(gunzip);

/** The bytes of a body, unpacked where they are gzip. Throws `TooLarge` beyond {@link MAX_BATCH_BYTES}. */
export async function unpack(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding.toLowerCase() !== 'gzip')
    throw new Unsupported(`Content-Encoding ${encoding} is not read here: send gzip, or plain`);
  try {
    return await unzip(body, { maxOutputLength: MAX_BATCH_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooManyBytes();
    throw new InvalidRequest([{ path: '$', message: 'is not gzip, as its Content-Encoding says' }]);
  }
}

export const tooManyBytes = () => new TooLarge('a batch may have up to 10 MiB unpacked: send smaller ones');

export const tooManyEvents = () =>
  new TooLarge('a batch may have up to 10,000 events; this one has more: send smaller ones');

/**
 * The events of an NDJSON body, each parsed when it is asked for. Blank lines are skipped, but counted in the places of the
 * others. Throws `TooLarge` for too many lines, before any is parsed.
 */
export function parseNdjson(body: Buffer): Iterable<ReceivedEvent> {
  const lines = linesOf(body);
  const isText = isUtf8(body);
  return (function* () {
    for (const { index, start, end } of lines) {
      const line = isText ? body.toString('utf8', start, end) : decode(body.subarray(start, end));
      yield line === null
        ? { index, fault: 'is not UTF-8' }
        : parseEvent(line, index, 'is not JSON: each line is one event');
    }
  })();
}

/** The lines that hold more than blanks, by their bytes. */
function linesOf(body: Buffer): { index: number; start: number; end: number }[] {
  const lines: { index: number; start: number; end: number }[] = [];
  let start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0; // a byte-order mark
  let index = 0;
  let isBlank = true;
  for (let at = start; at <= body.length; at++) {
    const byte = body[at];
    if (byte !== 0x0a && byte !== undefined) {
      isBlank &&= byte === 0x20 || byte === 0x09 || byte === 0x0d;
      continue;
    }
    if (!isBlank && lines.push({ index, start, end: at }) > MAX_EVENTS) throw tooManyEvents();
    start = at + 1;
    index++;
    isBlank = true;
  }
  return lines;
}

/** An event of its text, or why it is none. */
export function parseEvent(text: string, index: number, otherwise: string): ReceivedEvent {
  try {
    return { index, value: parseJson(text) };
  } catch (error) {
    return { index, fault: error instanceof OverBounds ? error.message : otherwise };
  }
}
