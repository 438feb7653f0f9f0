import { Readable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Written } from './kept-answers.js';

export interface CsvTable {
  columns: string[];
  rows: CsvCell[][];
}

export type CsvCell = string | number | boolean | null | undefined;

/**
 * A table as CSV (RFC 4180): a header row, CRLF after every row, quotes where needed, an empty cell for null, numbers
 * as in JSON. A text that a spreadsheet would run as a formula is prefixed with `'`; numbers never are.
 */
export const csv = (columns: string[], rows: CsvCell[][]): string => csvRows([columns]) + csvRows(rows);

/** What a spreadsheet would run as a formula, and the phone numbers that look like one. */
const FORMULA = /^[=+\-@\t\r]/;
const TELEPHONE = /^[+-][0-9 .-]+$/;

/** Rows of a table in the format of {@link csv}. */
export function csvRows(rows: CsvCell[][]): string {
  const isFormula = (cell: CsvCell) => typeof cell === 'string' && FORMULA.test(cell) && !TELEPHONE.test(cell);
  const cells = rows.map((row) => row.map((cell) => (isFormula(cell) ? `'${cell}` : cell)));
  return stringify(cells, {
    record_delimiter: '\r\n',
    quoted_match: /[\r\n]/,
    cast: { number: String, boolean: String },
  });
}

/** Whether a request asks for CSV by its `format` parameter or, without one, by its Accept header. */
export function wantsCsv(request: FastifyRequest, format: string | undefined): boolean {
  if (format !== undefined) return format === 'csv';
  return request.accepts().type(['application/json', 'text/csv']) === 'text/csv';
}

/** Says for whom a cache may keep a report, and that it must ask before it shows it again. */
export function limitCaching(reply: FastifyReply, hasTable: boolean): void {
  reply
    .header('cache-control', 'private, no-cache')
    .header('vary', hasTable ? 'accept, authorization' : 'authorization');
}

/** The mark by which Excel knows UTF-8; only where the request asks for it by `bom=true`. */
const markOf = ({ query }: FastifyRequest) => ((query as { bom?: string }).bom === 'true' ? '\uFEFF' : '');

/**
 * A report as JSON or, where there is a table and the request asks for it, as the CSV table of the same numbers. `file` is its
 * Content-Disposition.
 */
export function written<Body>(
  request: FastifyRequest,
  reply: FastifyReply,
  body: Body,
  table: ((body: Body) => CsvTable & { file: string }) | undefined,
): Written {
  const { format } = request.query as { format?: string };
  if (table === undefined || !wantsCsv(request, format)) {
    return { body: String(reply.serialize(body)), headers: { 'content-type': 'application/json; charset=utf-8' } };
  }
  const { columns, rows, file } = table(body);
  const headers = { 'content-type': 'text/csv; charset=utf-8', 'content-disposition': file };
  return { body: markOf(request) + csv(columns, rows), headers };
}

/** Sends CSV as a client receives it. A failure of the stream breaks the connection. */
export function sendCsvStream(
  request: FastifyRequest,
  reply: FastifyReply,
  stream: Readable,
  file: string,
): FastifyReply {
  reply.type('text/csv; charset=utf-8').header('content-disposition', file);
  if (request.method !== 'HEAD') return reply.send(withMark(markOf(request), stream));
  stream.destroy();
  return reply.serializer(String).send('');
}

function withMark(mark: string, stream: Readable): Readable {
  if (mark === '') return stream;
  async function* parts() {
    yield mark;
    yield* stream;
  }
  return Readable.from(parts(), { highWaterMark: 1 });
}
