import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import type { Scope } from '../scope.js';
import { milliseconds } from './conversation.js';

export type EntryType = 'message' | 'step' | 'conversation.updated' | 'conversation.closed';

/**
 * An event as sent; fields that were not sent are null or, in `body`, absent. A message is in its current form: with
 * the text and content of its last edit, or with neither if it was deleted.
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
  /** The response time of a message of a bot or agent, in seconds. */
  response_seconds: number | null;
  /** The time of the last edit, also if the message was deleted. */
  edited_time: number | null;
  /** The time of the first deletion. */
  deleted_time: number | null;
}

/** A keyset cursor: the position of an entry in its conversation. */
export type EntryCursor = Pick<Entry, 'time' | 'seq' | 'id'>;

/** An entry without its body, but with the stored size of the body in bytes. */
export type Key = Omit<Entry, 'body' | 'edited_time' | 'deleted_time'> & { stored: number };

/** Maximum size of the bodies that one statement fetches, in stored (possibly compressed) bytes. */
const FETCHED = 256 * 1024;

/**
 * Fetches the bodies of entries, and ends before their total size exceeds `bytes`. The first entry is always included.
 */
export async function withBodies(db: Database, scope: Scope, id: string, keys: Key[], bytes: number): Promise<Entry[]> {
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
      if (found === undefined) continue; // erased in the meantime
      total += Buffer.byteLength(found.body) + Buffer.byteLength(found.edit ?? '');
      if (total > bytes && entries.length > 0) return entries;
      entries.push(revised(key, found));
    }
    from = to;
  }
  return entries;
}

/** The body of an entry as JSON, and the later edit and deletion if it is a message. */
interface Body {
  id: string;
  body: string;
  /** The body of its last edit. */
  edit: string | null;
  edited_time: number | null;
  /** Of its first deletion. */
  deleted_time: number | null;
}

const bodiesOf = (sql: Sql, scope: Scope, id: string, part: Key[]) => sql<Body[]>`
  with revisions as materialized (
    select r.type, r.body->>'message_id' as message_id, r.body - array['message_id', 'erased'] as body, r.time, r.seq, r.id
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
  select e.id, (coalesce(e.body, '{}') - array['response_time_seconds', 'erased'])::text as body, edits.body::text as edit,
    ${milliseconds(sql, sql`edits.time`)} as edited_time, ${milliseconds(sql, sql`deletions.time`)} as deleted_time
  from events e
  left join edits on e.type = 'message' and edits.message_id = e.id
  left join deletions on e.type = 'message' and deletions.message_id = e.id
  where e.account_id = ${scope.account}::uuid and e.conversation_id = ${id}::text
    and e.id = any(${part.map((key) => key.id)}::text[])`;

/** An entry in its current form: with the text and content of its last edit, or with neither if it was deleted. */
function revised(key: Omit<Key, 'stored'>, { body, edit, edited_time, deleted_time }: Body): Entry {
  const sent = JSON.parse(body) as Record<string, unknown>;
  if (edit === null && deleted_time === null) return { ...key, body: sent, edited_time, deleted_time };
  const { text: _, content: __, ...rest } = sent;
  const written = deleted_time === null && edit !== null ? JSON.parse(edit) : {};
  return { ...key, body: { ...rest, ...written }, edited_time, deleted_time };
}
