import { randomBytes } from 'node:crypto';
import type { Sql } from '../../database/connect.js';
import type { Person } from './person.js';

/** How far identifiers lead to further ones: from the user's conversations to others by the same telephone, and on. */
const STEPS = 3;

/**
 * Finds the other identifiers of a user: those in conversations that name nobody else. One that is also the id of another
 * user is not among them; one that stands in a conversation of somebody else is weak.
 */
export async function gather(sql: Sql, account: string, user_id: string, stand_in: string): Promise<Person> {
  const strong = new Set([user_id]);
  const weak = new Set<string>();
  const names = new Set<string>();
  const others = new Set<string>();
  for (let step = 0; step < STEPS; step++) {
    const found = await held(sql, account, [...strong]);
    const known = (value: string) => strong.has(value) || weak.has(value) || others.has(value);
    const fresh = [...new Set(found.filter(({ is_name, value }) => !is_name && !known(value)).map((one) => one.value))];
    for (const { is_name, value } of found) if (is_name) names.add(value);
    if (fresh.length === 0) break;
    const shared = new Map((await sharedWithOthers(sql, account, fresh, [...strong])).map((one) => [one.value, one]));
    for (const value of fresh) {
      const by = shared.get(value);
      (by === undefined ? strong : by.is_user ? others : weak).add(value);
    }
  }
  const secret = randomBytes(32).toString('hex');
  return { user_id, stand_in, secret, strong: [...strong], weak: [...weak], names: [...names] };
}

/** Whether a conversation `c` names somebody who is not among these. */
const namesAnother = (sql: Sql, ids: string[]) => sql`(c.user_id is not null and not c.user_id = any(${ids}::text[])
  or not coalesce(c.users, '{}') <@ ${ids}::text[])`;

/** The identifiers and names in conversations of the user that has these ids. */
const held = (sql: Sql, account: string, ids: string[]) => sql<{ is_name: boolean; value: string }[]>`
  select distinct v.is_name, v.value
  from conversations c cross join lateral (
    select false as is_name, unnest(array[c.channel_user_id, c.external_user_id, c.user_email]) as value
    union all select true, c.user_name
    union all select false, unnest(c.visitor_ids || c.visitor_session_ids || c.users)
    where not ${namesAnother(sql, ids)} or c.user_id = any(${ids}::text[]) and cardinality(c.users) <= 1
  ) v
  where c.account_id = ${account}::uuid and v.value is not null
    and (
      c.user_id = any(${ids}::text[])
      or c.user_id is null and coalesce(c.users, '{}') <@ ${ids}::text[] and (
        c.users && ${ids}::text[] or c.visitor_ids && ${ids}::text[] or c.visitor_session_ids && ${ids}::text[]
        or c.channel_user_id = any(${ids}::text[]) or c.external_user_id = any(${ids}::text[])
        or c.user_email = any(${ids}::text[]) or c.conversation_id = any(${ids}::text[])
      )
    )`;

/** Which of these values stand in conversations that name somebody else, and whether as the id of a user. */
const sharedWithOthers = (sql: Sql, account: string, values: string[], ids: string[]) => sql<
  { value: string; is_user: boolean }[]
>`
  with c as materialized (
    select c.user_id, coalesce(c.users, '{}') as users, c.visitor_ids || c.visitor_session_ids
      || array[c.channel_user_id, c.external_user_id, c.user_email] as marks
    from conversations c
    where c.account_id = ${account}::uuid and ${namesAnother(sql, ids)}
      -- A single sender may be another id of the user of the conversation.
      and not (coalesce(c.user_id = any(${ids}::text[]), false) and cardinality(coalesce(c.users, '{}')) <= 1)
      and (
        c.user_id = any(${values}::text[]) or c.users && ${values}::text[]
        or c.visitor_ids && ${values}::text[] or c.visitor_session_ids && ${values}::text[]
        or c.channel_user_id = any(${values}::text[]) or c.external_user_id = any(${values}::text[])
        or c.user_email = any(${values}::text[])
      )
  )
  select v.value, bool_or(v.is_user) as is_user
  from c cross join lateral (
    select c.user_id as value, true as is_user
    union all select unnest(c.users), true
    union all select unnest(c.marks), false
  ) v
  where v.value = any(${values}::text[])
  group by v.value`;
