import type { Fragment, Sql } from '../../database/connect.js';
import { milliseconds } from './conversation.js';

/** An internal note of an agent. */
export interface Note {
  time: number;
  sender_id: string | null;
  sender_name: string | null;
  text: string | null;
  content: Record<string, unknown> | null;
}

/** Maximum number and total size in bytes of the notes in one answer. */
const MAX_NOTES = 1_000;
const NOTE_BYTES = 4 * 1024 * 1024;

/** The notes of `c`, in order of time. Notes beyond the limits of one answer become a single marker, `is_over`. */
export const notesOf = (sql: Sql): Fragment => sql`(
  select coalesce(json_agg(
    case when n.is_over then json_build_object('is_over', true) else json_build_object(
      'time', ${milliseconds(sql, sql`n.time`)}, 'sender_id', n.actor_id, 'sender_name', n.body->'sender_name',
      'text', n.body->'text', 'content', n.body->'content', 'is_over', false
    ) end order by n.time, n.seq, n.id), '[]')
  from (
    select n.*, row_number() over places > ${MAX_NOTES}
      or sum(pg_column_size(n.body)) over places > ${NOTE_BYTES} as is_over
    from events n
    where n.account_id = c.account_id and n.conversation_id = c.conversation_id and n.type = 'note'
    window places as (order by n.time, n.seq, n.id)
    order by n.time, n.seq, n.id
    limit ${MAX_NOTES + 1}
  ) n
)`;
