import t from 'tap';
import type { AsOf } from '../src/queries/query.js';
import { raw } from '../src/queries/raw/raw.js';
import { plan } from '../src/queries/run.js';
import { segments } from '../src/queries/segments/segments.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, send, world } from './harness.js';
import { queriedConversation, randomQuery } from './query/random.js';
import { conversationRows } from './query/rows.js';
import { agree, queryOf, refreshAll, told } from './segments/roads.js';
import { inForm, isTimed } from './tools/form.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const QUERIES = inForm(300, isTimed ? 10_000 : 1_500);
const NOW = Date.parse('2024-09-09T06:00:00Z');

t.test(`${QUERIES} random queries on both roads (SEED=${seed} repeats them)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const conversations: Event[][] = [];
  for (let n = 0; n < 150; n++) conversations.push(queriedConversation(r, `c${n}`));
  const rows = conversations.flatMap((events) => conversationRows(ACCOUNT, events, NOW));
  const events = r.shuffle(conversations.flat());
  const timeouts = ['24h', '2h,web=0', '0,web=1h,chat=3h', '3d'].map((text) => parseTimeouts(text) as Timeouts);

  let [fast, slow, filled, wrong] = [0, 0, 0, 0];
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
        { own: 2, large: 4 },
        { own: 3, large: 1_000 },
      ]),
    );
    if (fresh > 0) t.equal((await send(app, key, part.slice(-fresh))).status, 200);
    for (let n = 0; n < QUERIES / ROUNDS && wrong < 3; n++) {
      const asked = randomQuery(r, 'conversations', rows);
      const query = queryOf(asked, NOW, r.chance(0.1) ? ['t1', 'nobody'] : null);
      if (query === null) continue;
      const planned = plan(query, { bucket: '', groups: '' });
      if (!planned.ok) continue;
      const asOf: AsOf = { now: NOW, timeouts: r.pick(timeouts) };
      const found = await segments(w.db, query, planned.parts, asOf);
      if ('reason' in found) {
        slow++;
        continue;
      }
      fast++;
      const expected = await raw(w.db, query, planned.parts, asOf, 1_000_000);
      if (expected.parts.some((rows) => rows.length > 0)) filled++;
      if (agree(found.parts, expected.parts, query.measures)) continue;
      const [a, b] = [told(found.parts, query.measures), told(expected.parts, query.measures)];
      wrong++;
      t.strictSame(a, b, `query ${n} of round ${round}: ${JSON.stringify(asked)}`);
    }
  }
  t.comment(`${fast} answered by segments, ${filled} of them with rows; ${slow} left to the raw road`);
  t.equal(wrong, 0);
  t.ok(fast > QUERIES / 4, `${fast} answered by segments`);
  t.ok(filled > QUERIES / 10, `${filled} with rows`);
});
