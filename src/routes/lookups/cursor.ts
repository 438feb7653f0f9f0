import type { ListCursor } from '../../queries/lookups/conversations.js';
import type { EntryCursor } from '../../queries/lookups/entries.js';
import { EVER } from '../../queries/time/window.js';

/** Encodes a list cursor as opaque text: base64url of the start in milliseconds and the id. */
export const writeCursor = ({ start_time, conversation_id }: ListCursor): string =>
  Buffer.from(`${start_time} ${conversation_id}`).toString('base64url');

/** Decodes a list cursor; null for a text that `writeCursor` did not produce. */
export function readCursor(cursor: string): ListCursor | null {
  const bytes = Buffer.from(cursor, 'base64url');
  const [, start = '', conversation_id = ''] = /^(-?[0-9]{1,15}) ([^\0]{1,400})$/s.exec(bytes.toString()) ?? [];
  const place = { start_time: Number(start), conversation_id };
  const isPlace = place.start_time >= EVER.from && place.start_time < EVER.to && writeCursor(place) === cursor;
  return isPlace ? place : null;
}

/** Encodes a cursor within a conversation. */
export const writeEntryCursor = ({ time, seq, id }: EntryCursor): string =>
  Buffer.from(`${time} ${seq} ${id}`).toString('base64url');

/** Decodes a cursor within a conversation; null for a text that `writeEntryCursor` did not produce. */
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
