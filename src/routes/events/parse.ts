import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type Fault, InvalidRequest, TooLarge, Unsupported } from '../../errors.js';
import { decode } from '../../http/utf8.js';
import type { Sent } from '../../queries/ingest/check.js';
import { parseJson } from '../../queries/ingest/json.js';

export const MAX_EVENTS = 10_000;
export const MAX_BYTES = 10 * 1024 * 1024;

const unzip = promisify(gunzip);

/** The bytes of a body, unpacked where they are gzip. Throws `TooLarge` beyond {@link MAX_BYTES}. */
export async function unpack(body: Buffer, encoding: string | undefined): Promise<Buffer> {
  if (encoding === undefined || encoding === 'identity') return body;
  if (encoding.toLowerCase() !== 'gzip')
    throw new Unsupported(`Content-Encoding ${encoding} is not read here: send gzip, or plain`);
  try {
    return await unzip(body, { maxOutputLength: MAX_BYTES });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') throw tooManyBytes();
    throw new InvalidRequest([{ path: '$', message: 'is not gzip, as its Content-Encoding says' }]);
  }
}

export const tooManyBytes = () => new TooLarge('a batch may have up to 10 MiB unpacked: send smaller ones');

/** The events of an NDJSON body. Blank lines are skipped, but counted in the places of the others. */
export function parseNdjson(body: Buffer): Sent[] {
  const decoded = decode(body);
  if (decoded === null) return parseBrokenNdjson(body);
  return atMost(decoded.split('\n').flatMap((line, index) => parseLine(line, index)));
}

const isBlank = /^[ \t\r]*$/;

function parseLine(line: string, index: number): Sent[] {
  if (isBlank.test(line)) return [];
  try {
    return [{ index, value: parseJson(line) }];
  } catch {
    return [{ index, fault: 'is not JSON: each line is one event' }];
  }
}

/** A body with bytes that are no UTF-8, line by line, to name the lines that have them. */
function parseBrokenNdjson(body: Buffer): Sent[] {
  const events: Sent[] = [];
  for (let index = 0, start = 0; start <= body.length; index++) {
    const newline = body.indexOf(0x0a, start);
    const end = newline === -1 ? body.length : newline;
    const line = decode(body.subarray(start, end));
    events.push(...(line === null ? [{ index, fault: 'is not UTF-8' }] : parseLine(line, index)));
    start = end + 1;
  }
  return atMost(events);
}

/** The events of a `{"events": [...]}` body. */
export function parseBatch(body: Buffer): Sent[] {
  const text = decode(body);
  if (text === null) throw new InvalidRequest([{ path: '$', message: 'is not UTF-8' }]);
  let batch: unknown;
  try {
    batch = parseJson(text);
  } catch {
    throw new InvalidRequest([
      { path: '$', message: 'is not JSON; for one event a line, say Content-Type: application/x-ndjson' },
    ]);
  }
  if (typeof batch !== 'object' || batch === null || Array.isArray(batch)) {
    throw new InvalidRequest([{ path: '$', message: 'must be an object {"events": [...]}' }]);
  }
  const faults: Fault[] = Object.keys(batch)
    .filter((name) => name !== 'events')
    .map((name) => ({ path: `$.${name}`, message: 'is not allowed here: a batch is {"events": [...]}' }));
  const { events } = batch as { events?: unknown };
  if (!Array.isArray(events)) faults.push({ path: '$.events', message: 'must be a list of events' });
  if (faults.length > 0) throw new InvalidRequest(faults);
  return atMost((events as unknown[]).map((value, index) => ({ index, value })));
}

function atMost(events: Sent[]): Sent[] {
  if (events.length > MAX_EVENTS) {
    throw new TooLarge(
      `a batch may have up to 10,000 events; this one has ${events.length.toLocaleString('en')}: send smaller ones`,
    );
  }
  return events;
}
