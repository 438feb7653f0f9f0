import { constants, createReadStream } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { addAbortSignal, pipeline, Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import iconv from 'iconv-lite';
import { ImportError, UsageError } from './halt.js';

/** One input: a file or standard input. */
export interface Input {
  /** The name as given; `<stdin>` for `-`. */
  name: string;
  /** Its size on disk; undefined if it is not a regular file and can only be read once. */
  size: number | undefined;
  open(): Readable;
  /** What `peek` has read of it, if it can only be read once. */
  peeked?: { head: Buffer; rest: AsyncGenerator<Buffer> };
}

const FOLDER = 'FOLDER';
const CHUNK_SIZE = 256 * 1024;

/** The inputs with these names; `-` is standard input. Throws a UsageError with every file that cannot be read. */
export async function findInputs(names: readonly string[], stdin: Readable): Promise<Input[]> {
  const inputs: Input[] = [];
  const faults: string[] = [];
  if (names.filter((name) => name === '-').length > 1) faults.push('-: standard input can only be read once');
  for (const name of names) {
    if (name === '-') {
      inputs.push({ name: '<stdin>', size: undefined, open: () => stdin });
      continue;
    }
    try {
      inputs.push(await findFile(name));
    } catch (error) {
      faults.push(`${name}: ${reason(error as Error)}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return inputs;
}

async function findFile(name: string): Promise<Input> {
  const open = () => createReadStream(name, { highWaterMark: CHUNK_SIZE });
  const stats = await stat(name);
  if (stats.isDirectory()) throw Object.assign(new Error(), { code: FOLDER });
  await access(name, constants.R_OK);
  return { name, size: stats.isFile() ? stats.size : undefined, open };
}

/**
 * The bytes of an input, decompressed if its name ends in .gz or it starts with the gzip signature. `onBytes` is called
 * with the number of bytes read from disk. Throws an ImportError that names the input if reading fails.
 */
export async function* read(
  input: Input,
  signal: AbortSignal,
  onBytes: (count: number) => void = () => {},
): AsyncGenerator<Buffer> {
  if (input.peeked !== undefined) {
    yield input.peeked.head;
    yield* input.peeked.rest;
    return;
  }
  const file = addAbortSignal(signal, input.open());
  try {
    yield* unpacked(counted(file, onBytes), input.name);
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ImportError(`${input.name}: ${reason(error as Error)}`);
  } finally {
    file.destroy();
  }
}

/** How much of an input is looked at before it is read. */
const PEEK_SIZE = { file: 256 * 1024, once: 32 * 1024 };

/**
 * The start of an input, and whether it is all of it. What can be read only once is kept for `read`. If reading fails, the
 * bytes before: `read` will tell.
 */
export async function peek(
  input: Input,
  signal: AbortSignal,
): Promise<{ head: Buffer; isWhole: boolean; isBroken: boolean }> {
  const chunks = read(input, signal);
  const head: Buffer[] = [];
  let isWhole = false;
  let fault: Error | undefined;
  const size = input.size === undefined ? PEEK_SIZE.once : PEEK_SIZE.file;
  for (let length = 0; length < size; ) {
    try {
      const next = await chunks.next();
      isWhole = next.done === true;
      if (isWhole) break;
      head.push(next.value);
      length += next.value.length;
    } catch (error) {
      if (!(error instanceof ImportError)) throw error;
      fault = error;
      break;
    }
  }
  const bytes = Buffer.concat(head);
  if (input.size === undefined) input.peeked = { head: bytes, rest: failing(chunks, fault) };
  else await chunks.return(undefined);
  return { head: bytes, isWhole, isBroken: fault !== undefined };
}

async function* failing(chunks: AsyncGenerator<Buffer>, fault: Error | undefined): AsyncGenerator<Buffer> {
  if (fault !== undefined) throw fault;
  yield* chunks;
}

/** Whether there is a decoder for an encoding. */
export function isEncoding(name: string): boolean {
  if (iconv.encodingExists(name)) return true;
  try {
    return new TextDecoder(name) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The bytes in UTF-8 without a byte-order mark. `onBad` is called with the number of characters that the encoding does not
 * have; each is U+FFFD in what comes out. Bytes that are UTF-8 stay as they are, also bad ones, for the reader of the records.
 */
export async function* decoded(
  chunks: AsyncIterable<Buffer>,
  encoding: string,
  onBad: (count: number) => void,
): AsyncGenerator<Buffer> {
  if (encoding === 'utf-8') return yield* withoutMark(chunks);
  const decoder = iconv.encodingExists(encoding) ? iconv.getDecoder(encoding) : undefined;
  const other = decoder === undefined ? new TextDecoder(encoding) : undefined;
  const give = (text: string | undefined) => {
    if (text?.includes('\ufffd')) onBad(text.split('\ufffd').length - 1);
    return Buffer.from(text ?? '');
  };
  for await (const chunk of chunks) yield give(decoder?.write(chunk) ?? other?.decode(chunk, { stream: true }));
  yield give(decoder?.end() ?? other?.decode());
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
  if (error.code === 'Z_DATA_ERROR') return 'invalid gzip data: the file is damaged, or only its name says .gz';
  if (error.code === 'EISDIR' || error.code === FOLDER) return 'a folder, not a file';
  return `cannot be read (${error.code ?? error.message})`;
}
