import t, { type Test } from 'tap';
import { refresh, type Sizes } from '../src/queries/segments/refresh.js';
import type { Random } from './fold/events.js';
import { ACCOUNT, type World, world } from './harness.js';
import { buildingFirst, deletingByAge, uniqueMarks, withoutOldKeys, withoutOldMessages } from './segments/broken.js';
import { hesitate, type Refresh, race, type Tally } from './segments/race.js';
import { refreshAll } from './segments/roads.js';
import { differences } from './segments/scratch.js';
import { inForm, isTimed } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const SECONDS = inForm(8, isTimed ? 300 : 25);

/** The least number of answers that are compared, by stored segments alone and with some that were built in place. */
const LEAST = { stored: inForm(8, isTimed ? 300 : 40), built: inForm(20, isTimed ? 800 : 100) };
const LEAST_FILLED = (LEAST.stored + LEAST.built) / 2;

/** How long a slow machine may take to compare as much, or to see a fault. */
const PATIENCE = isTimed ? 900_000 : 240_000;

/** Mostly so small that segments are promoted and cut. */
const sizes: Sizes[] = [
  { own: 3, large: 8, most: 200 },
  { own: 30, large: 100 },
  { own: 500, large: 20_000 },
];
const anySizes = (r: Random) => r.pick(sizes);
const usual: Refresh = (db, r) => refresh(db, ACCOUNT, anySizes(r));

const told = ({ batches, refreshes, undone, roads, filled, wrong }: Tally) =>
  `${batches} batches, ${refreshes} refreshes and ${undone} undone; answered by stored segments alone ${roads.stored}, with ` +
  `some built in place ${roads.built}, by the raw road ${roads.raw}; with rows ${filled}; wrong ${wrong.length}`;

t.test(`8 writers, 2 refreshers and 2 readers for ${SECONDS} s (SEED=${seed})`, async (t) => {
  const w = await world(t);
  await hesitate(w);
  const end = performance.now() + SECONDS * 1_000;
  // A slow machine takes longer to compare as much.
  const isOver = ({ roads, filled }: Tally) =>
    performance.now() > end && roads.stored >= LEAST.stored && roads.built >= LEAST.built && filled > LEAST_FILLED;
  const tally = await race(w, {
    seed,
    refreshers: [usual, usual],
    isOver: (tally) => isOver(tally) || tally.wrong.length > 2 || performance.now() > end + PATIENCE,
  });
  t.comment(told(tally));
  t.strictSame(tally.wrong, [], 'every answer is the same on both roads');
  t.ok(tally.roads.stored >= LEAST.stored, `${tally.roads.stored} answered by stored segments alone`);
  t.ok(tally.roads.built >= LEAST.built, `${tally.roads.built} answered with segments built in place`);
  t.ok(tally.filled > LEAST_FILLED, `${tally.filled} with rows`);

  await refreshAll(w.db);
  t.equal((await w.sql`select from segment_marks`).length, 0, 'nothing is marked in the end');
  const found = await differences(w.sql);
  t.comment(`${found.segments} segments of ${found.conversations} conversations`);
  t.strictSame(found.wrong, [], 'every segment is what is built from scratch');
  const [cut] = await w.sql`
    select count(*) filter (where bot_id <> '')::integer as own,
      count(*) filter (where to_time - from_time = interval '1 hour')::integer as hours
    from conversation_segments`;
  t.ok(cut?.own > 0 && cut?.hours > 0, `${cut?.own} segments of one bot, ${cut?.hours} of one hour`);
});

/** Races until an answer is wrong. */
async function seenToFail(t: Test, breakIt: (w: World) => Promise<void>, refreshers: Refresh[]): Promise<void> {
  const w = await world(t);
  await breakIt(w);
  await hesitate(w);
  const end = performance.now() + PATIENCE;
  const tally = await race(w, {
    seed,
    refreshers,
    size: 4,
    isOver: ({ wrong }) => wrong.length > 0 || performance.now() > end,
  });
  t.comment(told(tally));
  t.ok(tally.wrong.length > 0, 'an answer is wrong');
}

t.test(`the same comparison sees a protocol that is broken (SEED=${seed})`, async (t) => {
  const intact = async () => {};
  await t.test('marks without the old key', (t) => seenToFail(t, withoutOldKeys, [usual]));
  await t.test('marks without the time of old messages', (t) => seenToFail(t, withoutOldMessages, [usual]));
  await t.test('marks that are unique', (t) => seenToFail(t, uniqueMarks, [usual]));
  await t.test('a refresher that builds before it deletes the marks', (t) =>
    seenToFail(t, intact, [buildingFirst(anySizes)]),
  );
  await t.test('a refresher that deletes marks by their age', (t) => seenToFail(t, intact, [deletingByAge(anySizes)]));
});
