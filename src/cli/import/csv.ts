import { isUtf8 } from 'node:buffer';
import { type CsvErrorCode, parse } from 'csv-parse';
import { parse as parseAtOnce } from 'csv-parse/sync';
import { MAX_LINE_BYTES, type Place, type Rejected } from './lines.js';

/** A row of CSV; `number` is the line that it starts on. */
export interface CsvRow extends Place {
  /** Each character is one byte of the file; `decode` turns it into text. */
  cells: string[];
}

export const DELIMITERS = [',', ';', '\t', '|'];

/** The delimiters by their names, as messages say them. */
export const nameOf = (delimiter: string) => (delimiter === '\t' ? 'tabs' : `\`${delimiter}\``);

/** How a table is written. */
export interface CsvForm {
  delimiter: string;
  /** Whether its first line is `sep=;`, as Excel writes it. */
  hasSeparatorLine: boolean;
  /** Whether its lines end with carriage returns alone. */
  isOfMac: boolean;
  /** The header and the first rows. */
  rows: string[][];
  /** The share of the first rows that have as many cells as the header. */
  share: number;
}

/** How many rows decide. */
const MOST_ROWS = 50;

/** How a table is written, by its first rows; the delimiter is the one by which they most often have the header's count of cells. */
export function formOf(text: string, isWhole: boolean, wanted: string | undefined): CsvForm {
  const isOfMac = text.includes('\r') && !text.includes('\n');
  const ends = isOfMac ? ['\r'] : ['\r\n', '\n'];
  const [, separator] = /^sep=(.)\r?\n/.exec(text) ?? [];
  const body = separator === undefined ? text : text.slice(text.indexOf('\n') + 1);
  const forms = (wanted ?? separator ?? DELIMITERS.join('')).split('').map((delimiter): CsvForm => {
    const all = rowsOf(body, delimiter, ends);
    const rows = isWhole || all.length < 2 ? all : all.slice(0, -1); // the last may be cut
    const count = rows[0]?.length ?? 0;
    const alike = rows.slice(1).filter((row) => row.length === count).length;
    const share = count < 2 ? 0 : rows.length < 2 ? 1 : alike / (rows.length - 1);
    return { delimiter, hasSeparatorLine: separator !== undefined, isOfMac, rows, share };
  });
  const columns = (form: CsvForm) => form.rows[0]?.length ?? 0;
  return forms.reduce((best, form) =>
    form.share > best.share || (form.share === best.share && columns(form) > columns(best)) ? form : best,
  );
}

function rowsOf(text: string, delimiter: string, ends: string[]): string[][] {
  const options = { relax_column_count: true, relax_quotes: true, skip_empty_lines: true, to: MOST_ROWS + 1 };
  try {
    return parseAtOnce(text, { ...options, delimiter, record_delimiter: ends });
  } catch {
    // A quote that is open at the cut: the lines before the last quotes are enough to judge by.
    return text
      .split(ends.at(-1) as string)
      .slice(0, MOST_ROWS)
      .filter((line) => line.trim() !== '')
      .map((line) => line.split(delimiter));
  }
}

/**
 * The rows of CSV (RFC 4180, with any delimiter), including the header, in chunks. Empty lines are skipped but counted. A row
 * with quotes in wrong places is rejected, and reading goes on with the line after its first.
 */
export async function* readRows(
  file: string,
  chunks: AsyncIterable<Buffer>,
  form: Pick<CsvForm, 'delimiter' | 'hasSeparatorLine' | 'isOfMac'>,
): AsyncGenerator<(CsvRow | Rejected)[]> {
  let rows: (CsvRow | Rejected)[] = [];
  let number = 1;
  /** The bytes from the end of the last row on, which are read again after a broken one. */
  let kept: Buffer[] = [];
  let readBytes = 0;
  const lineEnd = form.isOfMac ? 0x0d : 0x0a;

  const start = () => {
    readBytes = 0;
    const parser = parse({
      encoding: 'latin1', // bytes, for decode: bad ones would become U+FFFD unseen
      delimiter: form.delimiter,
      record_delimiter: form.isOfMac ? ['\r'] : ['\r\n', '\n'],
      relax_column_count: true, // the reader of the rows knows the header, and refuses one row alone
      max_record_size: MAX_LINE_BYTES,
      // Takes the rows synchronously with the bytes, which saves the cost of an object stream.
      on_record: (cells: string[], { bytes }) => {
        const isSeparator = form.hasSeparatorLine && number === 1;
        if (!isSeparator && (cells.length > 1 || cells[0] !== '')) rows.push({ file, number, cells });
        number += 1 + lineFeeds(cells);
        readBytes = bytes;
        return null;
      },
    });
    parser.on('error', () => {}); // the callbacks below get the error too
    return parser;
  };
  let parser = start();
  const advance = (chunk: Buffer | undefined) =>
    new Promise<Error | null | undefined>((resolve) => {
      if (chunk === undefined) parser.end(resolve);
      else parser.write(chunk, resolve);
    });

  /** How many bytes of the parser's lie before `kept`. */
  let before = 0;
  for await (const chunk of withEnd(chunks)) {
    const isEnd = chunk === undefined;
    if (!isEnd) kept.push(chunk);
    let error = await advance(chunk);
    while (error) {
      rows.push({ file, number, faults: [reason(error)] });
      number += 1;
      const rest = Buffer.concat(kept).subarray(readBytes - before);
      const end = rest.indexOf(lineEnd);
      const again = end === -1 ? rest.subarray(rest.length) : rest.subarray(end + 1);
      parser = start();
      before = 0;
      kept = [again];
      error = await advance(again);
      if (isEnd) error ??= await advance(undefined);
    }
    const done = readBytes - before;
    if (done > 0) {
      kept = [Buffer.concat(kept).subarray(done)];
      before = readBytes;
    }
    const found = rows;
    rows = [];
    yield found;
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

function reason(error: (Error & { code?: CsvErrorCode }) | undefined): string {
  switch (error?.code) {
    case 'CSV_QUOTE_NOT_CLOSED':
      return 'a quote is never closed';
    case 'CSV_INVALID_CLOSING_QUOTE':
      return 'there is text between a closing quote and the next delimiter';
    case 'INVALID_OPENING_QUOTE':
      return 'there is a quote inside an unquoted cell';
    case 'CSV_MAX_RECORD_SIZE':
      return `a row longer than ${MAX_LINE_BYTES} bytes; is a quote left open?`;
    default:
      return `the table cannot be read (${error?.code})`;
  }
}
