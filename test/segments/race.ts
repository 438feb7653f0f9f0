import { setTimeout as delay } from 'node:timers/promises';
import { type Database, openPool } from '../../src/database/database.js';
import { Unavailable } from '../../src/errors.js';
import { checkEvents } from '../../src/queries/ingest/check.js';
import { ingest } from '../../src/queries/ingest/ingest.js';
import { type Random, random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';
import { ACCOUNT, type World } from '../harness.js';
import { moving } from './moving.js';
import { questions } from './questions.js';
import { compare, type Road } from './roads.js';

/** Builds segments once; null if nothing is marked. */
export type Refresh = (db: Database, r: Random, w: World) => Promise<unknown>;

export interface Race {
  seed: number;
  /** Refreshers that run beside each other; each pauses for a part of the time. */
  refreshers: Refresh[];
  /** Events of a batch; few leave other segments of the same day alone. */
  size?: number;
  /** Whether it is enough, asked after every comparison. */
  isOver: (tally: Tally) => boolean;
}

export interface Tally {
  batches: number;
  refreshes: number;
  /** Refreshes that another one, or a failure of the database, undid. */
  undone: number;
  /** Comparisons by the road of their answer. */
  roads: Record<Road, number>;
  /** Of the compared answers, those with rows. */
  filled: number;
  wrong: string[];
}

const WRITERS = 8;
const READERS = 2;
const scope = { account: ACCOUNT, teams: null, bots: null };

export async function write(db: Database, events: Event[]): Promise<void> {
  const { rows, indexes, faults } = await checkEvents(events.map((value, index) => ({ index, value })));
  if (faults.length > 0) throw new Error(JSON.stringify(faults[0]));
  await ingest(db, scope, rows, indexes);
}

/**
 * Makes commits fall behind the marks that they belong to: after a batch has written its marks it waits a moment. What the
 * protocol must survive then happens often.
 */
export const hesitate = async ({ sql }: World) => {
  await sql`
    create function hesitate() returns trigger language plpgsql as $$
    begin
      perform pg_sleep(0.2 * random() ^ 4); -- mostly nearly not
      return null;
    end $$`;
  await sql`create trigger hesitate after insert on segment_marks for each statement execute function hesitate()`;
};

/** Writers, refreshers and readers beside each other until it is over; the first failure of any ends it. */
export async function race(w: World, { seed, refreshers, size = 50, isOver }: Race): Promise<Tally> {
  const tally: Tally = {
    batches: 0,
    refreshes: 0,
    undone: 0,
    roads: { stored: 0, built: 0, raw: 0 },
    filled: 0,
    wrong: [],
  };
  const asking = Array.from({ length: READERS }, (_, n) => questions(random(seed + 201 + n)));
  // Four fifths of a pool's connections write at most, and a snapshot counts as a writer.
  const pool = (users: number) =>
    openPool(w.target, { max: Math.ceil((users * 5) / 4) + 1, statementTimeout: 60_000, synchronousCommit: 'off' });
  const pools = { writers: pool(WRITERS), refreshers: pool(refreshers.length), readers: pool(READERS) };
  const generator = moving(random(seed));
  let isRunning = true;
  const working = async (work: () => Promise<void>) => {
    try {
      while (isRunning) await work();
    } finally {
      isRunning = false;
    }
  };
  const writer = (n: number) => {
    const r = random(seed + 1 + n);
    return working(async () => {
      await write(pools.writers, generator.batch(size));
      tally.batches++;
      await delay(r.below(60));
    });
  };
  const refresher = (refresh: Refresh, n: number) => {
    const r = random(seed + 101 + n);
    return working(async () => {
      try {
        const found = await refresh(pools.refreshers, r, w);
        if (found !== null) tally.refreshes++;
        await delay(found === null || r.chance(0.1) ? r.below(60) : 0);
        // Others than the first are there for a part of the time.
        if (n > 0 && r.chance(0.05)) await delay(1_000);
      } catch (error) {
        if (!(error instanceof Unavailable)) throw error;
        tally.undone++;
      }
    });
  };
  const reader = (ask: ReturnType<typeof questions>) =>
    working(async () => {
      const { asked, query, asOf } = ask();
      const compared = await compare(pools.readers, query, asOf);
      if (compared === null) return;
      tally.roads[compared.road]++;
      if (compared.rows > 0) tally.filled++;
      if (!compared.isRight) {
        const { road, fast, slow } = compared;
        tally.wrong.push(`${road}: ${JSON.stringify(asked)}\n${JSON.stringify(fast)}\n${JSON.stringify(slow)}`);
      }
      if (isOver(tally)) isRunning = false;
    });
  const ended = await Promise.allSettled([
    ...Array.from({ length: WRITERS }, (_, n) => writer(n)),
    ...refreshers.map(refresher),
    ...asking.map(reader),
  ]);
  await Promise.all(Object.values(pools).map((one) => one.close()));
  for (const one of ended) if (one.status === 'rejected') throw one.reason;
  return tally;
}
