import t from 'tap';
import { refresh, type Sizes } from '../src/queries/segments/refresh.js';
import { ACCOUNT, world } from './harness.js';
import { hesitate, type Refresh, race, type Tally } from './segments/race.js';
import { refreshAll } from './segments/roads.js';
import { inForm } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const SECONDS = inForm(15, 300);

/** Mostly so small that segments are promoted and cut. */
const sizes: Sizes[] = [
  { own: 3, large: 8 },
  { own: 30, large: 100 },
  { own: 500, large: 20_000 },
];
const usual: Refresh = (db, r) => refresh(db, ACCOUNT, r.pick(sizes));

const told = ({ batches, refreshes, undone, roads, filled, wrong }: Tally) =>
  `${batches} batches, ${refreshes} refreshes and ${undone} undone; answered by stored segments ${roads.stored}, with some built in place ` +
  `${roads.built}, by the raw road ${roads.raw}; with rows ${filled}; wrong ${wrong.length}`;

t.test(`8 writers, refreshers and readers for ${SECONDS} s (SEED=${seed})`, async (t) => {
  const w = await world(t);
  await hesitate(w);
  const end = performance.now() + SECONDS * 1_000;
  const tally = await race(w, { seed, refreshers: [usual, usual], isOver: () => performance.now() > end });
  t.comment(told(tally));
  t.strictSame(tally.wrong.slice(0, 3), [], 'no answer differs');
  await refreshAll(w.db);
});
