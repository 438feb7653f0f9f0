import type { ListCursor } from '../../queries/lookups/conversations.js';
import type { EntryCursor } from '../../queries/lookups/transcript.js';
import { EVER } from '../../queries/time/window.js';

/** A place in the list as a text that says nothing to its reader: base64url of its start in milliseconds and its id. */
export const writeCursor = ({ start_time, conversation_id }: ListCursor): string =>
  Buffer.from(`${start_time} ${conversation_id}`).toString('base64url');

/** The place that a cursor names; null for a text that `writeCursor` did not make. */
export function readCursor(cursor: string): ListCursor | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const [, start = '', conversation_id = ''] = /^(-?[0-9]{1,15}) ([^\0]{1,400})$/s.exec(bytes.toString()) ?? [];
  const place = { start_time: Number(start), conversation_id };
  const isPlace = place.start_time >= EVER.from && place.start_time < EVER.to && writeCursor(place) === cursor;
  return isPlace ? place : null;
}

/** A place within a conversation as such a text. */
export const writeEntryCursor = ({ time, seq, id }: EntryCursor): string =>
  Buffer.from(`${time} ${seq} ${id}`).toString('base64url');

/** The place that a cursor within a conversation names; null for a text that `writeEntryCursor` did not make. */
export function readEntryCursor(cursor: string): EntryCursor | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const [, time = '', seq = '', id = ''] =
    /^(-?[0-9]{1,15}) (-?[0-9]{1,10}) ([^\0]{1,400})$/s.exec(bytes.toString()) ?? [];
  const place = { time: Number(time), seq: Number(seq), id };
  const isPlace =
    place.time >= EVER.from &&
    place.time < EVER.to &&
    place.seq === (place.seq | 0) &&
    writeEntryCursor(place) === cursor;
  return isPlace ? place : null;
}
