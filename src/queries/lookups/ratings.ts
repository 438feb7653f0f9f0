import type { Database } from '../../database/database.js';
import { condition } from '../condition.js';
import type { AsOf, FilterOf } from '../query.js';
import { within } from '../raw/dataset.js';
import { fieldsOf } from '../raw/fields.js';
import { type Scope, visible } from '../scope.js';
import type { Window } from '../time/window.js';

/** A rated conversation and the agent who wrote last in it. */
export interface Rated {
  agent_id: string | null;
  /** The name of the agent that was said last in this conversation. */
  agent_name: string | null;
  brain_id: string | null;
  bot_id: string | null;
  bot_version: string | null;
  rating: number;
  feedback: string | null;
  is_test: boolean;
}

/**
 * The rated conversations that started in a window and pass a filter, oldest first, then by id; with `agents` only those in
 * which one of them wrote last. `page` cuts the list there.
 */
export const ratedConversations = (
  db: Database,
  { scope, window, where, agents, asOf, page }: RatedQuery,
): Promise<Rated[]> =>
  db.read<Rated>(
    (sql) => sql<Rated[]>`
      select last.agent_id, (
          select coalesce(e.body->>'sender_name', e.body->>'agent_name')
          from events e
          where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.actor_id = last.agent_id
            and (e.sender = 'agent' and e.body ? 'sender_name' or e.type = 'participant.joined' and e.body ? 'agent_name')
          order by e.time desc, e.seq desc, e.id desc limit 1
        ) as agent_name,
        c.brain_id, c.bot_id, c.bot_version, c.rating, c.feedback, c.is_test
      from conversations c
      left join lateral (
        select e.actor_id as agent_id from events e
        where e.account_id = c.account_id and e.conversation_id = c.conversation_id and e.type = 'message'
          and e.sender = 'agent' and e.actor_id is not null
        order by e.time desc, e.seq desc, e.id desc limit 1
      ) last on true
      where ${visible(sql, scope)} and ${within(sql, sql`c.start_time`, window)} and c.rating is not null
        and ${condition(sql, where, fieldsOf(sql, 'conversations', { asOf, window }))}
        ${agents === null ? sql`` : sql`and last.agent_id = any(${agents}::text[])`}
      order by c.start_time, c.conversation_id
      ${page === null ? sql`` : sql`limit ${page.limit} offset ${page.offset}`}`,
    'heavy',
  );

interface RatedQuery {
  scope: Scope;
  window: Window;
  where: FilterOf<'conversations'>;
  agents: string[] | null;
  asOf: AsOf;
  page: { limit: number; offset: number } | null;
}
