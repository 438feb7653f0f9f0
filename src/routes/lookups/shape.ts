import type { CsvCell } from '../../http/csv.js';
import type { Bot, Team } from '../../queries/lookups/bots.js';
import type { Conversation as Found } from '../../queries/lookups/conversation.js';
import type { Entry } from '../../queries/lookups/entries.js';
import type { Note } from '../../queries/lookups/notes.js';
import type { Transcript } from '../../queries/lookups/transcript.js';
import { formatInstant } from '../../queries/time/instant.js';
import { writeEntryCursor } from './cursor.js';
import { type Conversation, columns, type WholeConversation } from './schema.js';

// Stored events were validated on ingest.
type Message = WholeConversation['messages'][number];
type Step = WholeConversation['steps'][number];

type StartTimes = Pick<Bot | Team, 'first_start_time' | 'last_start_time'>;

/** A bot or team with formatted times. */
export const shapeUsage = <Row extends StartTimes>(row: Row, zone: string) => ({
  ...row,
  first_start_time: formatInstant(row.first_start_time, zone, 'series'),
  last_start_time: formatInstant(row.last_start_time, zone, 'series'),
});

export const shapeConversation = ({ duration_ms, ...found }: Found, zone: string): Conversation => ({
  ...found,
  start_time: formatInstant(found.start_time, zone, 'series'),
  end_time: formatInstant(found.end_time, zone, 'series'),
  duration_seconds: duration_ms / 1000,
  closed_at: found.closed_at === null ? null : formatInstant(found.closed_at, zone, 'series'),
});

/** A conversation with all its attributes, and a page of its messages and steps. */
export function shapeTranscript(found: Transcript, zone: string): WholeConversation {
  const { feedback: _, entries, notes, next, steps_before, has_more_notes: __, ...rest } = found;
  const steps = entries.filter(({ type }) => type === 'step');
  return {
    ...rest,
    ...shapeConversation(found, zone),
    messages: entries.filter(({ type }) => type === 'message').map((entry) => shapeMessage(entry, zone)),
    steps: steps.map((entry, place) => ({ depth: steps_before + place, ...asSent(entry, zone) }) as Step),
    notes: notes.map((note) => shapeNote(note, zone)),
    next_cursor: next === null ? null : writeEntryCursor(next),
  };
}

/** A message in its current form, with its response time and the times of its edit and deletion, if any. */
function shapeMessage(entry: Entry, zone: string): Message {
  const { response_seconds, edited_time, deleted_time } = entry;
  return {
    ...asSent(entry, zone),
    response_time_seconds: response_seconds,
    ...(edited_time === null ? {} : { edited_time: formatInstant(edited_time, zone, 'series') }),
    ...(deleted_time === null ? {} : { deleted_time: formatInstant(deleted_time, zone, 'series') }),
  } as Message;
}

const shapeNote = (note: Note, zone: string) => ({ ...note, time: formatInstant(note.time, zone, 'series') });

/** The fields of an event as sent; fields that were not sent are absent. */
function asSent(entry: Entry, zone: string): Record<string, unknown> {
  const { type: _, time, body, response_seconds: __, edited_time: ___, deleted_time: ____, ...fields } = entry;
  const present = Object.entries(fields).filter(([, value]) => value !== null);
  const { id, seq, ...others } = Object.fromEntries(present);
  return { id, time: formatInstant(time, zone, 'series'), seq, ...others, ...body };
}

/** A list as a table: the fields of its rows are the columns; a list in a row is one cell. */
export const tableOf = <Row extends object>(names: readonly (keyof Row & string)[], rows: Row[]) => ({
  columns: [...names],
  rows: rows.map((row) => names.map((name) => cellOf(row[name]))),
});

const cellOf = (value: unknown): CsvCell => (Array.isArray(value) ? value.join(', ') : (value as CsvCell));

export const tableOfConversations = (rows: Conversation[]) => tableOf(columns, rows);
