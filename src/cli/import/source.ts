import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { ImportError, UsageError } from './errors.js';

/** One input: a file or standard input. */
export interface Source {
  /** The name as given; `<stdin>` for `-`. */
  name: string;
  /** Its size on disk; undefined if it is not a regular file and can only be read once. */
  size: number | undefined;
  open(): Readable;
}

const CHUNK_SIZE = 256 * 1024;

/** The sources with these names; `-` is standard input. Throws a UsageError with every file that cannot be read. */
export async function findSources(names: readonly string[], stdin: Readable): Promise<Source[]> {
  const sources: Source[] = [];
  const faults: string[] = [];
  if (names.filter((name) => name === '-').length > 1) faults.push('-: standard input can only be read once');
  for (const name of names) {
    if (name === '-') {
      sources.push({ name: '<stdin>', size: undefined, open: () => stdin });
      continue;
    }
    try {
      sources.push(await findFile(name));
    } catch (error) {
      faults.push(`${name}: ${reason(error as Error)}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return sources;
}

async function findFile(name: string): Promise<Source> {
  const open = () => createReadStream(name, { highWaterMark: CHUNK_SIZE });
  const stats = await stat(name);
  if (stats.isDirectory()) throw new Error('a folder, not a file');
  await access(name, constants.R_OK);
  return { name, size: stats.isFile() ? stats.size : undefined, open };
}

/**
 * The bytes of a source without a byte-order mark, decompressed if its name ends in .gz or it starts with the gzip
 * signature. `onBytes` is called with the number of bytes read from disk. Throws an ImportError that names the source
 * if reading fails.
 */
export async function* read(
  source: Source,
  signal: AbortSignal,
  onBytes: (count: number) => void = () => {},
): AsyncGenerator<Buffer> {
  const file = addAbortSignal(signal, source.open());
  try {
    yield* withoutMark(unpacked(counted(file, onBytes), source.name));
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ImportError(`${source.name}: ${reason(error as Error)}`);
  } finally {
    file.destroy();
  }
}

async function* counted(file: Readable, onBytes: (count: number) => void): AsyncGenerator<Buffer> {
  for await (const chunk of file) {
    onBytes(chunk.length);
    yield chunk;
  }
}

async function* unpacked(chunks: AsyncIterable<Buffer>, name: string): AsyncGenerator<Buffer> {
  const whole = withStart(chunks, 2);
  const first = await whole.next();
  const isGzip = name.endsWith('.gz') || (!first.done && first.value[0] === 0x1f && first.value[1] === 0x8b);
  const again = (async function* () {
    if (!first.done) yield first.value;
    yield* whole;
  })();
  if (!isGzip) return yield* again;
  // The callback only keeps the error from being thrown twice: the reader of the decompressed bytes gets it.
  yield* pipeline(Readable.from(again), createGunzip({ chunkSize: CHUNK_SIZE }), () => {});
}

async function* withoutMark(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let isFirst = true;
  for await (const chunk of withStart(chunks, 3)) {
    yield isFirst && chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf ? chunk.subarray(3) : chunk;
    isFirst = false;
  }
}

/** The same bytes with a first chunk of at least `length`, if there are that many: pipes deliver chunks of any size. */
async function* withStart(chunks: AsyncIterable<Buffer>, length: number): AsyncGenerator<Buffer> {
  let start: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of chunks) {
    if (start === undefined) {
      yield chunk;
      continue;
    }
    start = start.length === 0 ? chunk : Buffer.concat([start, chunk]);
    if (start.length < length) continue;
    yield start;
    start = undefined;
  }
  if (start !== undefined && start.length > 0) yield start;
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such file';
  if (error.code === 'EACCES') return 'permission denied';
  if (error.code === 'Z_BUF_ERROR') return 'the gzip data end too early: the file is truncated';
  if (error.code === 'Z_DATA_ERROR') return `invalid gzip data (${error.message})`;
  return error.message;
}
