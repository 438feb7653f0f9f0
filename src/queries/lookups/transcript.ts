import type { Fragment, Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import type { Moment } from '../query.js';
import { inScope, type Scope } from '../scope.js';
import {
  type Conversation,
  type ConversationRow,
  conversationColumns,
  conversationOf,
  milliseconds,
} from './conversation.js';

/**
 * An event as it was sent; what was not sent is null or, in `body`, not there. A message is as it stands: with the text and
 * content of its last edit, and with neither when it was deleted.
 */
export interface Entry {
  id: string;
  type: 'message' | 'step' | 'conversation.updated' | 'conversation.closed';
  time: number;
  seq: number;
  sender: 'user' | 'bot' | 'agent' | null;
  sender_id: string | null;
  team_id: string | null;
  organization_id: string | null;
  body: Record<string, unknown>;
  /** Of a bot's or agent's message, in seconds. */
  response_seconds: number | null;
  /** Of the edit that stands, also when the message was deleted. */
  edited_time: number | null;
  /** Of the first deletion. */
  deleted_time: number | null;
}

/** An internal note of an agent. */
export interface Note {
  time: number;
  sender_id: string | null;
  sender_name: string | null;
  text: string | null;
  content: Record<string, unknown> | null;
}

/** A conversation, all that is known of it, and what happened in it in order of time. */
export interface Transcript extends Conversation {
  feedback: string | null;
  visitor_ids: string[];
  visitor_session_ids: string[];
  room_ids: string[];
  tags: string[] | null;
  rule_ids: string[] | null;
  insights: Record<string, unknown> | null;
  metadata: Record<string, unknown> | null;
  /** Of the messages that carry a confidence. */
  avg_confidence: number | null;
  min_confidence: number | null;
  first_response_seconds: number | null;
  /** From the start to the explicit close that stands; null when open or expired. */
  resolution_seconds: number | null;
  entries: Entry[];
  notes: Note[];
}

type Row = ConversationRow &
  Omit<Transcript, keyof Conversation | 'entries' | 'resolution_seconds'> & {
    entries: SentEntry[];
    revisions: Revision[];
  };

type SentEntry = Omit<Entry, 'edited_time' | 'deleted_time'>;

/** What was done to a message after it was sent. */
interface Revision {
  type: 'message.edited' | 'message.deleted';
  time: number;
  body: { message_id: string; text?: string; content?: Record<string, unknown> };
}

/**
 * One conversation, whole and withdrawn ones too, or null when the scope has none of this id. Its row and its events come
 * from one statement, so they agree. Orders, ratings, tracks, joins and reopenings are not among the entries.
 */
export async function transcript(db: Database, scope: Scope, id: string, moment: Moment): Promise<Transcript | null> {
  const [row] = await db.read<Row>(
    (sql) => sql<Row[]>`
      select ${conversationColumns(sql)}, ${detailColumns(sql)},
        (
          select coalesce(json_agg(json_build_object(
            'id', e.id, 'type', e.type, 'time', ${milliseconds(sql, sql`e.time`)}, 'seq', e.seq, 'sender', e.sender,
            'sender_id', e.actor_id, 'team_id', e.team_id, 'organization_id', e.organization_id,
            'response_seconds', e.response_seconds, 'body', coalesce(e.body, '{}') - 'response_time_seconds'
          ) order by e.time, e.seq, e.id), '[]')
          from events e
          where e.account_id = c.account_id and e.conversation_id = c.conversation_id
            and e.type in ('message', 'step', 'conversation.updated', 'conversation.closed')
        ) as entries,
        ${revisionsOf(sql)} as revisions, ${notesOf(sql)} as notes
      from conversations c
      where ${inScope(sql, scope)} and c.conversation_id = ${id}::text and c.start_time is not null`,
  );
  if (row === undefined) return null;
  const { revisions, ...found } = row;
  return {
    ...conversationOf(found, moment),
    resolution_seconds: resolution(found),
    entries: revised(found.entries, revisions),
  };
}

/** What a transcript has besides a row of the list, from a table or alias `c` of conversations. */
export const detailColumns = (sql: Sql): Fragment => sql`
  c.feedback, to_jsonb(c.visitor_ids) as visitor_ids, to_jsonb(c.visitor_session_ids) as visitor_session_ids,
  to_jsonb(c.room_ids) as room_ids, c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids,
  c.attributes->'insights' as insights, c.attributes->'metadata' as metadata,
  (c.confidence_sum / nullif(c.confidence_count, 0))::float8 as avg_confidence,
  c.min_confidence::float8 as min_confidence, c.first_response_seconds::float8 as first_response_seconds`;

/** The edits and deletions of the messages of `c`, in order of time. */
export const revisionsOf = (sql: Sql): Fragment => sql`(
  select coalesce(json_agg(json_build_object(
    'type', r.type, 'time', ${milliseconds(sql, sql`r.time`)}, 'body', r.body
  ) order by r.time, r.seq, r.id), '[]')
  from events r
  where r.account_id = c.account_id and r.conversation_id = c.conversation_id
    and r.type in ('message.edited', 'message.deleted')
)`;

/** The notes of `c`, in order of time. */
export const notesOf = (sql: Sql): Fragment => sql`(
  select coalesce(json_agg(json_build_object(
    'time', ${milliseconds(sql, sql`n.time`)}, 'sender_id', n.actor_id, 'sender_name', n.body->'sender_name',
    'text', n.body->'text', 'content', n.body->'content'
  ) order by n.time, n.seq, n.id), '[]')
  from events n
  where n.account_id = c.account_id and n.conversation_id = c.conversation_id and n.type = 'note'
)`;

/** Entries with what was done to their messages; `revisions` are in order of time, whatever the messages' times are. */
export function revised(entries: SentEntry[], revisions: Revision[]): Entry[] {
  const edits = new Map<string, Revision>();
  const deletions = new Map<string, Revision>();
  for (const revision of revisions) {
    const { message_id } = revision.body;
    if (revision.type === 'message.edited') edits.set(message_id, revision);
    else if (!deletions.has(message_id)) deletions.set(message_id, revision);
  }
  return entries.map((entry) => {
    const edit = entry.type === 'message' ? edits.get(entry.id) : undefined;
    const deletion = entry.type === 'message' ? deletions.get(entry.id) : undefined;
    const times = { edited_time: edit?.time ?? null, deleted_time: deletion?.time ?? null };
    if (edit === undefined && deletion === undefined) return { ...entry, ...times };
    const { text: _, content: __, ...body } = entry.body;
    const { message_id: ___, ...written } = edit?.body ?? { message_id: '' };
    return { ...entry, ...times, body: deletion === undefined ? { ...body, ...written } : body };
  });
}

/** Seconds from the start to the explicit close that stands, never below 0. */
export const resolution = ({ start_time, closed_at }: Pick<ConversationRow, 'start_time' | 'closed_at'>) =>
  closed_at === null ? null : Math.max(0, closed_at - start_time) / 1000;
