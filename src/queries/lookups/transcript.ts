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

/** An event as it was sent; what was not sent is null or, in `body`, not there. */
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
  entries: Entry[];
}

type Row = ConversationRow & Omit<Transcript, keyof Conversation>;

/**
 * One conversation, whole and withdrawn ones too, or null when the scope has none of this id. Its row and its events come
 * from one statement, so they agree. Orders, ratings, tracks, joins and reopenings are not among the entries.
 */
export async function transcript(db: Database, scope: Scope, id: string, moment: Moment): Promise<Transcript | null> {
  const [row] = await db.read<Row>(
    (sql) => sql<Row[]>`
      select ${conversationColumns(sql)}, c.feedback, to_jsonb(c.visitor_ids) as visitor_ids,
        to_jsonb(c.visitor_session_ids) as visitor_session_ids, to_jsonb(c.room_ids) as room_ids,
        c.attributes->'tags' as tags, c.attributes->'rule_ids' as rule_ids, c.attributes->'insights' as insights,
        c.attributes->'metadata' as metadata,
        (
          select coalesce(json_agg(json_build_object(
            'id', e.id, 'type', e.type, 'time', ${milliseconds(sql, sql`e.time`)}, 'seq', e.seq, 'sender', e.sender,
            'sender_id', e.actor_id, 'team_id', e.team_id, 'organization_id', e.organization_id,
            'body', coalesce(e.body, '{}')
          ) order by e.time, e.seq, e.id), '[]')
          from events e
          where e.account_id = c.account_id and e.conversation_id = c.conversation_id
            and e.type in ('message', 'step', 'conversation.updated', 'conversation.closed')
        ) as entries
      from conversations c
      where ${inScope(sql, scope)} and c.conversation_id = ${id}::text and c.start_time is not null`,
  );
  return row === undefined ? null : conversationOf(row, moment);
}
