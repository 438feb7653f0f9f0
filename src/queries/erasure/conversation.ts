import type { Sql } from '../../database/connect.js';
import type { Matcher } from './person.js';
import { rewrite, type StoredEvent } from './rewrite.js';
import type { Touched } from './touched.js';

/** Events that one statement reads or writes. */
const CHUNK = 2_000;

/** The events of a conversation after an id, in order of their ids, in chunks; one ends early where bodies are large. */
export async function* eventsOf(
  sql: Sql,
  account: string,
  conversation: string,
  start = '',
): AsyncGenerator<StoredEvent[]> {
  for (let after: string | null = start; after !== null; ) {
    const rows: (Omit<StoredEvent, 'attributes' | 'body'> & { attributes: string | null; body: string | null })[] =
      await sql`
        select id, type, to_char(time at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as time, seq, sender, actor_id,
          team_id, organization_id, attributes::text as attributes, body::text as body from (
          select e.*, sum(coalesce(pg_column_size(body), 0)) over (order by id collate "C") as size,
            row_number() over (order by id collate "C") as number
          from (
            select * from events e
            where e.account_id = ${account}::uuid and e.conversation_id = ${conversation} and e.id > ${after} collate "C"
            order by e.id limit ${CHUNK}
          ) e
        ) e where size < 1000000 or number = 1 order by id`;
    if (rows.length === 0) return;
    after = rows.at(-1)?.id ?? null;
    yield rows.map((row) => ({
      ...row,
      attributes: row.attributes === null ? null : JSON.parse(row.attributes),
      body: row.body === null ? null : JSON.parse(row.body),
    }));
  }
}

/** The ids of the messages of a person in a conversation of others, whose edits are theirs too. */
export async function theirMessages(
  sql: Sql,
  account: string,
  by: Matcher,
  { conversation_id, part }: Touched,
): Promise<(id: string) => boolean> {
  if (part === 'own') return () => true;
  const ids = [...new Set([...by.person.strong, ...by.person.weak])];
  const rows = await sql<{ id: string }[]>`
    select e.id from events e
    where e.account_id = ${account}::uuid and e.conversation_id = ${conversation_id} and e.type = 'message'
      and e.sender = 'user' and (e.actor_id = any(${ids}::text[]) or ${part === 'host'}::boolean and e.actor_id is null)`;
  const known = new Set(rows.map(({ id }) => id));
  return (id) => known.has(id);
}

/**
 * Takes a person out of the events of a locked conversation. Returns its new id, and how many events have changed. Rows that
 * are derived from events are not touched.
 */
export async function rewriteConversation(
  sql: Sql,
  account: string,
  by: Matcher,
  touched: Touched,
): Promise<{ id: string; events: number }> {
  const { conversation_id: old, part } = touched;
  const isTheirMessage = await theirMessages(sql, account, by, touched);
  const isInId = part === 'guest' ? (id: string) => by.inLabel(id) !== id : by.isInId;
  let events = 0;
  let mustRenumber = false;
  for await (const chunk of eventsOf(sql, account, old)) {
    mustRenumber ||= chunk.some(({ id }) => isInId(id));
    const written = chunk.flatMap((event) => rewrite(event, by, part, isTheirMessage) ?? []);
    events += written.length;
    if (written.length === 0) continue;
    await sql`
      update events e set actor_id = u.actor_id, attributes = u.attributes, body = u.body
      from jsonb_to_recordset(${JSON.stringify(written)}::text::jsonb)
        as u (id text, actor_id text, attributes jsonb, body jsonb)
      where e.account_id = ${account}::uuid and e.conversation_id = ${old} and e.id = u.id collate "C"`;
  }
  const id = by.is(old) || isInId(old) ? by.standIn(old) : old;
  if (mustRenumber || id !== old) await rename(sql, account, by, { old, id, mustRenumber });
  return { id, events };
}

/**
 * Gives a conversation another id, and its events others where one of theirs must go: all of them, so that events of the same
 * time keep their order. Leaves what recognizes repeats.
 */
async function rename(
  sql: Sql,
  account: string,
  { person }: Matcher,
  { old, id, mustRenumber }: { old: string; id: string; mustRenumber: boolean },
): Promise<void> {
  await sql`insert into erasure_secrets (account_id) values (${account}::uuid) on conflict do nothing`;
  await sql`
    insert into erased_events (account_id, digest)
    select ${account}::uuid, event_digest(s.secret, e.conversation_id, e.id)
    from events e join erasure_secrets s on s.account_id = e.account_id
    where e.account_id = ${account}::uuid and e.conversation_id = ${old}
    on conflict do nothing`;
  if (!mustRenumber) {
    await sql`update events set conversation_id = ${id} where account_id = ${account}::uuid and conversation_id = ${old}`;
    return;
  }
  await sql`
    with numbered as materialized (
      select e.id, ${person.stand_in} || '-' || lpad((row_number() over (order by e.time, e.seq, e.id))::text, 7, '0') as new_id
      from events e where e.account_id = ${account}::uuid and e.conversation_id = ${old}
    )
    update events e set conversation_id = ${id}, id = n.new_id,
      body = case when e.body ? 'message_id'
        then jsonb_set(e.body, '{message_id}', to_jsonb(coalesce(r.new_id, ${`${person.stand_in}-none`}))) else e.body end
    from numbered n left join (
      select e.id, m.new_id from events e join numbered m on m.id = e.body->>'message_id'
      where e.account_id = ${account}::uuid and e.conversation_id = ${old}
    ) r on r.id = n.id
    where e.account_id = ${account}::uuid and e.conversation_id = ${old} and e.id = n.id`;
}
