import t from 'tap';
import type { AsOf, Query } from '../src/queries/query.js';
import { raw } from '../src/queries/raw/raw.js';
import { plan } from '../src/queries/run.js';
import { planOf } from '../src/queries/segments/plan.js';
import { segments } from '../src/queries/segments/segments.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, send, world } from './harness.js';
import { queriedConversation, randomQuery } from './query/random.js';
import { conversationRows, messageRows, participationRows } from './query/rows.js';
import { agree, queryOf, refreshAll, told } from './segments/roads.js';
import { inForm, isTimed } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const QUERIES = inForm(300, isTimed ? 10_000 : 600);
const NOW = Date.parse('2024-09-09T06:00:00Z');

t.test(`${QUERIES} random queries on both roads (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const conversations: Event[][] = [];
  for (let n = 0; n < 150; n++) conversations.push(queriedConversation(r, `c${n}`));
  const rows = {
    conversations: conversations.flatMap((events) => conversationRows(ACCOUNT, events, NOW)),
    messages: conversations.flatMap((events) => messageRows(ACCOUNT, events)),
    participations: conversations.flatMap((events) => participationRows(ACCOUNT, events, false)),
  };
  const count = () => ({ fast: 0, slow: 0, filled: 0 });
  const counts = { conversations: count(), messages: count(), participations: count() };
  const events = r.shuffle(conversations.flat());
  const timeouts = ['24h', '2h,web=0', '0,web=1h,chat=3h', '3d'].map((text) => parseTimeouts(text) as Timeouts);

  let wrong = 0;
  const ROUNDS = 6;
  for (let round = 0; round < ROUNDS && wrong < 3; round++) {
    // The last events of each round are still marked when queries come.
    const part = events.slice((round * events.length) / ROUNDS, ((round + 1) * events.length) / ROUNDS);
    const fresh = r.pick([0, 1, 30, part.length]);
    const before = part.slice(0, part.length - fresh);
    if (before.length > 0) t.equal((await send(app, key, before)).status, 200);
    await refreshAll(
      w.db,
      r.pick([
        { own: 500, large: 20_000 },
        { own: 2, large: 4, most: 3 },
        { own: 3, large: 1_000, most: 50 },
      ]),
    );
    if (fresh > 0) t.equal((await send(app, key, part.slice(-fresh))).status, 200);
    for (let n = 0; n < QUERIES / ROUNDS && wrong < 3; n++) {
      const dataset = r.pick(['conversations', 'messages', 'participations'] as const);
      const asOf: AsOf = { now: NOW, timeouts: r.pick(timeouts) };
      const of = counts[dataset];
      const next = () => {
        const asked = randomQuery(r, dataset, rows[dataset]);
        const query = queryOf(asked, NOW, r.chance(0.1) ? ['t1', 'nobody'] : null);
        const planned = query === null ? null : plan(query, { bucket: '', groups: '' });
        return planned?.ok ? { asked, query: query as Query, parts: planned.parts } : null;
      };
      // Many are about lists or money, which segments lack.
      let one = next();
      for (let tries = 1; tries < 4 && (one === null || 'reason' in planOf(one.query, one.parts, asOf)); tries++)
        one = next();
      if (one === null) continue;
      const { asked, query, parts } = one;
      const found = await segments(w.db, query, parts, asOf);
      if ('reason' in found) {
        of.slow++;
        continue;
      }
      of.fast++;
      const expected = await raw(w.db, query, parts, asOf, 1_000_000);
      if (expected.parts.some((rows) => rows.length > 0)) of.filled++;
      if (agree(found.parts, expected.parts, query.measures)) continue;
      const [a, b] = [told(found.parts, query.measures), told(expected.parts, query.measures)];
      wrong++;
      t.strictSame(a, b, `query ${n} of round ${round}: ${JSON.stringify(asked)}`);
    }
  }
  t.equal(wrong, 0);
  for (const [dataset, { fast, slow, filled }] of Object.entries(counts)) {
    t.comment(`${dataset}: ${fast} answered by segments, ${filled} of them with rows; ${slow} left to the raw road`);
    t.ok(fast > QUERIES / 15, `${fast} of ${dataset} answered by segments`);
    t.ok(filled > QUERIES / 40, `${filled} of ${dataset} with rows`);
  }
});
