import type { Readable } from 'node:stream';
import { Halt, ImportError, Interrupted, inParallel, UsageError } from './halt.js';
import { findInputs, type Input } from './input.js';
import { type Line, type Rejected, readLines } from './lines.js';
import { type Output, Progress } from './progress.js';
import { bytesOf, mapped, type Road, readRecords, serialized } from './records.js';
import { Rehearsal } from './rehearsal.js';
import { Columns, findRoads, type Reading } from './road.js';
import { batches, send } from './send.js';
import { Service, type ServiceOptions } from './service.js';
import { Tally } from './tally.js';

/** What to import, and where. */
export interface Plan {
  /** File names; `-` for standard input. */
  files: readonly string[];
  reading: Reading;
  /** The service; null if nothing is to be sent, and the first events are to be shown. */
  service: ServiceOptions | null;
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
 * UsageError, before anything is sent, if the command line does not fit the files.
 */
export async function runImport(plan: Plan, streams: Streams, interrupt: AbortSignal): Promise<number> {
  const started = performance.now();
  const progress = new Progress(streams.stderr);
  const log = (text: string) => progress.log(text);
  const print = (text: string) => streams.stdout.write(`${text}\n`);
  streams.stdout.on('error', () => {}); // its reader may have seen enough, as head has
  const tally = new Tally(log);
  const halt = new Halt();
  interrupt.addEventListener('abort', () => halt.stop(new Interrupted('interrupted')));
  const service = plan.service === null ? new Rehearsal(print) : new Service(plan.service, halt, log);
  const columns = new Columns((names) => log(`ignored columns: ${names.join(', ')}`));
  const inputs = await findInputs(plan.files, streams.stdin);
  const roads = await findRoads(inputs, plan.reading, halt.stopping).catch((error: Error) => {
    halt.stop(error);
    return [];
  });
  for (const text of saidOf(roads)) log(text);
  if (roads.some(({ look }) => look.form === 'json' || look.form === 'text')) tally.unit = 'records';

  let bytes = 0;
  const onBytes = (count: number) => {
    bytes += count;
  };
  progress.start(totalSize(inputs), () => ({
    lines: tally.settled,
    bytes: tally.read === 0 ? 0 : (bytes * tally.settled) / tally.read,
  }));
  const lines = readAll(roads, { columns, tally, log, signal: halt.stopping, onBytes });
  const concurrency = plan.service === null ? 1 : plan.concurrency;
  let broken: Error | undefined;
  const whole = untilFault(lines, (error) => {
    broken = error; // what was read before it is sent first
  });
  await inParallel(batches(whole), concurrency, halt, (batch) => send(batch, service, tally));
  if (broken !== undefined) halt.stop(broken);
  progress.stop();
  halt.dispose();

  const missing = halt.reason === undefined && tally.read > 0 ? columns.missing() : [];
  for (const fault of missing) log(`in no row: ${fault}`);
  const status = statusOf(halt.reason, tally, missing);
  for (const line of halt.reason?.message.split('\n') ?? []) log(line);
  if (halt.reason && tally.settled > 0 && plan.service !== null)
    log('run the same command again to continue: events that are already stored count as duplicates');
  const say = plan.service === null ? log : print; // what is printed are the events then
  if (plan.service === null) say('nothing was sent; what the service would take:');
  for (const text of [tally.counts(performance.now() - started), ...tally.story()]) say(text);
  const days = tally.days();
  if (days !== undefined && plan.service !== null) say(requestFor(days, plan.service.url));
  return status;
}

function statusOf(reason: Error | undefined, tally: Tally, missing: readonly string[]): number {
  if (reason === undefined) return tally.refused > 0 || missing.length > 0 ? 1 : 0;
  if (reason instanceof Interrupted) return 130;
  if (reason instanceof ImportError || (reason instanceof UsageError && tally.read > 0)) return 1;
  throw reason;
}

/** The same, ended early where an input breaks off. */
async function* untilFault<T>(items: AsyncIterable<T>, onFault: (error: Error) => void): AsyncGenerator<T> {
  try {
    yield* items;
  } catch (error) {
    if (!(error instanceof ImportError || error instanceof UsageError)) throw error;
    onFault(error);
  }
}

/** How many inputs of one form are named. */
const MOST_NAMED = 3;

/** What the inputs are, a line for each form. */
function saidOf(roads: readonly Road[]): string[] {
  const names = new Map<string, string[]>();
  for (const { input, look, source, records } of roads) {
    if (look.says === '') continue;
    const isOnly = records === null || (look.lists?.length === 1 && look.lists[0] === records);
    const at = look.form !== 'json' || isOnly ? '' : `, records at \`.${records}\``;
    const by =
      source === null || source.name === 'events' || source.name === 'of the options' ? '' : `, read as ${source.name}`;
    const says = `${look.says}${at}${by}`;
    names.set(says, [...(names.get(says) ?? []), input.name]);
  }
  return [...names].map(([says, files]) => {
    const more = files.length > MOST_NAMED ? ` and ${files.length - MOST_NAMED} more` : '';
    return `reading ${files.slice(0, MOST_NAMED).join(', ')}${more}: ${says}`;
  });
}

interface Around {
  columns: Columns;
  tally: Tally;
  log: (text: string) => void;
  signal: AbortSignal;
  onBytes: (count: number) => void;
}

/** The events of all inputs, in order. All records are counted, and what is no event is reported as refused or ignored. */
async function* readAll(roads: readonly Road[], around: Around): AsyncGenerator<Line[]> {
  for (const road of roads) {
    const chunks = bytesOf(road, around.signal, around.log, around.onBytes);
    if (road.source === null) yield* fitLines(readLines(road.input.name, chunks), around.tally);
    else yield* eventsOf(road, chunks, around);
  }
}

/** Filters the lines that can be sent. */
async function* fitLines(lists: AsyncIterable<(Line | Rejected)[]>, tally: Tally): AsyncGenerator<Line[]> {
  for await (const list of lists) {
    tally.records += list.length;
    tally.read += list.length;
    const fit: Line[] = [];
    for (const line of list) {
      if ('faults' in line) tally.refuse(line, line.faults);
      else fit.push(line);
    }
    yield fit;
  }
}

async function* eventsOf(
  road: Road,
  chunks: AsyncIterable<Buffer>,
  { columns, tally, log }: Around,
): AsyncGenerator<Line[]> {
  const { source, look } = road;
  if (source === null) return;
  if (look.form === 'csv' && source.reads !== undefined) columns.seeNames(look.csv?.rows[0] ?? [], source.reads);
  for await (const records of readRecords(road, chunks, log)) {
    const lines: Line[] = [];
    tally.records += records.length;
    for (const record of records) {
      if ('faults' in record) {
        tally.read += 1;
        tally.refuse(record, record.faults);
        continue;
      }
      if (look.form !== 'csv') columns.see(record.value, source.reads);
      const { file, number, isRecord } = record;
      const place = isRecord ? { file, number, isRecord } : { file, number };
      const { events, ignored, faults } = mapped(source, record.value);
      const isNothing = events.length === 0 && faults.length === 0;
      tally.read += events.length + (faults.length > 0 || isNothing ? 1 : 0);
      if (faults.length > 0) tally.refuse(place, faults);
      if (isNothing) tally.ignored += 1;
      for (const reason of ignored) tally.ignore(reason);
      for (const event of events) lines.push({ ...place, bytes: serialized(event) });
    }
    yield lines;
  }
}

function totalSize(inputs: readonly Input[]): number | undefined {
  let total = 0;
  for (const { size } of inputs) {
    if (size === undefined) return undefined;
    total += size;
  }
  return total;
}

/** A request that shows what was stored. */
function requestFor({ start, end }: { start: string; end: string }, url: URL): string {
  const query = {
    dataset: 'conversations',
    start_time: start,
    end_time: end,
    measures: ['conversations', 'users'],
    group_by: ['channel'],
  };
  const target = new URL('v1/query', `${url.href.replace(/\/?$/, '/')}`);
  return (
    `To see them:\n  curl -u "$CONVERSATION_REPORTS_KEY" ${target} -H 'Content-Type: application/json' \\\n` +
    `    -d '${JSON.stringify(query)}'`
  );
}
