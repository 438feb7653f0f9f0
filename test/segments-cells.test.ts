import t from 'tap';
import { CodeSet } from '../src/queries/segments/distinct.js';
import { neighbours, Percentile, Room } from '../src/queries/segments/percentile.js';
import type { Rows } from '../src/queries/segments/rows.js';
import type { TimeSlice } from '../src/queries/time-slice.js';
import { random } from './fold/events.js';

/** What small worlds do not reach: many values of a percentile, and many codes of a distinct count. */

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);

t.test(`places in order, without sorting all values (SEED=${seed} repeats them)`, (t) => {
  const r = random(seed);
  const kinds: Record<string, () => number> = {
    even: () => r.below(1_000_000),
    skewed: () => Math.floor(Math.exp(r.below(1_000) / 50)),
    few: () => r.below(3),
    one: () => 7,
    negative: () => r.below(2_000) - 1_000,
    'far apart': () => (r.chance(0.0002) ? 1e12 + r.below(10) : r.below(5)),
  };
  for (const [kind, next] of Object.entries(kinds)) {
    for (const length of [1, 2, 4_096, 4_097, 50_000]) {
      const values = Float64Array.from({ length }, next);
      const sorted = values.slice().sort();
      for (const place of [0, length - 1, r.below(length), 0.5 * (length - 1), 0.9 * (length - 1)]) {
        const [low, high] = [Math.floor(place), Math.ceil(place)];
        t.strictSame(neighbours(values, place), [sorted[low], sorted[high]], `${place} of ${length}, ${kind}`);
      }
    }
  }
  t.end();
});

/** A segment of these values, all of them in group 0. */
const rowsOf = (values: Float64Array) =>
  ({ field: () => ({ values, toValue: (stored: number) => stored }), frame: { weights: null } }) as unknown as Rows;
const inOne = { one: 0, each: null, most: 0 };

t.test('many values are selected in slices of time, and the event loop runs between them', async (t) => {
  const length = 3_000_001;
  const percentile = new Percentile('duration', 0.9, () => null, new Room());
  const r = random(seed);
  const values = Float64Array.from({ length }, () => r.below(10_000_000));
  percentile.add(rowsOf(values), inOne);
  let turns = 0;
  const slice = { isOver: () => true, next: async () => void turns++ } as unknown as TimeSlice;
  await percentile.select(0, slice);
  t.equal(percentile.cell(0), values.sort()[2_700_000]);
  t.ok(turns > 100, `${turns} turns of the event loop`);
});

t.test('values beyond the room of a query are left to the raw road, while rows are read', (t) => {
  const room = new Room();
  const [one, other] = [0.5, 0.9].map((p) => new Percentile('duration', p, () => null, room));
  const rows = rowsOf(new Float64Array(1 << 22));
  one?.add(rows, inOne);
  other?.add(rows, inOne);
  t.throws(() => other?.add(rows, inOne), { message: 'it has too many values to select from' });
  t.end();
});

t.test('sets of codes count as a set does, as lists and as bits', (t) => {
  const r = random(seed);
  for (const most of [1, 31, 32, 33, 1_000, 100_000, 10_000_000]) {
    for (const count of [0, 1, 8, 9, 1_000, 60_000]) {
      const [own, expected] = [new CodeSet(), new Set<number>()];
      for (let n = 0; n < count; n++) {
        const code = 1 + r.below(most);
        own.add(code);
        expected.add(code);
      }
      t.equal(own.size, expected.size, `${count} codes up to ${most}`);
      t.equal(own.size, expected.size, 'also when it is asked again');
      t.strictSame(new Set(own.values()), expected);
    }
  }
  t.end();
});
