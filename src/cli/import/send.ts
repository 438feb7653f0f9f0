import { isObject } from '../../queries/ingest/json.js';
import { ImportError } from './halt.js';
import { type Line, placeOf } from './lines.js';
import type { Answer, Service } from './service.js';
import type { Tally } from './tally.js';

/**
 * With four senders the fastest on the whole (docs/benchmarks.md, "Import"), far below the limits of the service (10,000 events, 10 MiB), and
 * within the default of proxies (1 MiB).
 */
const MAX_LINES = 2000;
const MAX_BYTES = 1024 * 1024;

/**
 * Groups lines in order into batches of up to 2,000 lines and about 1 MiB, each sent as one body. A longer line becomes
 * a batch of its own.
 */
export async function* batches(lists: AsyncIterable<readonly Line[]>): AsyncGenerator<Line[]> {
  let batch: Line[] = [];
  let bytes = 0;
  for await (const lines of lists) {
    for (const line of lines) {
      const length = line.bytes.length + 1;
      if (batch.length === MAX_LINES || (batch.length > 0 && bytes + length > MAX_BYTES)) {
        yield batch;
        batch = [];
        bytes = 0;
      }
      batch.push(line);
      bytes += length;
    }
  }
  if (batch.length > 0) yield batch;
}

/**
 * The body of a batch: one line of NDJSON per event. No line is blank, so the service's index is the index in the
 * batch.
 */
export function bodyOf(batch: readonly Line[]): Buffer {
  const body = Buffer.allocUnsafe(batch.reduce((length, line) => length + line.bytes.length + 1, 0));
  let at = 0;
  for (const { bytes } of batch) {
    at += bytes.copy(body, at);
    body[at] = 0x0a;
    at += 1;
  }
  return body;
}

/**
 * Sends a batch until every line is stored or refused. The service stores a batch atomically, so the lines that it
 * names as faulty are counted as refused and removed, a batch that is too large is halved, and the rest is sent again.
 * Throws an ImportError for an answer that is not about a line: an invalid key, a wrong URL.
 */
export async function send(
  batch: readonly Line[],
  service: Pick<Service, 'post' | 'url'>,
  tally: Tally,
): Promise<void> {
  let rest = batch;
  while (rest.length > 0) {
    const answer = await service.post(bodyOf(rest));
    const counts = countsOf(answer);
    if (counts !== undefined) {
      for (const { bytes } of rest) tally.see(JSON.parse(bytes.toString()));
      tally.accepted += counts.accepted;
      tally.duplicates += counts.duplicates;
      tally.differing += Number(/^(\d+) of the duplicates differ/.exec(answer.notice ?? '')?.[1] ?? 0);
      return;
    }
    if (answer.status === 413 && rest.length > 1) {
      const half = Math.ceil(rest.length / 2);
      await send(rest.slice(0, half), service, tally);
      rest = rest.slice(half);
      continue;
    }
    const faults = faultsOf(answer, rest.length);
    if (faults.size === 0) throw new ImportError(explain(answer, rest, service.url));
    for (const [index, reasons] of faults) tally.refuse(rest[index] as Line, reasons);
    rest = rest.filter((_, index) => !faults.has(index));
  }
}

function countsOf({ status, body }: Answer): { accepted: number; duplicates: number } | undefined {
  if (status !== 200 || !isObject(body)) return undefined;
  const { accepted, duplicates } = body;
  return typeof accepted === 'number' && typeof duplicates === 'number' ? { accepted, duplicates } : undefined;
}

/** The faults of single lines in an answer of the service: index -> `path: message`. */
function faultsOf({ status, body }: Answer, lines: number): Map<number, string[]> {
  const faults = new Map<number, string[]>();
  if (status === 413) return faults.set(0, ['longer than the service accepts']);
  if ((status !== 400 && status !== 403) || !isObject(body) || !Array.isArray(body.errors)) return faults;
  for (const { path, message } of body.errors.filter(isObject)) {
    const [, digits, field = ''] = /^\$\.events\[(\d+)\]\.?(.*)$/s.exec(String(path)) ?? [];
    const index = Number(digits);
    if (digits === undefined || index >= lines) continue;
    faults.set(index, [...(faults.get(index) ?? []), field === '' ? String(message) : `${field}: ${message}`]);
  }
  return faults;
}

function explain({ status, body, location }: Answer, batch: readonly Line[], url: URL): string {
  const detail = isObject(body) && typeof body.detail === 'string' ? ` (${body.detail})` : '';
  const [first, last] = [batch[0] as Line, batch.at(-1) as Line];
  if (status === 401) return `the service does not know this key${detail}: check --key and CONVERSATION_REPORTS_KEY`;
  if (status === 403) return `this key may not send events${detail}: it needs write permission`;
  if (status === 404) return `nothing takes events at ${url}${detail}: check --url`;
  if (status === 400) {
    return `the service refuses the lines ${placeOf(first)} to ${placeOf(last)}${detail}`;
  }
  if (location !== null) return `${url} points to ${location}: check --url`;
  return `${url} answers ${status}, which is not an answer of this service${detail}: check --url`;
}
