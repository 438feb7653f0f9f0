import { isUtf8 } from 'node:buffer';
import { parseJson } from '../../queries/ingest/json.js';
import { ImportError } from './halt.js';
import type { Place, Rejected } from './lines.js';

/** What was read at one place: a record. */
export interface Read extends Place {
  value: unknown;
}

/** Far more than any record has: it only keeps a broken document from filling the memory. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;
const MAX_KEY = 500;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_LIST, CLOSE_LIST, OPEN_OBJECT, CLOSE_OBJECT, LINE_FEED] = [0x5b, 0x5d, 0x7b, 0x7d, 0x0a];

interface Frame {
  close: number;
  path: string;
  key: string;
}

/**
 * Finds the records of JSON documents of any size: the elements of the list at a path (`messages`, `chats.list`,
 * `chats.list[].messages`, and `` for a list that is the document), or each whole document for null. It looks at brackets
 * and quotes only, so that what is wrong within a record costs that record.
 */
export class RecordScanner {
  /** The paths of lists that hold objects and are in no other list, as far as was read. */
  readonly lists = new Set<string>();
  /** Whether the list that is wanted has been seen. */
  isFound: boolean;
  readonly #wanted: string | null;
  readonly #frames: Frame[] = [];
  /** The brackets that are to be closed within the record; null outside of one. */
  #open: number[] | null = null;
  #parts: Buffer[] = [];
  #length = 0;
  #isInString = false;
  #isEscaped = false;
  #text = '';

  constructor(wanted: string | null) {
    this.#wanted = wanted;
    this.isFound = wanted === null;
  }

  /** Whether all that was opened is closed. */
  get isComplete(): boolean {
    return this.#frames.length === 0 && this.#open === null && !this.#isInString;
  }

  /** The bytes of the records that end in this chunk. Throws a `Mismatch` for brackets that do not fit. */
  scan(chunk: Buffer): Buffer[] {
    const found: Buffer[] = [];
    let start = 0;
    const finish = (end: number) => {
      this.#parts.push(chunk.subarray(start, end));
      const record = trimmed(Buffer.concat(this.#parts));
      if (record.length > 0) found.push(record);
      this.#parts = [];
      this.#length = 0;
    };
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#isInString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (byte === BACKSLASH) this.#isEscaped = true;
        else if (byte === QUOTE) this.#isInString = false;
        else if (this.#open === null && this.#text.length < MAX_KEY) this.#text += String.fromCharCode(byte);
      } else if (this.#open !== null) {
        if (byte === QUOTE) this.#isInString = true;
        else if (byte === OPEN_OBJECT || byte === OPEN_LIST) this.#open.push(byte + 2);
        else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
          if (this.#open.length > 0) {
            if (this.#open.pop() !== byte) throw new Mismatch(found);
            if (this.#open.length > 0 || this.#wanted !== null) continue;
            finish(at + 1); // a whole document
            this.#open = null;
          } else if (this.#wanted !== null && byte === CLOSE_LIST) {
            finish(at); // the last element of the list
            this.#open = null;
            this.#frames.pop();
          } else throw new Mismatch(found);
        } else if (this.#open.length === 0 && byte === (this.#wanted === null ? LINE_FEED : COMMA)) {
          finish(at);
          start = at + 1;
          if (this.#wanted === null) this.#open = null;
        }
      } else if (byte === QUOTE && this.#frames.length > 0) {
        this.#isInString = true;
        this.#text = '';
      } else if (byte === COLON) (this.#frames.at(-1) ?? ({} as Frame)).key = this.#text;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
        if (this.#frames.pop()?.close !== byte) throw new Mismatch(found);
      } else if (this.#wanted === null && byte > 0x20 && byte !== COMMA) {
        start = at; // the first byte of a document, which is looked at again
        this.#open = [];
        at -= 1;
      } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
        const path = this.#pathOfNext();
        if (byte === OPEN_OBJECT) this.#noteList();
        this.#frames.push({ close: byte + 2, path, key: '' });
        if (byte === OPEN_LIST && path === this.#wanted) {
          this.isFound = true;
          start = at + 1;
          this.#open = [];
        }
      }
    }
    if (this.#open !== null) {
      const rest = chunk.subarray(start);
      this.#length += rest.length;
      if (this.#length > MAX_RECORD_BYTES) throw new Mismatch(found);
      this.#parts.push(rest);
    }
    return found;
  }

  #pathOfNext(): string {
    const parent = this.#frames.at(-1);
    if (parent === undefined) return '';
    if (parent.close === CLOSE_LIST) return `${parent.path}[]`;
    const key = Buffer.from(parent.key, 'latin1').toString();
    return parent.path === '' ? key : `${parent.path}.${key}`;
  }

  #noteList(): void {
    const parent = this.#frames.at(-1);
    if (parent?.close === CLOSE_LIST && !parent.path.includes('[]') && this.lists.size < 20)
      this.lists.add(parent.path);
  }
}

/** Brackets that do not fit, or a record without end. `found` is what was complete before. */
class Mismatch extends Error {
  readonly found: Buffer[];
  constructor(found: Buffer[]) {
    super('brackets that do not fit');
    this.found = found;
  }
}

const isWhite = (byte: number | undefined) => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;

function trimmed(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length];
  while (start < end && isWhite(bytes[start])) start += 1;
  while (end > start && isWhite(bytes[end - 1])) end -= 1;
  return bytes.subarray(start, end);
}

/**
 * The records of JSON documents, in chunks. Throws an ImportError, after the records before it, where a document breaks
 * off or its brackets do not fit, because nobody knows where later records begin.
 */
export async function* readDocuments(
  file: string,
  chunks: AsyncIterable<Buffer>,
  wanted: string | null,
  onEnd: (scanner: RecordScanner) => void = () => {},
): AsyncGenerator<(Read | Rejected)[]> {
  const scanner = new RecordScanner(wanted);
  let number = 0;
  const take = (bytes: Buffer): Read | Rejected => {
    number += 1;
    return parseRecord({ file, number, isRecord: true }, bytes);
  };
  for await (const chunk of chunks) {
    let found: Buffer[];
    let isBroken = false;
    try {
      found = scanner.scan(chunk);
    } catch (error) {
      if (!(error instanceof Mismatch)) throw error;
      found = error.found;
      isBroken = true;
    }
    yield found.map(take);
    if (isBroken) {
      throw new ImportError(
        `${file}, record ${number + 1}: its brackets do not fit; nothing from this record on was read`,
      );
    }
  }
  if (!scanner.isComplete) {
    throw new ImportError(`${file}, record ${number + 1}: the document ends in the middle: the file is truncated`);
  }
  onEnd(scanner);
}

/** No bounds but memory: the file is the user's own. */
const BOUNDS = { levels: 1_000, values: Number.POSITIVE_INFINITY };

/** Parses one record. What is wrong is said in our words: those of the engine name neither place nor way out. */
export function parseRecord(place: Place, bytes: Buffer): Read | Rejected {
  if (!isUtf8(bytes)) return { ...place, faults: ['not UTF-8'] };
  const text = bytes.toString();
  try {
    return { ...place, value: parseJson(text, BOUNDS) };
  } catch (error) {
    if (!(error instanceof SyntaxError)) return { ...place, faults: ['nested deeper than 1,000 levels'] };
    return { ...place, faults: [whyNoJson(text)] };
  }
}

function whyNoJson(text: string): string {
  const outside = text.replace(/"(?:[^"\\]|\\.)*"/gs, '""');
  if (/[:[,]\s*(?:NaN|-?Infinity)\b/.test(outside)) return 'not JSON: it has NaN or Infinity, which are no JSON';
  if (/[{[,:]\s*'/.test(outside)) return 'not JSON: its texts stand in single quotes';
  if (/[:[,]\s*(?:None|True|False|undefined)\b/.test(outside)) return 'not JSON: it has None, True, False or undefined';
  if (/,\s*[}\]]/.test(outside)) return 'not JSON: there is a comma before a closing bracket';
  if (/^\s*[{[]/.test(text) && !/[}\]]\s*$/.test(text)) return 'not JSON: it ends before its last bracket';
  return `not JSON: it begins ${JSON.stringify(text.slice(0, 30))}`;
}

/**
 * The start of a document as a document: cut after its last whole value, and closed. What it holds says what it is, long before
 * it is read. Undefined if it is no JSON.
 */
export function startOf(text: string): unknown {
  const open: string[] = [];
  let cut = { at: 0, close: '' };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') {
      const rest = /"(?:[^"\\]|\\.)*"/sy;
      rest.lastIndex = at;
      if (!rest.test(text)) break;
      at = rest.lastIndex - 1;
    } else if (char === '{' || char === '[') {
      open.unshift(char === '{' ? '}' : ']');
      cut = { at: at + 1, close: open.join('') };
    } else if (char === '}' || char === ']') {
      open.shift();
      cut = { at: at + 1, close: open.join('') };
      if (open.length === 0) break;
    } else if (char === ',') cut = { at, close: open.join('') };
  }
  try {
    return parseJson(text.slice(0, cut.at) + cut.close, BOUNDS);
  } catch {
    return undefined;
  }
}
