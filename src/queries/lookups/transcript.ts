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

export type EntryType = 'message' | 'step' | 'conversation.updated' | 'conversation.closed';

/**
 * An event as it was sent; what was not sent is null or, in `body`, not there. A message is as it stands: with the text and
 * content of its last edit, and with neither when it was deleted.
 */
export interface Entry {
  id: string;
  type: EntryType;
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

/** A conversation, all that is known of it, and a page of what happened in it in order of time. */
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
  /** The place of the last entry where there are more; the next page goes on behind it. */
  next: EntryCursor | null;
  /** Steps that come before this page. */
  steps_before: number;
  /** Internal notes; of the first page alone. */
  notes: Note[];
  /** Whether there are more notes than one answer holds. */
  has_more_notes: boolean;
}

/** The place of an entry in its conversation. */
export type EntryCursor = Pick<Entry, 'time' | 'seq' | 'id'>;

/** Which entries of a conversation are wanted. */
export interface TranscriptPage {
  types: readonly EntryType[];
  /** The page goes on behind it. */
  after: EntryCursor | null;
  /** Most entries. */
  limit: number;
  /** Bytes of bodies at which the page ends; the first entry is always there. */
  bytes: number;
}

/** An entry as the first statement finds it: without its body, but with the bytes that the body takes where it is stored. */
type Key = Omit<Entry, 'body' | 'edited_time' | 'deleted_time'> & { stored: number };

type TranscriptRow = ConversationRow &
  Omit<Transcript, keyof Conversation | 'entries' | 'next' | 'notes' | 'has_more_notes' | 'resolution_seconds'> & {
    keys: Key[];
    notes: (Note & { is_over: boolean })[];
  };

/**
 * One conversation, whole and withdrawn ones too, and a page of its entries; null when the scope has none of this id.
 *
 * Its row and the keys of the page come from one statement, so they agree; bodies are fetched behind it, with
 * the edits and deletions of their messages, only as many as the page holds, so that neither a long conversation nor a rich one costs more than its page.
 * Orders, ratings, tracks, joins and reopenings are not among the entries.
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

/** Bytes of bodies, as they are stored (packed where that helps), that one statement fetches. */
const FETCHED = 256 * 1024;

/** The entries up to the one before `bytes` of bodies are exceeded. */
async function withBodies(db: Database, scope: Scope, id: string, keys: Key[], bytes: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  let total = 0;
  for (let from = 0; from < keys.length; ) {
    let stored = 0;
    let to = from;
    do stored += (keys[to++] as Key).stored;
    while (to < keys.length && stored + (keys[to] as Key).stored <= FETCHED);
    const part = keys.slice(from, to);
    const found = await db.read<Body>((sql) => bodiesOf(sql, scope, id, part));
    const bodies = new Map(found.map((one) => [one.id, one]));
    for (const { stored: _, ...key } of part) {
      const found = bodies.get(key.id);
      if (found === undefined) continue; // erased meanwhile
      total += Buffer.byteLength(found.body) + Buffer.byteLength(found.edit ?? '');
      if (total > bytes && entries.length > 0) return entries;
      entries.push(revised(key, found));
    }
    from = to;
  }
  return entries;
}

/** What an entry said, as JSON, and what was done to it since, if it is a message. */
interface Body {
  id: string;
  body: string;
  /** Of its last edit. */
  edit: string | null;
  edited_time: number | null;
  /** Of its first deletion. */
  deleted_time: number | null;
}

const bodiesOf = (sql: Sql, scope: Scope, id: string, part: Key[]) => sql<Body[]>`
  with revisions as materialized (
    select r.type, r.body->>'message_id' as message_id, r.body - 'message_id' as body, r.time, r.seq, r.id
    from events r
    where r.account_id = ${scope.account}::uuid and r.conversation_id = ${id}::text
      and r.type in ('message.edited', 'message.deleted')
      and r.body->>'message_id' = any(${part.map((key) => key.id)}::text[])
  ), edits as (
    select distinct on (message_id) message_id, body, time from revisions where type = 'message.edited'
    order by message_id, time desc, seq desc, id desc
  ), deletions as (
    select message_id, min(time) as time from revisions where type = 'message.deleted' group by message_id
  )
  select e.id, (coalesce(e.body, '{}') - 'response_time_seconds')::text as body, edits.body::text as edit,
    ${milliseconds(sql, sql`edits.time`)} as edited_time, ${milliseconds(sql, sql`deletions.time`)} as deleted_time
  from events e
  left join edits on e.type = 'message' and edits.message_id = e.id
  left join deletions on e.type = 'message' and deletions.message_id = e.id
  where e.account_id = ${scope.account}::uuid and e.conversation_id = ${id}::text
    and e.id = any(${part.map((key) => key.id)}::text[])`;

/** An entry as it stands: with the text and content of its last edit, and with neither when it was deleted. */
function revised(key: Omit<Key, 'stored'>, { body, edit, edited_time, deleted_time }: Body): Entry {
  const sent = JSON.parse(body) as Record<string, unknown>;
  if (edit === null && deleted_time === null) return { ...key, body: sent, edited_time, deleted_time };
  const { text: _, content: __, ...rest } = sent;
  const written = deleted_time === null && edit !== null ? JSON.parse(edit) : {};
  return { ...key, body: { ...rest, ...written }, edited_time, deleted_time };
}

/** Notes of one answer, and bytes of them. */
const MAX_NOTES = 1_000;
const NOTE_BYTES = 4 * 1024 * 1024;

/** What a transcript has besides a row of the list, from a table or alias `c` of conversations. */
const detailColumns = (sql: Sql): Fragment => sql`
  c.feedback, to_jsonb(c.visitor_ids) as visitor_ids, to_jsonb(c.visitor_session_ids) as visitor_session_ids,
  to_jsonb(c.room_ids) as room_ids, c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids,
  c.attributes->'insights' as insights, c.attributes->'metadata' as metadata,
  (c.confidence_sum / nullif(c.confidence_count, 0))::float8 as avg_confidence,
  c.min_confidence::float8 as min_confidence, c.first_response_seconds::float8 as first_response_seconds`;

/** The notes of `c`, in order of time; those beyond what one answer holds are one marker. */
const notesOf = (sql: Sql): Fragment => sql`(
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

/** Seconds from the start to the explicit close that stands, never below 0. */
const resolution = ({ start_time, closed_at }: Pick<ConversationRow, 'start_time' | 'closed_at'>) =>
  closed_at === null ? null : Math.max(0, closed_at - start_time) / 1000;
