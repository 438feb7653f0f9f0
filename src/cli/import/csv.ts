import { isUtf8 } from 'node:buffer';
import { type CsvErrorCode, parse } from 'csv-parse';
import { ImportError } from './errors.js';
import { type LinePosition, MAX_LINE_BYTES } from './lines.js';

/** A row of CSV; `number` is the line that it starts on. */
export interface CsvRow extends LinePosition {
  /** Each character is one byte of the file; `decode` turns it into text. */
  cells: string[];
}

/**
 * The rows of CSV (RFC 4180: commas, LF or CR LF), including the header, in chunks. Empty lines are skipped but
 * counted. Throws an ImportError for unbalanced quotes, after the rows before them, because the boundaries of later
 * rows are unknown.
 */
export async function* readRows(file: string, chunks: AsyncIterable<Buffer>): AsyncGenerator<CsvRow[]> {
  const rows: CsvRow[] = [];
  let number = 1;
  const parser = parse({
    encoding: 'latin1', // bytes, for decode: bad ones would become U+FFFD unseen
    record_delimiter: ['\r\n', '\n'],
    relax_column_count: true, // the reader of the rows knows the header, and refuses one row alone
    max_record_size: MAX_LINE_BYTES,
    // Takes the rows synchronously with the bytes, which saves the cost of an object stream.
    on_record: (cells: string[]) => {
      if (cells.length > 1 || cells[0] !== '') rows.push({ file, number, cells });
      number += 1 + lineFeeds(cells);
      return null;
    },
  });
  parser.on('error', () => {}); // the callbacks below get the error too
  const advance = (chunk: Buffer | undefined) =>
    new Promise<Error | null | undefined>((resolve) => {
      if (chunk === undefined) parser.end(resolve);
      else parser.write(chunk, resolve);
    });

  for await (const chunk of withEnd(chunks)) {
    const error = await advance(chunk);
    yield rows.splice(0);
    if (error) throw new ImportError(`${file}:${number}: ${reason(error)}; nothing from this row on was read`);
  }
}

/** The text of a cell; undefined if its bytes are not UTF-8. */
export function decode(cell: string): string | undefined {
  if (!/[\x80-\xff]/.test(cell)) return cell;
  const bytes = Buffer.from(cell, 'latin1');
  return isUtf8(bytes) ? bytes.toString() : undefined;
}

async function* withEnd(chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer | undefined> {
  yield* chunks;
  yield undefined;
}

function lineFeeds(cells: readonly string[]): number {
  let count = 0;
  for (const cell of cells) {
    for (let at = cell.indexOf('\n'); at !== -1; at = cell.indexOf('\n', at + 1)) count += 1;
  }
  return count;
}

function reason(error: Error & { code?: CsvErrorCode }): string {
  switch (error.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is never closed';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'there is text between a closing quote and the next comma';
    case 'INVALID_OPENING_QUOTE':
      return 'there is a quote inside an unquoted cell';
    case 'CSV_MAX_RECORD_SIZE':
      return `a row longer than ${MAX_LINE_BYTES} bytes; is a quote left open?`;
    default:
      return error.message;
  }
}
