import type { Sql } from '../../database/connect.js';
import type { Matcher } from './person.js';
import type { Part } from './rewrite.js';

/** A conversation in which a person stands. */
export interface Touched {
  conversation_id: string;
  part: Part;
  event_count: number;
}

/** Conversations that one statement looks at. */
const LOOKED_AT = 500;
/** Events of conversations that one step rewrites, unless a single conversation has more. */
const MOST_EVENTS = 20_000;

/**
 * The conversations after a position, in order of their ids, in which a person stands: as many as one step handles. `to` is
 * the position after them; null if there are no conversations any more.
 */
export async function touchedAfter(
  sql: Sql,
  account: string,
  by: Matcher,
  after: string,
): Promise<{ touched: Touched[]; to: string | null }> {
  const ids = [...new Set([...by.person.strong, ...by.person.weak])];
  const rows = await sql<{ conversation_id: string; event_count: number; user_id: string | null; is_named: boolean }[]>`
    with batch as materialized (
      select c.conversation_id, c.event_count, c.user_id from conversations c
      where c.account_id = ${account}::uuid and c.conversation_id > ${after} collate "C"
      order by c.conversation_id limit ${LOOKED_AT}
    )
    select b.*, (
        select true from events e
        where e.account_id = ${account}::uuid and e.conversation_id = b.conversation_id and ${names(sql, ids)} limit 1
      ) is not null as is_named
    from batch b order by b.conversation_id`;
  const found = rows.filter(({ conversation_id: id, is_named }) => is_named || by.is(id) || by.inLabel(id) !== id);
  const parts = await partsOf(sql, account, by, found);
  const touched: Touched[] = [];
  let events = 0;
  for (const { conversation_id, event_count } of found) {
    if (events > 0 && events + event_count > MOST_EVENTS)
      return { touched, to: touched.at(-1)?.conversation_id ?? null };
    events += event_count;
    touched.push({ conversation_id, event_count, part: parts.get(conversation_id) ?? 'guest' });
  }
  return { touched, to: rows.at(-1)?.conversation_id ?? null };
}

/** Whether an event `e` names one of these ids as a user, sender, visitor or address. */
const names = (sql: Sql, ids: string[]) => sql`(
  e.sender = 'user' and e.actor_id = any(${ids}::text[])
  or e.attributes is not null and (
    e.attributes->>'user_id' = any(${ids}::text[]) or e.attributes->>'channel_user_id' = any(${ids}::text[])
    or e.attributes->>'external_user_id' = any(${ids}::text[]) or e.attributes->>'user_email' = any(${ids}::text[])
    or e.attributes->'visitor_ids' ?| ${ids}::text[] or e.attributes->'visitor_session_ids' ?| ${ids}::text[]
  )
)`;

/** The part that the person has in each of these conversations. */
async function partsOf(
  sql: Sql,
  account: string,
  by: Matcher,
  found: { conversation_id: string; user_id: string | null }[],
): Promise<Map<string, Part>> {
  const { strong } = by.person;
  const rows = await sql<
    { conversation_id: string; users: string[] | null; senders: string[] | null; is_marked: boolean }[]
  >`
    select e.conversation_id,
      jsonb_agg(distinct e.attributes->>'user_id') filter (where e.attributes->>'user_id' is not null) as users,
      jsonb_agg(distinct e.actor_id) filter (where e.sender = 'user' and e.actor_id is not null) as senders,
      bool_or(${names(sql, strong)}) is true as is_marked
    from events e
    where e.account_id = ${account}::uuid and e.conversation_id = any(${found.map((one) => one.conversation_id)}::text[])
    group by e.conversation_id`;
  const said = new Map(rows.map((row) => [row.conversation_id, row]));
  return new Map(
    found.map(({ conversation_id: id, user_id }) => {
      const users = said.get(id)?.users ?? [];
      const senders = said.get(id)?.senders ?? [];
      const areTheirs = (ids: string[]) => ids.every((one) => by.isStrong(one));
      const isOwn =
        areTheirs(users) && (areTheirs(senders) || (users.length > 0 && senders.length === 1))
          ? users.length + senders.length > 0 || said.get(id)?.is_marked === true || by.isStrong(id)
          : false;
      return [id, isOwn ? 'own' : by.isStrong(user_id) ? 'host' : 'guest'];
    }),
  );
}
