import type { Line } from './lines.js';

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
