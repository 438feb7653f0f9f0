import type { Database } from '../../database/database.js';
import { recordAudit } from '../audit.js';
import { eventTypes } from '../ingest/fields.js';
import { eventsOf, theirMessages } from './conversation.js';
import { gather } from './gather.js';
import { matcherOf, type Person } from './person.js';
import { isTheirs, rewrite, type StoredEvent } from './rewrite.js';
import { type Touched, touchedAfter } from './touched.js';

/** The timeout of one read in milliseconds. */
const PATIENCE = 600_000;

/** The other identifiers of a user, and what an erasure would look for, for a key that is handed them. */
export const personOf = (db: Database, account: string, key_id: string, user_id: string): Promise<Person> =>
  db.transaction(async (sql) => {
    await recordAudit(sql, account, { by: 'key', key_id }, { action: 'user.exported', subject: null, of: null });
    return gather(sql, account, user_id, 'erased');
  }, PATIENCE);

/** Part of an export: events as they were sent, or the number of conversations, which comes last. */
export type Exported = { events: Record<string, unknown>[] } | { conversations: number };

/**
 * Everything of a user that an erasure would take away or change: whole events, by conversation and id. It reads piece by
 * piece, as they are asked for.
 */
export async function* exported(db: Database, account: string, person: Person): AsyncGenerator<Exported> {
  const by = matcherOf(person);
  let conversations = 0;
  for (let after: string | null = ''; after !== null; ) {
    const from: string = after;
    const found = await db.transaction((sql) => touchedAfter(sql, account, by, from), PATIENCE);
    for (const one of found.touched) {
      conversations++;
      yield* ofConversation(db, account, by, one);
    }
    after = found.to;
  }
  yield { conversations };
}

async function* ofConversation(
  db: Database,
  account: string,
  by: ReturnType<typeof matcherOf>,
  touched: Touched,
): AsyncGenerator<Exported> {
  const { conversation_id, part } = touched;
  const isTheirMessage = await db.transaction((sql) => theirMessages(sql, account, by, touched), PATIENCE);
  for (let after = ''; ; ) {
    const chunk = await db.transaction(async (sql) => {
      for await (const events of eventsOf(sql, account, conversation_id, after)) return events;
      return [];
    }, PATIENCE);
    const last = chunk.at(-1);
    if (last === undefined) return;
    after = last.id;
    const taken = chunk.filter(
      (event) => isTheirs(event, by, part, isTheirMessage) || rewrite(event, by, part, isTheirMessage) !== null,
    );
    if (taken.length > 0) yield { events: taken.map((event) => asSent(event, conversation_id)) };
  }
}

/** An event as `POST /v1/events` takes it. */
function asSent(event: StoredEvent, conversation_id: string): Record<string, unknown> {
  const { id, type, time, seq, sender, actor_id, attributes, body, team_id, organization_id } = event;
  const actor = eventTypes[type]?.sender_id === undefined ? 'agent_id' : 'sender_id';
  const { erased: _, ...fields } = body ?? {};
  const sent = { sender, [actor]: actor_id, team_id, organization_id, ...fields, conversation: attributes };
  const said = Object.entries(sent).filter(([, value]) => value !== null);
  return { id, type, time, ...(seq === 0 ? {} : { seq }), conversation_id, ...Object.fromEntries(said) };
}
