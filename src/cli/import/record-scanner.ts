import {
  BACKSLASH,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  isBlank,
  OPEN_LIST,
  OPEN_OBJECT,
  QUOTE,
} from '../../queries/ingest/scan.js';

/** Far more than any record has: it only keeps a broken document from filling the memory. */
const MAX_RECORD_BYTES = 256 * 1024 * 1024;
const MAX_KEY = 500;

const LINE_FEED = 0x0a;

const EMPTY = Buffer.alloc(0);

/** In ASCII the bracket that closes another comes two places after it. */
const closing = (bracket: number) => bracket + 2;

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
  /** What was read, from which place on the record goes, and the records that have ended in it. */
  #chunk: Buffer = EMPTY;
  #start = 0;
  #found: Buffer[] = [];
  /** The parts of the record in chunks before. */
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
    this.#chunk = chunk;
    this.#start = 0;
    this.#found = [];
    for (let at = 0; at < chunk.length; at += 1) {
      const byte = chunk[at] as number;
      if (this.#isInString) this.#inString(byte);
      else if (this.#open !== null) this.#inRecord(this.#open, byte, at);
      else if (this.#isStartOfDocument(byte)) this.#inRecord(this.#begin(at), byte, at);
      else this.#between(byte, at);
    }
    if (this.#open !== null) {
      const rest = chunk.subarray(this.#start);
      this.#length += rest.length;
      if (this.#length > MAX_RECORD_BYTES) throw new Mismatch(this.#found);
      this.#parts.push(rest);
    }
    return this.#found;
  }

  #inString(byte: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#isInString = false;
    else if (this.#open === null && this.#text.length < MAX_KEY) this.#text += String.fromCharCode(byte);
  }

  /** Within a record, of which the brackets in `open` are to be closed. */
  #inRecord(open: number[], byte: number, at: number): void {
    if (byte === QUOTE) this.#isInString = true;
    else if (byte === OPEN_OBJECT || byte === OPEN_LIST) open.push(closing(byte));
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) this.#close(open, byte, at);
    else if (open.length > 0) return;
    else if (this.#wanted === null && byte === LINE_FEED) this.#end(at);
    else if (this.#wanted !== null && byte === COMMA) {
      this.#end(at);
      this.#begin(at + 1);
    }
  }

  #close(open: number[], byte: number, at: number): void {
    if (open.length > 0) {
      if (open.pop() !== byte) throw new Mismatch(this.#found);
      if (open.length === 0 && this.#wanted === null) this.#end(at + 1); // a whole document
    } else if (this.#wanted !== null && byte === CLOSE_LIST) {
      this.#end(at); // the last element of the list
      this.#frames.pop();
    } else throw new Mismatch(this.#found);
  }

  /** Outside of records: looks for the list that is wanted. */
  #between(byte: number, at: number): void {
    const parent = this.#frames.at(-1);
    if (byte === QUOTE && parent !== undefined) {
      this.#isInString = true;
      this.#text = '';
    } else if (byte === COLON && parent !== undefined) parent.key = this.#text;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (this.#frames.pop()?.close !== byte) throw new Mismatch(this.#found);
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      const path = this.#pathOfNext();
      if (byte === OPEN_OBJECT) this.#noteList();
      this.#frames.push({ close: closing(byte), path, key: '' });
      if (byte !== OPEN_LIST || path !== this.#wanted) return;
      this.isFound = true;
      this.#begin(at + 1);
    }
  }

  /** Whether a document begins, where each document is a record. A bracket that closes nothing does not fit. */
  #isStartOfDocument(byte: number): boolean {
    return this.#wanted === null && byte > 0x20 && ![COMMA, COLON, CLOSE_OBJECT, CLOSE_LIST].includes(byte);
  }

  /** A record begins here. Returns its open brackets. */
  #begin(at: number): number[] {
    this.#start = at;
    this.#open = [];
    return this.#open;
  }

  /** The record ends before this place. */
  #end(at: number): void {
    this.#parts.push(this.#chunk.subarray(this.#start, at));
    const record = trimmed(Buffer.concat(this.#parts));
    if (record.length > 0) this.#found.push(record);
    this.#parts = [];
    this.#length = 0;
    this.#open = null;
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
export class Mismatch extends Error {
  readonly found: Buffer[];
  constructor(found: Buffer[]) {
    super('brackets that do not fit');
    this.found = found;
  }
}

function trimmed(bytes: Buffer): Buffer {
  let [start, end] = [0, bytes.length];
  while (start < end && isBlank(bytes[start] as number)) start += 1;
  while (end > start && isBlank(bytes[end - 1] as number)) end -= 1;
  return bytes.subarray(start, end);
}
