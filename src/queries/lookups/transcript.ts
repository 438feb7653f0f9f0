import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import type { AsOf } from '../query.js';
import { inScope, type Scope } from '../scope.js';
import {
  type Conversation,
  type ConversationRow,
  conversationColumns,
  conversationOf,
  milliseconds,
} from './conversation.js';
import { type Entry, type EntryCursor, type EntryType, type Key, withBodies } from './entries.js';
import { type Note, notesOf } from './notes.js';

/** A conversation with everything known about it, and a page of its entries in order of time. */
export interface Transcript extends Conversation {
  feedback: string | null;
  visitor_ids: string[];
  visitor_session_ids: string[];
  room_ids: string[];
  tags: string[] | null;
  rule_ids: string[] | null;
  insights: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
  /** The mean over the messages that have a confidence. */
  avg_confidence: number | null;
  min_confidence: number | null;
  first_response_seconds: number | null;
  /** From the start to the explicit close; null if open or expired. */
  resolution_seconds: number | null;
  entries: Entry[];
  /** The cursor of the last entry if there are more. */
  next: EntryCursor | null;
  /** The number of steps before this page. */
  steps_before: number;
  /** Internal notes, on the first page only. */
  notes: Note[];
  /** Whether there are more notes than one answer contains. */
  has_more_notes: boolean;
}

/** The requested page of entries. */
export interface TranscriptPage {
  types: readonly EntryType[];
  /** The page starts after this cursor. */
  after: EntryCursor | null;
  /** Maximum number of entries. */
  limit: number;
  /** Maximum total size of the bodies in bytes; the first entry is always included. */
  bytes: number;
}

type TranscriptRow = ConversationRow &
  Omit<Transcript, keyof Conversation | 'entries' | 'next' | 'notes' | 'has_more_notes' | 'resolution_seconds'> & {
    keys: Key[];
    notes: (Note & { is_over: boolean })[];
  };

/**
 * One conversation, even if withdrawn, and a page of its entries; null if the scope has none with this id.
 *
 * The row and the keys of the page come from one statement, so they agree. Bodies are fetched afterwards, with the
 * edits and deletions of their messages, and only for this page, so that neither a long conversation nor large messages
 * cost more than the page. Orders, ratings, tracks, joins and reopenings are not among the entries.
 */
export async function transcript(
  db: Database,
  scope: Scope,
  id: string,
  { types, after, limit, bytes }: TranscriptPage,
  asOf: AsOf,
): Promise<Transcript | null> {
  const [row] = await db.read<TranscriptRow>((sql) => {
    const place = sql`(e.time, e.seq, e.id)`;
    const last =
      after && sql`(${new Date(after.time).toISOString()}::timestamptz, ${after.seq}::integer, ${after.id}::text)`;
    return sql<TranscriptRow[]>`
      select ${conversationColumns(sql)}, ${detailColumns(sql)}, ${after === null ? notesOf(sql) : sql`'[]'::json`} as notes,
        (
          select coalesce(json_agg(k), '[]') from (
            select e.id, e.type, ${milliseconds(sql, sql`e.time`)} as time, e.seq, e.sender, e.actor_id as sender_id,
              e.team_id, e.organization_id, e.response_seconds, coalesce(pg_column_size(e.body), 0) as stored
            from events e
            where e.account_id = c.account_id and e.conversation_id = c.conversation_id
              and e.type = any(${types as EntryType[]}::text[])${last === null ? sql`` : sql` and ${place} > ${last}`}
            order by e.time, e.seq, e.id
            limit ${limit + 1}
          ) k
        ) as keys,
        ${
          last === null
            ? sql`0`
            : sql`(
                select count(*)::integer from events e
                where e.account_id = c.account_id and e.conversation_id = c.conversation_id
                  and e.type = 'step' and ${place} <= ${last}
              )`
        } as steps_before
      from conversations c
      where ${inScope(sql, scope)} and c.conversation_id = ${id}::text and c.start_time is not null`;
  });
  if (row === undefined) return null;
  const { keys, notes, ...rest } = row;
  const entries = await withBodies(db, scope, id, keys.slice(0, limit), bytes);
  const last = entries.at(-1);
  const next = entries.length < keys.length && last !== undefined ? placeOf(last) : null;
  return {
    ...conversationOf(rest as ConversationRow & typeof rest, asOf),
    resolution_seconds: resolution(row),
    entries,
    next,
    notes: notes.flatMap(({ is_over, ...note }) => (is_over ? [] : [note])),
    has_more_notes: notes.some(({ is_over }) => is_over),
  };
}

const placeOf = ({ time, seq, id }: Entry): EntryCursor => ({ time, seq, id });

/** The columns that a transcript has in addition to a row of the list, from a table or alias `c` of conversations. */
const detailColumns = (sql: Sql): Fragment => sql`
  c.feedback, to_jsonb(c.visitor_ids) as visitor_ids, to_jsonb(c.visitor_session_ids) as visitor_session_ids,
  to_jsonb(c.room_ids) as room_ids, c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids,
  c.attributes->'insights' as insights, c.attributes->'metadata' as metadata,
  (c.confidence_sum / nullif(c.confidence_count, 0))::float8 as avg_confidence,
  c.min_confidence::float8 as min_confidence, c.first_response_seconds::float8 as first_response_seconds`;

/** Seconds from the start to the explicit close, never negative. */
const resolution = ({ start_time, closed_at }: Pick<ConversationRow, 'start_time' | 'closed_at'>) =>
  closed_at === null ? null : Math.max(0, closed_at - start_time) / 1000;
