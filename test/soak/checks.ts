import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../../src/database/connect.js';
import { openPool } from '../../src/database/database.js';
import { Unavailable } from '../../src/errors.js';
import { rebuild } from '../../src/queries/ingest/rebuild.js';
import { parseTimeouts, type Timeouts } from '../../src/queries/timeouts.js';
import type { Random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';
import { ACCOUNT } from '../harness.js';
import { randomQuery } from '../query/random.js';
import { conversationRows } from '../query/rows.js';
import { compare, queryOf } from '../segments/roads.js';
import { differences } from '../segments/scratch.js';
import { until } from '../service.js';
import { ask, type Wrong } from './clients.js';
import { recounts } from './recounts.js';
import type { Stage } from './stage.js';
import { BATCH, batchOf, GONE, type Ledger, SENDERS } from './traffic.js';

export interface Found {
  /** Acknowledged events that are not stored as they were sent. */
  missing: Wrong;
  /** Events that are stored more than once, or were never sent, and batches that are there in part. */
  twice: Wrong;
  /** Answers that are not those of a recount. */
  wrong: Wrong;
  /** Answers that were compared with a recount at rest, and queries that were asked on both roads in one snapshot. */
  recounted: number;
  roads: { stored: number; built: number; raw: number };
}

const timeouts = parseTimeouts('24h') as Timeouts;

/** Random queries over what is sent, each on both roads in one snapshot; also while senders go on. */
export async function compareRoads(stage: Stage, ledger: Ledger, r: Random, times: number, found: Found) {
  const db = openPool(stage.target, { max: 2, statementTimeout: 60_000 });
  const now = Date.now();
  const byConversation = grouped(sample(ledger.seed));
  const rows = [...byConversation.values()].flatMap((events) => conversationRows(ACCOUNT, events, now));
  try {
    for (let n = 0; n < times; ) {
      const asked = randomQuery(r, 'conversations', rows);
      const query = queryOf(asked, now);
      if (query === null) continue;
      n++;
      const compared = await compare(db, query, { now, timeouts }).catch((error) => {
        if (error instanceof Unavailable) return null; // it conflicts with another, or is too much for a busy machine
        throw error;
      });
      if (compared === null) continue;
      found.roads[compared.road]++;
      if (!compared.isRight)
        found.wrong.add(`${JSON.stringify(asked)}: ${JSON.stringify([compared.fast, compared.slow])}`);
    }
  } finally {
    await db.close();
  }
}

const conversationOf = (event: Event) => String(event.conversation_id);
const sample = (seed: number) => Array.from({ length: 20 }, (_, n) => batchOf(seed, n % SENDERS, n >> 3)).flat();
function grouped(events: Event[]): Map<string, Event[]> {
  const groups = new Map<string, Event[]>();
  for (const event of events) groups.set(conversationOf(event), [...(groups.get(conversationOf(event)) ?? []), event]);
  return groups;
}

/** At rest: the events are counted, and the answers of both services are held against a recount of them. */
export async function checkAtRest(stage: Stage, ledger: Ledger, r: Random, found: Found): Promise<void> {
  const { sql } = stage;
  await until(
    async () => (await sql`select from segment_marks limit 1`).length === 0,
    () => 'marks are left',
    120_000,
  );
  const expected = ledger.bounds().least * BATCH.events;
  const [{ count, ids, gone } = { count: -1, ids: -1, gone: -1 }] = await sql<
    { count: number; ids: number; gone: number }[]
  >`
    select count(*) filter (where id not like 'gone.%') as count, count(distinct id) filter (where id not like 'gone.%') as ids,
      count(*) filter (where id like 'gone.%') as gone
    from events where account_id = ${ACCOUNT}::uuid`;
  if (ids < expected) found.missing.add(`${ids} of ${expected} acknowledged events are there`);
  if (count !== ids || ids > expected) found.twice.add(`${count} rows of ${ids} events, of ${expected} sent`);
  if (gone % GONE !== 0) found.twice.add(`${gone} events of clients that went are no whole batches`);
  for (const { name, path, body, told, truth } of await recounts(sql)) {
    for (let service = 0; service < stage.services; service++) {
      const reply = await ask(stage, service, path, body);
      const answer = reply.status === 200 ? JSON.stringify(told(reply.text)) : `status ${reply.status}`;
      found.recounted++;
      if (answer !== JSON.stringify(truth)) found.wrong.add(`${name}: ${answer}, recounted ${JSON.stringify(truth)}`);
    }
  }
  await compareRoads(stage, ledger, r, 10, found);
}

/** In the end: every row of every event, every segment, and every row that is derived from events. */
export async function checkAll(stage: Stage, ledger: Ledger, found: Found): Promise<void> {
  const { sql } = stage;
  for (let sender = 0; sender < SENDERS; sender++) await checkSender(sql, ledger, sender, found);
  const torn = await sql<{ batch: string; count: number }[]>`
    select split_part(id, '.', 2) as batch, count(*) as count from events
    where account_id = ${ACCOUNT}::uuid and id like 'gone.%' group by 1 having count(*) <> ${GONE}::int`;
  for (const { batch, count } of torn)
    found.twice.add(`${count} of ${GONE} events of batch ${batch} of a client that went`);
  const built = await differences(sql);
  for (const one of built.wrong) found.wrong.add(`a segment is not what is built from scratch: ${one}`);
  const db = openPool(stage.target, { max: 2, statementTimeout: 60_000 });
  try {
    const { differed } = await rebuild(db, ACCOUNT);
    if (differed > 0) found.wrong.add(`${differed} conversations are not what their events make of them`);
  } finally {
    await db.close();
  }
}

/** Batches that are compared at a time. */
const CHUNK = 100;

async function checkSender(sql: Sql, ledger: Ledger, sender: number, found: Found): Promise<void> {
  for (let first = 0; first < (ledger.acknowledged[sender] as number); first += CHUNK) {
    const last = Math.min(first + CHUNK, ledger.acknowledged[sender] as number);
    const sent = Array.from({ length: last - first }, (_, n) => batchOf(ledger.seed, sender, first + n)).flat();
    const stored = await sql<{ conversation_id: string; id: string; told: string }[]>`
      select e.conversation_id, e.id, concat_ws('|', e.type, round(extract(epoch from e.time) * 1000), e.sender, e.body->>'text') as told
      from unnest(${sent.map(conversationOf)}::text[], ${sent.map(({ id }) => id)}::text[]) s (conversation_id, id)
      join events e on e.account_id = ${ACCOUNT}::uuid and e.conversation_id = s.conversation_id and e.id = s.id`;
    const rows = new Map(stored.map(({ id, told }) => [id, told]));
    for (const { id, type, time, sender, text } of sent) {
      const told = [type, Date.parse(time), ...[sender, text].filter((value) => value !== undefined)].join('|');
      if (rows.get(id) !== told) found.missing.add(`${id}: ${rows.get(id) ?? 'not there'}, sent as ${told}`);
    }
    await delay(0);
  }
}

export const noneFound = (make: () => Wrong): Found => ({
  ...{ missing: make(), twice: make(), wrong: make(), recounted: 0, roads: { stored: 0, built: 0, raw: 0 } },
});
