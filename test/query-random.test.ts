import t from 'tap';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { type Asked, addsUp, evaluate, isRounded } from './query/naive.js';
import { queriedConversation, randomQuery } from './query/random.js';
import { conversationRows, messageRows, participationRows, type Row } from './query/rows.js';
import { inForm } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const QUERIES = inForm(250, 400);
const NOW = Date.parse('2024-09-09T06:00:00Z');

t.test(`${QUERIES} random queries against a naive evaluation (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const conversations: Event[][] = [];
  for (let n = 0; n < 120; n++) conversations.push(queriedConversation(r, `c${n}`));
  const sent = await send(app, key, r.shuffle(conversations.flat()));
  t.equal(sent.status, 200, sent.text.slice(0, 300));
  const of = (rowsOf: (events: Event[]) => Row[]) => conversations.flatMap(rowsOf);
  const rows = {
    conversations: of((events) => conversationRows(ACCOUNT, events, NOW)),
    messages: of((events) => messageRows(ACCOUNT, events)),
    participations: of((events) => participationRows(ACCOUNT, events, false)),
  };
  const split = of((events) => participationRows(ACCOUNT, events, true));
  const query = (payload: Asked) => ask(app, key, { method: 'POST', url: '/v1/query', payload });

  let [wrong, filled, empty, summed] = [0, 0, 0, 0];
  for (let n = 0; n < QUERIES && wrong < 5; n++) {
    const dataset = r.pick(['conversations', 'messages', 'participations'] as const);
    const asked = randomQuery(r, dataset, rows[dataset]);
    const isSplit = JSON.stringify([asked.group_by, asked.filter]).includes('"currency"');
    const expected = evaluate(dataset === 'participations' && isSplit ? split : rows[dataset], asked);
    const answer = await query(asked);
    if (expected === null) {
      empty++;
      if (answer.status !== 400) wrong++;
      t.equal(answer.status, 400, `query ${n} of seed ${seed} compares with nothing`);
      continue;
    }
    if (expected.some((row) => row.some((cell) => typeof cell === 'number' && cell !== 0))) filled++;
    if (answer.status !== 200 || !isEqual(asked, answer.body.rows, expected)) {
      wrong++;
      const at = answer.body.rows?.findIndex(
        (row: unknown[], i: number) => !isEqual(asked, [row], [expected[i] ?? []]),
      );
      t.fail(`query ${n} of seed ${seed}`, {
        asked: JSON.stringify(asked),
        at,
        answered: JSON.stringify(answer.body.rows?.[at] ?? answer.text.slice(0, 1_000)),
        expected: JSON.stringify(expected[at]),
        lengths: [answer.body.rows?.length, expected.length],
      });
    }
    if (asked.bucket !== undefined && asked.limit === undefined && n % 3 === 0) {
      summed++;
      const { compare, order_by, bucket, ...whole } = asked;
      const isSum = addUp(
        asked,
        (await query({ ...whole, bucket } as Asked)).body.rows,
        (await query(whole)).body.rows,
      );
      if (!isSum) wrong++;
      t.ok(isSum, `buckets of query ${n} of seed ${seed} add up to their total`, { asked });
    }
  }
  t.comment(`${filled} answers with something in them, ${summed} totals, ${empty} compared with an empty range`);
  t.equal(wrong, 0);
  t.ok(filled > QUERIES / 3, `${filled} of ${QUERIES} answers have something in them`);
  t.ok(summed > QUERIES / 30, `${summed} totals`);
});

/** Whether the sums over buckets are those of the whole range, group by group, for every measure that adds up. */
function addUp(asked: Asked, buckets: unknown[][], whole: unknown[][]): boolean {
  const groups = asked.group_by?.length ?? 0;
  const adding = asked.measures.flatMap((measure, n) => (addsUp(measure, asked.dataset) ? [n] : []));
  const sums = new Map<string, number[]>();
  for (const row of buckets) {
    const id = JSON.stringify(row.slice(1, 1 + groups));
    const so = sums.get(id) ?? adding.map(() => 0);
    sums.set(
      id,
      adding.map((measure, n) => (so[n] as number) + (row[1 + groups + measure] as number)),
    );
  }
  return (
    sums.size === whole.length &&
    whole.every((row) => {
      const sum = sums.get(JSON.stringify(row.slice(0, groups)));
      // six digits after the point: what a sum of doubles can say of money
      return adding.every((measure, n) => Math.abs((row[groups + measure] as number) - (sum?.[n] as number)) < 1e-6);
    })
  );
}

/** Whether rows are equal: averages, shares and percentiles to 12 digits, everything else exactly. */
function isEqual(asked: Asked, answer: unknown[][] | undefined, expected: unknown[][]): boolean {
  const rounded = asked.measures
    .flatMap((measure) => Array(asked.compare == null ? 1 : 2).fill(isRounded(measure, asked.dataset)))
    .toReversed(); // measures are the last columns
  return (
    answer?.length === expected.length &&
    answer.every(
      (row, n) =>
        row.length === expected[n]?.length &&
        row.every((cell, column) => {
          const wanted = expected[n]?.[column];
          if (!rounded[row.length - 1 - column] || typeof cell !== 'number' || typeof wanted !== 'number') {
            return cell === wanted;
          }
          return Math.abs(cell - wanted) <= 1e-12 * Math.abs(wanted);
        }),
    )
  );
}
