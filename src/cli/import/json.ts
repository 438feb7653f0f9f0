import { isUtf8 } from 'node:buffer';
import { parseJson } from '../../queries/ingest/json.js';
import { ImportError } from './halt.js';
import type { Place, Rejected } from './lines.js';
import { Mismatch, RecordScanner } from './record-scanner.js';

/** What was read at one place: a record. */
export interface Read extends Place {
  value: unknown;
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
