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

export type EntryType = 'message' | 'step' | 'conversation.updated' | 'conversation.closed';

/** An event as it was sent; what was not sent is null or, in `body`, not there. */
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
  entries: Entry[];
  /** The place of the last entry where there are more; the next page goes on behind it. */
  next: EntryPlace | null;
  /** Steps that come before this page. */
  steps_before: number;
}

/** The place of an entry in its conversation. */
export type EntryPlace = Pick<Entry, 'time' | 'seq' | 'id'>;

/** Which entries of a conversation are wanted. */
export interface TranscriptPage {
  types: readonly EntryType[];
  /** The page goes on behind it. */
  after: EntryPlace | null;
  /** Most entries. */
  limit: number;
  /** Bytes of bodies at which the page ends; the first entry is always there. */
  bytes: number;
}

/** An entry as the first statement finds it: without its body, but with the bytes that the body takes where it is stored. */
type Key = Omit<Entry, 'body'> & { stored: number };

type Row = ConversationRow & Omit<Transcript, keyof Conversation | 'entries' | 'next'> & { keys: Key[] };

/**
 * One conversation, whole and withdrawn ones too, and a page of its entries; null when the scope has none of this id.
 *
 * Its row and the keys of the page come from one statement, so they agree; bodies, which never change, are fetched behind
 * it, only as many as the page holds, so that neither a long conversation nor a rich one costs more than its page.
 * Orders, ratings, tracks, joins and reopenings are not among the entries.
 */
export async function transcript(
  db: Database,
  scope: Scope,
  id: string,
  { types, after, limit, bytes }: TranscriptPage,
  moment: Moment,
): Promise<Transcript | null> {
  const [row] = await db.read<Row>((sql) => {
    const place = sql`(e.time, e.seq, e.id)`;
    const last =
      after && sql`(${new Date(after.time).toISOString()}::timestamptz, ${after.seq}::integer, ${after.id}::text)`;
    return sql<Row[]>`
      select ${conversationColumns(sql)}, c.feedback, to_jsonb(c.visitor_ids) as visitor_ids,
        to_jsonb(c.visitor_session_ids) as visitor_session_ids, to_jsonb(c.room_ids) as room_ids,
        c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids, c.attributes->'insights' as insights,
        c.attributes->'metadata' as metadata,
        (
          select coalesce(json_agg(k), '[]') from (
            select e.id, e.type, ${milliseconds(sql, sql`e.time`)} as time, e.seq, e.sender, e.actor_id as sender_id,
              e.team_id, e.organization_id, coalesce(pg_column_size(e.body), 0) as stored
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
  const { keys, ...rest } = row;
  const entries = await withBodies(db, scope, id, keys.slice(0, limit), bytes);
  const last = entries.at(-1);
  const next = entries.length < keys.length && last !== undefined ? placeOf(last) : null;
  return { ...conversationOf(rest as ConversationRow & typeof rest, moment), entries, next };
}

const placeOf = ({ time, seq, id }: Entry): EntryPlace => ({ time, seq, id });

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
    const found = await db.read<{ id: string; body: string }>(
      (sql) => sql`
        select e.id, coalesce(e.body, '{}')::text as body from events e
        where e.account_id = ${scope.account}::uuid and e.conversation_id = ${id}::text
          and e.id = any(${part.map((key) => key.id)}::text[])`,
    );
    const bodies = new Map(found.map((one) => [one.id, one.body]));
    for (const { stored: _, ...key } of part) {
      const body = bodies.get(key.id);
      if (body === undefined) continue; // erased meanwhile
      total += Buffer.byteLength(body);
      if (total > bytes && entries.length > 0) return entries;
      entries.push({ ...key, body: JSON.parse(body) });
    }
    from = to;
  }
  return entries;
}
