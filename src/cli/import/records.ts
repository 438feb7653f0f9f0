import { isLosslessNumber, stringify } from 'lossless-json';
import { hasPath } from '../../sources/paths.js';
import type { Event, Mapped, Source, Use } from '../../sources/source.js';
import { type CsvRow, decode, readRows } from './csv.js';
import { ImportError, UsageError } from './halt.js';
import { decoded, type Input, read } from './input.js';
import { parseRecord, type Read, readDocuments } from './json.js';
import { type Line, type Rejected, readLines } from './lines.js';
import type { Look } from './look.js';
import type { RecordScanner } from './record-scanner.js';

/** An input, and how it is read. */
export interface Road {
  input: Input;
  look: Look;
  /** What makes events of its records; null for events that are sent as they are. */
  source: Source | null;
  /** The path of the list that holds the records of a JSON document; null for whole documents. */
  records: string | null;
}

/** The records of an input, in chunks. Throws an ImportError, after the records before it, where reading has to end. */
export async function* readRecords(
  { input, look, source, records }: Road,
  chunks: AsyncIterable<Buffer>,
  log: (text: string) => void,
): AsyncGenerator<(Read | Rejected)[]> {
  if (look.form === 'lines') {
    for await (const lines of readLines(input.name, chunks)) yield lines.map((line) => recordOf(line));
  } else if (look.form === 'json') {
    yield* readDocuments(input.name, chunks, records, (scanner) =>
      checkLists(input.name, scanner, records, look.lists ?? [], log),
    );
  } else if (look.form === 'csv' && look.csv !== undefined) {
    yield* recordsOfRows(readRows(input.name, chunks, look.csv), source?.reads);
  } else if (look.form === 'text' && source?.lines !== undefined) {
    yield* recordsOfText(readLines(input.name, chunks), source.lines(), input.name);
  }
}

function recordOf(line: Line | Rejected): Read | Rejected {
  if ('faults' in line) return line;
  const { file, number } = line;
  const record = parseRecord({ file, number }, line.bytes);
  if ('faults' in record) return record;
  const { value } = record;
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value) && !isLosslessNumber(value);
  return isObject ? record : { file, number, faults: ['not a JSON object'] };
}

/** The list of records may be missing, or another one may stand beside it, further on than was looked at. */
function checkLists(
  name: string,
  scanner: RecordScanner,
  wanted: string | null,
  known: readonly string[],
  log: (text: string) => void,
): void {
  const others = [...scanner.lists].filter((path) => path !== wanted).map((path) => `\`.${path}\``);
  if (!scanner.isFound) {
    const found = others.length === 0 ? 'no lists of objects' : `lists of objects under ${others.join(', ')}`;
    throw new ImportError(`${name}: there is no list at \`.${wanted}\`; it has ${found}: --records says which`);
  }
  const unknown = [...scanner.lists].some((path) => !known.includes(path));
  if (wanted !== null && unknown) log(`${name}: also has lists under ${others.join(', ')}, which were not read`);
}

async function* recordsOfRows(
  lists: AsyncIterable<readonly (CsvRow | Rejected)[]>,
  reads: readonly Use[] | undefined,
): AsyncGenerator<(Read | Rejected)[]> {
  let header: string[] | undefined;
  for await (const rows of lists) {
    let data = rows;
    if (header === undefined) {
      const [first] = rows;
      if (first === undefined) continue;
      if ('faults' in first)
        throw new ImportError(`${first.file}:${first.number}: its header: ${first.faults.join('; ')}`);
      header = readHeader(first, reads);
      data = rows.slice(1);
    }
    const names = header;
    const used = names.map((name) => reads === undefined || reads.some((use) => isColumnOf(use, name)));
    yield data.map((row) => ('faults' in row ? row : recordOfRow(row, names, used)));
  }
}

/** Whether a path reads a column: under its whole text, or under its first key. */
export const isColumnOf = ({ path }: Use, name: string): boolean =>
  path.text === name || path.steps.length === 0 || path.steps[0]?.key === name;

/** The names of the columns. Throws a UsageError that names columns that are missing, or there twice. */
function readHeader(header: CsvRow, reads: readonly Use[] | undefined): string[] {
  const names = header.cells.map((cell) => {
    const name = decode(cell);
    if (name === undefined)
      throw new UsageError(`${header.file}: its header is not UTF-8: --encoding says how it is encoded`);
    return name.trim();
  });
  const faults = missingIn(reads, [Object.fromEntries(names.map((name) => [name, null]))], names);
  for (const name of new Set(names)) {
    const isUsed = reads?.some((use) => isColumnOf(use, name)) ?? true;
    if (isUsed && name !== '' && names.indexOf(name) !== names.lastIndexOf(name)) {
      faults.push(`two columns ${JSON.stringify(name)}`);
    }
  }
  if (faults.length > 0) throw new UsageError(faults.map((fault) => `${header.file}: ${fault}`).join('\n'));
  return names;
}

/** What records lack of what their source needs. `columns` are those found. */
export function missingIn(
  reads: readonly Use[] | undefined,
  records: readonly unknown[],
  columns: readonly string[],
): string[] {
  const missing = (reads ?? []).filter(
    ({ path, because }) => because !== undefined && !records.some((record) => hasPath(path, record)),
  );
  const found = columns.filter((name) => name !== '').slice(0, 40);
  const has = found.length === 0 ? '' : `; there are ${found.map((name) => JSON.stringify(name)).join(', ')}`;
  return missing.map(
    ({ path, because }, n) => `no column ${JSON.stringify(path.text)}${because}${n === missing.length - 1 ? has : ''}`,
  );
}

function recordOfRow(row: CsvRow, names: readonly string[], used: readonly boolean[]): Read | Rejected {
  const { file, number, cells } = row;
  if (cells.length !== names.length) {
    return { file, number, faults: [`${cells.length} cells, where the header has ${names.length}`] };
  }
  const value: Record<string, string> = {};
  for (let at = 0; at < names.length; at += 1) {
    if (!used[at]) continue;
    const text = decode(cells[at] as string);
    if (text === undefined) return { file, number, faults: [`column ${JSON.stringify(names[at])} is not UTF-8`] };
    if (names[at] !== '__proto__') value[names[at] as string] = text;
  }
  return { file, number, value };
}

async function* recordsOfText(
  lists: AsyncIterable<readonly (Line | Rejected)[]>,
  group: (line: string | null) => unknown,
  file: string,
): AsyncGenerator<(Read | Rejected)[]> {
  let number = 1;
  let next = 1;
  const take = (line: string | null, at: number): Read[] => {
    const value = group(line);
    const read = value === undefined ? [] : [{ file, number, value }];
    if (value !== undefined) number = at;
    return read;
  };
  for await (const lines of lists) {
    yield lines.flatMap((line): (Read | Rejected)[] => {
      next = line.number + 1;
      return 'faults' in line ? [line] : take(line.bytes.toString(), line.number);
    });
  }
  yield take(null, next);
}

/** The bytes of an input as its look says. */
export function bytesOf(
  { input, look }: Road,
  signal: AbortSignal,
  log: (text: string) => void,
  onBytes?: (count: number) => void,
): AsyncGenerator<Buffer> {
  let bad = 0;
  return (async function* () {
    yield* decoded(read(input, signal, onBytes), look.encoding, (count) => {
      bad += count;
    });
    if (bad > 0)
      log(`${input.name}: ${bad} characters are not ${look.encoding}; each is kept as \ufffd: --encoding says another`);
  })();
}

/** What a source makes of a record. A fault in the source itself costs that record only. */
export function mapped(source: Source, value: unknown): Mapped {
  try {
    return source.map(value);
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof RangeError)) throw error;
    return { events: [], ignored: [], faults: [`does not have the form that ${source.name} reads`] };
  }
}

/** An event as JSON on one line, with every digit of its numbers. */
export function serialized(event: Event): Buffer {
  const text = JSON.stringify(event);
  return Buffer.from(text.includes('"isLosslessNumber":true') ? (stringify(event) as string) : text);
}
