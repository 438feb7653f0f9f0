import type { Sql } from '../../database/connect.js';
import type { Database } from '../../database/database.js';
import { only } from '../../database/rows.js';
import { Unavailable } from '../../errors.js';
import { recordAudit } from '../audit.js';
import { markWhere } from '../segments/mark.js';
import { rewriteConversation } from './conversation.js';
import { gather } from './gather.js';
import { matcherOf, type Person } from './person.js';
import { isWaitingFor, markNew, settle } from './settle.js';
import { touchedAfter } from './touched.js';

/** The timeout of one statement in milliseconds: a conversation may have a million events. */
const PATIENCE = 3_600_000;

/**
 * What a step did: `worked`, or nothing because there is none to do, another process is at it, or it waits for transactions
 * that began earlier.
 */
export type Step = 'worked' | 'none' | 'busy' | 'waiting';

interface AtWork {
  erasure_id: string;
  state: 'gathering' | 'rewriting' | 'settling' | 'marking';
  user_id: string;
  stand_in: string;
  person: string | null;
  position: string;
  settle_from: string | null;
}

/**
 * Works for a moment on the oldest erasure of an account: one transaction, which a killed process leaves undone as a whole, and
 * from which any process continues. Throws `Unavailable` if a conversation changed meanwhile; the step can be tried again.
 */
export const erasureStep = (db: Database, account: string): Promise<Step> =>
  step(db, account).catch((error) => {
    // A refresher has added a stand-in to the words of segments meanwhile.
    const isConflict = (error as { code?: unknown }).code === UNIQUE_VIOLATION;
    throw isConflict ? new Unavailable('the transaction conflicted with another one', { cause: error }) : error;
  });

const UNIQUE_VIOLATION = '23505';

const step = (db: Database, account: string): Promise<Step> =>
  db.transaction(async (sql): Promise<Step> => {
    const { locked } = only(
      await sql<{ locked: boolean }[]>`
        select pg_try_advisory_xact_lock(hashtextextended(${`erasures of ${account}`}, 0)) as locked`,
    );
    if (!locked) return 'busy';
    const [work] = await sql<AtWork[]>`
      select erasure_id, state, user_id, stand_in, person::text as person, position, settle_from::text as settle_from
      from erasures where account_id = ${account}::uuid and state <> 'ended'
      order by requested_at, erasure_id limit 1 for update`;
    if (work === undefined) return 'none';
    const of = sql`account_id = ${account}::uuid and erasure_id = ${work.erasure_id}`;
    if (work.state === 'gathering') {
      const person = await gather(sql, account, work.user_id, work.stand_in);
      await sql`update erasures set state = 'rewriting', person = ${JSON.stringify(person)}::text::jsonb where ${of}`;
      return 'worked';
    }
    const by = matcherOf(JSON.parse(work.person ?? 'null') as Person);
    if (work.state === 'rewriting') {
      const { to, conversations, events } = await rewriteSome(sql, account, by, work.position);
      const next = to === null ? sql`state = 'settling'` : sql`position = ${to}`;
      await sql`
        update erasures set ${next}, conversations = conversations + ${conversations}::int,
          events = events + ${events}::int where ${of}`;
      return 'worked';
    }
    if (work.settle_from === null) {
      // Read by a transaction of its own: what was rewritten before is committed by now.
      await sql`update erasures set settle_from = clock_timestamp() where ${of}`;
      return 'worked';
    }
    if (await isWaitingFor(sql, work.settle_from)) return 'waiting';
    if (work.state === 'settling') {
      await settle(sql, account, by);
      await sql`update erasures set state = 'marking', settle_from = null where ${of}`;
      return 'worked';
    }
    await markNew(sql, account, by);
    const { conversations } = only(
      await sql<{ conversations: number }[]>`
        update erasures set state = 'ended', ended_at = now(), user_id = null, person = null, position = '',
          settle_from = null where ${of} returning conversations`,
    );
    const act = { action: 'erasure.ended', subject: work.erasure_id, of: null, conversations } as const;
    await recordAudit(sql, account, { by: 'service' }, act);
    return 'worked';
  }, PATIENCE);

/** Takes a person out of some conversations after a position. */
async function rewriteSome(
  sql: Sql,
  account: string,
  by: ReturnType<typeof matcherOf>,
  after: string,
): Promise<{ to: string | null; conversations: number; events: number }> {
  const { touched, to } = await touchedAfter(sql, account, by, after);
  // Locked as `ingest` locks them. A conversation that has changed since the snapshot of this transaction is a conflict.
  await sql`
    select from conversations c
    where c.account_id = ${account}::uuid and c.conversation_id = any(${touched.map((one) => one.conversation_id)}::text[])
    order by c.conversation_id for no key update`;
  const ids = new Set<string>();
  let events = 0;
  for (const one of touched) {
    const written = await rewriteConversation(sql, account, by, one);
    events += written.events;
    ids.add(one.conversation_id).add(written.id);
  }
  // Everything else follows from the events: rows, marks of segments, and validators.
  if (ids.size > 0) {
    await sql`select refold(${account}::uuid, ${[...ids]}::text[])`;
    // A label of a message may have changed, which only a segment tells.
    await markWhere(sql, sql`c.account_id = ${account}::uuid and c.conversation_id = any(${[...ids]}::text[])`);
  }
  return { to, conversations: touched.length, events };
}

/** The accounts with erasures that have not ended. */
export async function accountsAtWork(db: Database): Promise<string[]> {
  const rows = await db.read<{ account_id: string }>(
    (sql) => sql`select distinct account_id from erasures where state <> 'ended' order by account_id`,
  );
  return rows.map(({ account_id }) => account_id);
}
