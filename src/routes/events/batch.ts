import { type Fault, InvalidRequest } from '../../errors.js';
import { decode } from '../../http/utf8.js';
import { MAX_EVENTS } from '../../queries/ingest/limits.js';
import { pathTo } from '../../queries/ingest/path.js';
import {
  afterBlanks,
  CLOSE_LIST,
  CLOSE_OBJECT,
  COLON,
  COMMA,
  endOfString,
  endOfValue,
  OPEN_LIST,
  OPEN_OBJECT,
  OverBounds,
  QUOTE,
} from '../../queries/ingest/scan.js';
import { TimeSlice } from '../../queries/time-slice.js';
import { parseEvent, type Received, tooManyEvents } from './parse.js';

/**
 * No bounds: this scan only finds the elements, and each is checked when it is parsed. The length of the body limits
 * it.
 */
const ANY = { levels: Number.POSITIVE_INFINITY, values: Number.POSITIVE_INFINITY };

/** Maximum number of keys beside `events` that an error names. */
const MOST = 100;

type Span = { start: number; end: number };

/**
 * The events of a `{"events": [...]}` body. Each is parsed separately and lazily, so an expensive event does not slow
 * down the others. Throws `TooLarge` for too many events before parsing any, and `InvalidRequest` for any other body.
 */
export async function parseBatch(body: Buffer): Promise<Received> {
  const text = decode(body);
  if (text === null) throw new InvalidRequest([{ path: '$', message: 'is not UTF-8' }]);
  const spans = await eventsIn(text);
  const events = (function* () {
    for (const [index, { start, end }] of spans.entries()) {
      yield parseEvent(text.slice(start, end), index, 'is not JSON');
    }
  })();
  return Object.assign(events, { count: spans.length });
}

async function eventsIn(text: string): Promise<Span[]> {
  const faults: Fault[] = [];
  const slice = new TimeSlice();
  let events: Span[] | null = null;
  let at = afterBlanks(text, 0);
  if (text.charCodeAt(at) !== OPEN_OBJECT) throw isJson(text, at) ? noObject() : noJson();
  at = afterBlanks(text, at + 1);
  if (text.charCodeAt(at) === CLOSE_OBJECT) return finish(at + 1);
  for (;;) {
    const key = keyAt(text, at);
    at = afterBlanks(text, key.end);
    if (key.name !== 'events') faults.push({ path: pathTo('$', key.name), message: NOT_ALLOWED });
    else if (events !== null) faults.push({ path: '$.events', message: 'appears twice' });
    if (faults.length >= MOST) throw new InvalidRequest(faults);
    const isList = text.charCodeAt(at) === OPEN_LIST;
    if (key.name === 'events' && events === null && isList) {
      const list = await elementsAt(text, at, slice);
      events = list.elements;
      at = list.end;
    } else at = endAt(text, at);
    at = afterBlanks(text, at);
    if (text.charCodeAt(at) === CLOSE_OBJECT) return finish(at + 1);
    if (text.charCodeAt(at) !== COMMA) throw noJson();
    at = afterBlanks(text, at + 1);
    if (slice.isOver()) await slice.next();
  }

  function finish(end: number): Span[] {
    if (afterBlanks(text, end) < text.length) throw noJson();
    if (events === null) faults.push({ path: '$.events', message: 'must be a list of events' });
    if (faults.length > 0) throw new InvalidRequest(faults);
    return events as Span[];
  }
}

async function elementsAt(text: string, open: number, slice: TimeSlice): Promise<{ elements: Span[]; end: number }> {
  const elements: Span[] = [];
  let at = afterBlanks(text, open + 1);
  if (text.charCodeAt(at) === CLOSE_LIST) return { elements, end: at + 1 };
  for (;;) {
    const end = endAt(text, at);
    if (elements.push({ start: at, end }) > MAX_EVENTS) throw tooManyEvents();
    at = afterBlanks(text, end);
    if (text.charCodeAt(at) === CLOSE_LIST) return { elements, end: at + 1 };
    if (text.charCodeAt(at) !== COMMA) throw noJson();
    at = afterBlanks(text, at + 1);
    if (slice.isOver()) await slice.next();
  }
}

/** A key and the index after its colon. */
function keyAt(text: string, at: number): { name: string; end: number } {
  const end = text.charCodeAt(at) === QUOTE ? endOfString(text, at) : -1;
  const colon = end === -1 ? -1 : afterBlanks(text, end);
  if (end === -1 || text.charCodeAt(colon) !== COLON) throw noJson();
  try {
    return { name: JSON.parse(text.slice(at, end)) as string, end: colon + 1 };
  } catch {
    throw noJson();
  }
}

function endAt(text: string, at: number): number {
  const end = endOfValue(text, at, ANY);
  if (end <= at) throw noJson();
  return end;
}

/** Whether a text that is not an object is valid JSON, which decides the error message. */
function isJson(text: string, at: number): boolean {
  const opens = text.charCodeAt(at);
  try {
    return opens === OPEN_LIST ? endOfValue(text, at, ANY) > at : text.length < 1_000 && JSON.parse(text) !== undefined;
  } catch (error) {
    return error instanceof OverBounds;
  }
}

const NOT_ALLOWED = 'is not allowed here: a batch is {"events": [...]}';

const noObject = () => new InvalidRequest([{ path: '$', message: 'must be an object {"events": [...]}' }]);

const noJson = () =>
  new InvalidRequest([
    { path: '$', message: 'is not JSON; to send one event per line, use Content-Type: application/x-ndjson' },
  ]);
