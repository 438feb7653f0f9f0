import type { Readable } from 'node:stream';
import { batches } from './batch.js';
import { checkColumns } from './check.js';
import { Columns } from './columns.js';
import { readRows } from './csv.js';
import { ImportError, Interrupted, UsageError } from './errors.js';
import { Halt } from './halt.js';
import { type Line, type RejectedLine, readLines } from './lines.js';
import type { Mapping } from './map.js';
import { inParallel } from './parallel.js';
import { type Output, Progress } from './progress.js';
import { send } from './send.js';
import { Service, type ServiceOptions } from './service.js';
import { findSources, read, type Source } from './source.js';
import { eventsOfLines, eventsOfRows } from './table.js';
import { Tally } from './tally.js';

/** What to import, and where. */
export interface Plan {
  /** File names; `-` for standard input. */
  files: readonly string[];
  /** How rows of tables become events; undefined if the lines are events. */
  mapping: Mapping | undefined;
  /** Whether tables are CSV regardless of their names. */
  csv: boolean;
  service: ServiceOptions;
  /** Number of batches sent at the same time. */
  concurrency: number;
}

export interface Streams {
  stdin: Readable;
  stdout: NodeJS.WritableStream;
  stderr: Output;
}

/**
 * Imports events. Writes the result to `stdout` and everything else to `stderr`. Resolves with the exit status: 0 if
 * every line was stored, 1 if a line was refused or the import was aborted, 130 if `interrupt` was aborted. Throws a
 * UsageError, before anything is read, if the command line does not fit the files.
 */
export async function runImport(plan: Plan, streams: Streams, interrupt: AbortSignal): Promise<number> {
  const started = performance.now();
  const progress = new Progress(streams.stderr);
  const log = (text: string) => progress.log(text);
  const tally = new Tally(log);
  const halt = new Halt();
  interrupt.addEventListener('abort', () => halt.stop(new Interrupted('interrupted')));
  const service = new Service(plan.service, halt, log);
  const columns = plan.mapping && new Columns(plan.mapping, (names) => log(`ignored columns: ${names.join(', ')}`));
  const sources = await findSources(plan.files, streams.stdin);
  if (plan.mapping) {
    const check = checkColumns(sources, plan.mapping, (source) => isCsv(source, plan), halt.stopping);
    await check.catch((error: Error) => halt.stop(error));
  }

  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
  };
  progress.start(totalSize(sources), () => ({
    lines: tally.settled,
    bytes: tally.read === 0 ? 0 : (bytes * tally.settled) / tally.read,
  }));
  const lines = fitLines(readAll(sources, plan, columns, halt.stopping, onBytes), tally);
  await inParallel(batches(lines), plan.concurrency, halt, (batch) => send(batch, service, tally));
  progress.stop();
  halt.dispose();

  const missing = halt.reason === undefined && tally.read > 0 ? (columns?.missing() ?? []) : [];
  for (const fault of missing) log(`in no row: ${fault}`);
  const status = statusOf(halt.reason, tally, missing);
  for (const line of halt.reason?.message.split('\n') ?? []) log(line);
  if (halt.reason && tally.settled > 0)
    log('run the same command again to continue: events that are already stored count as duplicates');
  streams.stdout.write(`${tally.summary(performance.now() - started)}\n`);
  return status;
}

function statusOf(reason: Error | undefined, tally: Tally, missing: readonly string[]): number {
  if (reason === undefined) return tally.refused > 0 || missing.length > 0 ? 1 : 0;
  if (reason instanceof Interrupted) return 130;
  if (reason instanceof ImportError || (reason instanceof UsageError && tally.read > 0)) return 1;
  throw reason;
}

/** The events of all sources, in order. */
async function* readAll(
  sources: readonly Source[],
  plan: Plan,
  columns: Columns | undefined,
  signal: AbortSignal,
  onBytes: (count: number) => void,
): AsyncGenerator<(Line | RejectedLine)[]> {
  for (const source of sources) {
    const chunks = read(source, signal, onBytes);
    if (columns === undefined) yield* readLines(source.name, chunks);
    else if (isCsv(source, plan)) yield* eventsOfRows(readRows(source.name, chunks), columns);
    else yield* eventsOfLines(readLines(source.name, chunks), columns);
  }
}

/** Filters the lines that can be sent. All lines are counted, and the others are reported as refused. */
async function* fitLines(lists: AsyncIterable<(Line | RejectedLine)[]>, tally: Tally): AsyncGenerator<Line[]> {
  for await (const list of lists) {
    tally.read += list.length;
    const fit: Line[] = [];
    for (const line of list) {
      if ('fault' in line) tally.refuse(line, line.fault);
      else fit.push(line);
    }
    yield fit;
  }
}

/** Whether the name of a file says that it is CSV. */
export const isNamedCsv = (name: string) => /\.csv(?:\.gz)?$/i.test(name);

const isCsv = (source: Source, plan: Plan) => plan.csv || isNamedCsv(source.name);

function totalSize(sources: readonly Source[]): number | undefined {
  let total = 0;
  for (const { size } of sources) {
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}
