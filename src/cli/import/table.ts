import { LosslessNumber, parse as parseLossless } from 'lossless-json';
import type { Columns } from './columns.js';
import { toJson } from './convert.js';
import { type CsvRow, decode } from './csv.js';
import { UsageError } from './errors.js';
import type { Line, RejectedLine } from './lines.js';
import type { Mapping, Target } from './map.js';

/**
 * The events of an NDJSON table, by the mapping of `columns`. A line that is not a JSON object becomes a
 * `RejectedLine`.
 */
export async function* eventsOfLines(
  lists: AsyncIterable<readonly (Line | RejectedLine)[]>,
  columns: Columns,
): AsyncGenerator<(Line | RejectedLine)[]> {
  const { mapping } = columns;
  for await (const lines of lists) {
    yield lines.map((line) => {
      if ('fault' in line) return line;
      const { file, number } = line;
      const row = parseRow(line.bytes.toString(), mapping);
      if (typeof row === 'string') return { file, number, fault: row };
      columns.see(Object.keys(row));
      return { file, number, bytes: Buffer.from(toEvent(mapping, valuesOf(row, mapping))) };
    });
  }
}

/**
 * The events of a CSV table, by the mapping of `columns`. A row with more or fewer cells than the header, or with bytes
 * that are not UTF-8, becomes a `RejectedLine`. Throws a UsageError if the header lacks a column.
 */
export async function* eventsOfRows(
  lists: AsyncIterable<readonly CsvRow[]>,
  columns: Columns,
): AsyncGenerator<(Line | RejectedLine)[]> {
  const { mapping } = columns;
  let header: string[] | undefined;
  for await (const rows of lists) {
    let data = rows;
    if (header === undefined) {
      if (rows[0] === undefined) continue;
      header = readHeader(rows[0], mapping);
      columns.see(header);
      data = rows.slice(1);
    }
    const names = header;
    yield data.map((row) => eventOfRow(row, names, mapping));
  }
}

/** The column names of a header. Throws a UsageError that names missing or repeated columns. */
export function readHeader(header: CsvRow, mapping: Mapping): string[] {
  const names = header.cells.map((cell) => {
    const name = decode(cell);
    if (name === undefined) throw new UsageError(`${header.file}: its header is not UTF-8`);
    return name;
  });
  const faults = [...mapping.needed].filter(([column]) => !names.includes(column)).map(([, fault]) => fault);
  for (const column of mapping.columns.keys()) {
    if (names.indexOf(column) !== names.lastIndexOf(column)) faults.push(`two columns ${JSON.stringify(column)}`);
  }
  if (faults.length > 0) throw new UsageError(faults.map((fault) => `${header.file}: ${fault}`).join('\n'));
  return names;
}

/** Parses one row of NDJSON; numbers that will be sent keep their digits. Returns what is wrong if it is invalid. */
export function parseRow(text: string, mapping: Mapping): Record<string, unknown> | string {
  try {
    const row = JSON.parse(text);
    if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'not a JSON object';
    // Five times slower than JSON.parse, so it is only used if a value that will be sent may be a number.
    return valuesOf(row, mapping).some(([, value]) => typeof value === 'number' || typeof value === 'object')
      ? (parseLossless(text, null, lossless) as Record<string, unknown>)
      : row;
  } catch (error) {
    return `not JSON: ${(error as Error).message}`;
  }
}

/** Like JSON.parse, it takes the last value of a repeated key. */
const lossless = {
  parseNumber: (digits: string) => new LosslessNumber(digits),
  onDuplicateKey: ({ newValue }: { newValue: unknown }) => newValue,
};

type Value = [targets: readonly Target[], value: unknown];

function valuesOf(row: Record<string, unknown>, mapping: Mapping): Value[] {
  const values: Value[] = [];
  for (const [column, targets] of mapping.columns) {
    if (Object.hasOwn(row, column) && row[column] !== null) values.push([targets, row[column]]);
  }
  return values;
}

function eventOfRow(row: CsvRow, names: readonly string[], mapping: Mapping): Line | RejectedLine {
  const { file, number, cells } = row;
  if (cells.length !== names.length) {
    return { file, number, fault: `${cells.length} cells, where the header has ${names.length}` };
  }
  const values: Value[] = [];
  for (const [index, name] of names.entries()) {
    const targets = mapping.columns.get(name);
    const cell = cells[index];
    if (!targets || !cell) continue; // an empty cell is a null
    const text = decode(cell);
    if (text === undefined) return { file, number, fault: `column ${JSON.stringify(name)} is not UTF-8` };
    values.push([targets, text]);
  }
  return { file, number, bytes: Buffer.from(toEvent(mapping, values)) };
}

/** A `message` event as JSON, on one line. */
function toEvent({ constants }: Mapping, values: readonly Value[]): string {
  const members = { ...constants };
  for (const [targets, value] of values) {
    for (const { place, name, kind } of targets) members[place] += `,"${name}":${toJson(kind, value)}`;
  }
  const conversation = members.conversation && `,"conversation":{${members.conversation.slice(1)}}`;
  return `{"type":"message"${members.event}${conversation}}`;
}
