import { eventTypes } from '../../queries/ingest/fields.js';
import { isObject, parseJson } from '../../queries/ingest/json.js';
import { type CsvForm, formOf, nameOf } from './csv.js';
import { encodingName, encodingOf, guessOf, sampleOf, textOf } from './encoding.js';
import { UsageError } from './halt.js';
import { startOf } from './json.js';
import { RecordScanner } from './record-scanner.js';

/** What an input is, by its first bytes. */
export interface Look {
  form: 'lines' | 'json' | 'csv' | 'text' | 'empty';
  encoding: string;
  csv?: CsvForm;
  /** Of a JSON document: the lists of objects in it, and whether it is a list itself. */
  lists?: readonly string[];
  /** Of a JSON document that is no list: what its start holds. */
  document?: unknown;
  /** The first records, as far as the start of the input holds them. */
  first: readonly unknown[];
  isEvents: boolean;
  /** Its first line that is not empty. */
  start: string;
  /** What it is, in words: `CSV with ;, Windows-1252`. */
  says: string;
}

/** What the command line says of an input. */
export interface Wanted {
  encoding?: string;
  delimiter?: string;
  isCsv: boolean;
  /** Whether the lines are text for a source that reads text. */
  isText: boolean;
}

/** How many records at the start are looked at. */
const MOST_FIRST = 20;

/** Files that are no text, by their first bytes (as Latin-1), and what to do with them. */
const NO_TEXT: [starts: string, says: string][] = [
  ['PK\x03\x04', 'a zip archive: unpack it, and name the files in it'],
  ['PK\x05\x06', 'an empty zip archive'],
  ['\xd0\xcf\x11\xe0', 'an old Excel workbook or another Office file: save it as CSV'],
  ['%PDF', 'a PDF: export the data as CSV or JSON'],
  ['SQLite format 3\0', 'an SQLite database: export its tables as CSV'],
  ['PAR1', 'a Parquet file: export it as CSV or NDJSON'],
  ['Obj\x01', 'an Avro file: export it as NDJSON'],
  ['\x28\xb5\x2f\xfd', 'compressed with zstd: unpack it'],
  ['BZh', 'compressed with bzip2: unpack it'],
  ['\xfd7zXZ', 'compressed with xz: unpack it'],
  ['7z\xbc\xaf', 'a 7z archive: unpack it, and name the files in it'],
  ['\x1f\x8b', 'compressed with gzip twice: unpack it once'],
  ['PGDMP', 'a dump of PostgreSQL: copy its tables to CSV'],
];

function whyNoText(head: Buffer): string | undefined {
  const start = head.subarray(0, 4096).toString('latin1');
  if (start.startsWith('PK') && /xl\/|\[Content_Types\]/.test(start)) return 'an Excel workbook: save it as CSV';
  if (start.slice(257, 262) === 'ustar') return 'a tar archive: unpack it, and name the files in it';
  const text = start.trimStart().toLowerCase();
  if (/^<(?:!doctype html|html)/.test(text)) {
    return 'a web page, perhaps a login instead of the export: download the data itself';
  }
  if (text.startsWith('<?xml')) return 'XML: export the data as CSV or JSON';
  return NO_TEXT.find(([starts]) => start.startsWith(starts))?.[1];
}

/** What an input is. `isWhole` says that `head` is all of it. Throws a UsageError for what cannot be read. */
export function look(name: string, head: Buffer, isWhole: boolean, wanted: Wanted): Look {
  const why = whyNoText(head);
  if (why !== undefined) throw new UsageError(`${name}: ${why}`);
  // JSON is UTF-8 unless a mark, or zero bytes, say otherwise: a guess would only hide a broken line.
  const sure = wanted.encoding ?? encodingOf(head, isWhole);
  const text = textOf(head, sure ?? 'utf-8');
  if (text.includes('\0')) {
    throw new UsageError(
      `${name}: no text: export the data as CSV, JSON or NDJSON (if it is text, say its --encoding)`,
    );
  }
  const start = firstLine(text);
  const inSure = { encoding: sure ?? 'utf-8', first: [], isEvents: false, start };
  if (text.trim() === '') return { ...inSure, form: 'empty', says: 'nothing, it is empty' };
  const json = wanted.isCsv || wanted.isText ? undefined : lookAtJson(name, text, isWhole);
  if (json !== undefined) {
    const isEvents = json.first.some(isEvent);
    const says = isEvents && json.form === 'lines' ? 'events' : json.says;
    return { ...inSure, ...json, isEvents, says: saying(says, inSure.encoding) };
  }
  const encoding = sure ?? guessOf(head);
  const guessed = textOf(head, encoding);
  const table = wanted.isText ? undefined : lookAtTable(name, guessed, isWhole, wanted);
  const sample = sure === undefined ? sampleOf(guessed) : undefined;
  const by = sample === undefined ? '' : ` by its bytes (as in ${JSON.stringify(sample)}; --encoding says otherwise)`;
  const says = saying(table?.says ?? 'text', encoding) + by;
  return { ...inSure, ...(table ?? { form: 'text' as const }), encoding, says };
}

type Found = Omit<Look, 'encoding' | 'isEvents' | 'start'>;

const firstLine = (text: string): string =>
  text
    .split('\n')
    .find((line) => line.trim() !== '')
    ?.trim() ?? '';

const saying = (form: string, encoding: string) => (encoding === 'utf-8' ? form : `${form}, ${encodingName(encoding)}`);

/** Whether a record is an event of this service, or is meant to be one. */
export function isEvent(record: unknown): boolean {
  if (!isObject(record) || !Object.hasOwn(eventTypes, String(record.type))) return false;
  return ['id', 'time', 'conversation_id'].filter((field) => Object.hasOwn(record, field)).length >= 2;
}

/** NDJSON, or a JSON document; undefined if it is neither. */
function lookAtJson(name: string, text: string, isWhole: boolean): Found | undefined {
  const complete = text.split('\n').slice(0, isWhole ? undefined : -1);
  const lines = complete
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .slice(0, 200);
  const records = lines.map(parsed).filter(isObject);
  const isNamed = /\.(?:ndjson|jsonl)(?:\.gz)?$/i.test(name);
  const opens = /^\s*(?:\{|\[\s*(?:[[{"\]]|$))/.test(text);
  // One line with one object is a document, unless that is an event.
  const isOne = lines.length === 1 && isWhole && !isEvent(records[0]) && !isNamed;
  if (
    (records.length >= Math.max(1, lines.length / 4) && !isOne) ||
    (isNamed && (records.length > 0 || lines.length === 0 || !opens))
  ) {
    return { form: 'lines', first: records.slice(0, MOST_FIRST), says: 'records, one JSON object a line' };
  }
  return opens || isNamed ? lookAtDocument(text) : undefined;
}

function lookAtDocument(text: string): Found {
  const bytes = Buffer.from(text);
  const scanner = new RecordScanner('there is no such list');
  scannedBy(scanner, bytes);
  const lists = [...scanner.lists];
  const isList = /^\s*\[/.test(text);
  const wanted = isList ? '' : lists.length === 1 ? (lists[0] as string) : null;
  const first = scannedBy(new RecordScanner(wanted), bytes)
    .slice(0, MOST_FIRST)
    .map((record) => parsed(record.toString()));
  const inside = lists.map((path) => `\`.${path}\``).join(' and ');
  const says = isList
    ? 'a JSON document that is a list'
    : lists.length === 0
      ? 'a JSON document without a list of records'
      : `a JSON document with ${lists.length === 1 ? 'a list' : 'lists'} under ${inside}`;
  return { form: 'json', first, lists: isList ? [''] : lists, says, ...(isList ? {} : { document: startOf(text) }) };
}

function scannedBy(scanner: RecordScanner, bytes: Buffer): Buffer[] {
  try {
    return scanner.scan(bytes);
  } catch {
    return []; // its reader will say what is wrong
  }
}

function parsed(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** A table; undefined if nothing splits its lines into cells, and nobody says that it is one. */
function lookAtTable(name: string, text: string, isWhole: boolean, wanted: Wanted): Found | undefined {
  const csv = formOf(text, isWhole, wanted.delimiter);
  const isNamed = wanted.isCsv || wanted.delimiter !== undefined || /\.(?:csv|tsv|tab)(?:\.gz)?$/i.test(name);
  if (csv.share < 0.5 && !isNamed) return undefined;
  const [header = [], ...rows] = csv.rows;
  const first = rows
    .slice(0, MOST_FIRST)
    .map((row) => Object.fromEntries(header.map((column, at) => [column, row[at] ?? ''])));
  const says = header.length > 1 ? `CSV with ${nameOf(csv.delimiter)}` : 'CSV with one column';
  return { form: 'csv', csv, first, says };
}
