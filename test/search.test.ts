import t from 'tap';
import { everything } from '../src/queries/filter.js';
import { conversations, type ListCursor } from '../src/queries/lookups/conversations.js';
import { EVER } from '../src/queries/time/window.js';
import { random } from './fold/events.js';
import { ACCOUNT, ask, send, world } from './harness.js';

const SEED = Number(process.env.SEED ?? Date.now());
const asOf = { now: Date.UTC(2024, 0, 15), timeouts: { initial: null, channels: new Map() } };

t.test(`a search in parts finds what one search finds (SEED=${SEED})`, async (t) => {
  const w = await world(t);
  const [app, key, r] = [await w.app(), await w.key(), random(SEED)];
  const events = Array.from({ length: 300 }, (_, n) => ({
    id: '1',
    type: 'message',
    sender: 'user',
    sender_id: r.chance(0.1) ? `Ann ${n}` : `bob ${n}`,
    conversation_id: `c${n}`,
    time: new Date(Date.UTC(2024, 0, 8) + r.below(100) * 1_000).toISOString(), // some at the same time
    conversation: { bot_id: r.pick(['shop', 'help']), withdrawn: r.chance(0.1) },
  }));
  await send(app, key, events);
  const bot = { op: 'in' as const, dimension: 'bot_id' as const, values: ['shop'] };
  const window = { from: EVER.from, to: EVER.to, zone: 'UTC' };
  for (const where of [everything, bot]) {
    const list = { scope: { account: ACCOUNT, teams: null, bots: null }, window, where };
    for (const part of ['ANN', 'nobody', 'b']) {
      const whole = await conversations(w.db, { ...list, part, after: null, limit: 1_000 }, asOf);
      const ids = whole.conversations.map(({ conversation_id }) => conversation_id);
      t.equal(whole.next, null);
      for (const searched of [1, 7, 60, 1_000]) {
        const limit = r.pick([1, 3, 50]);
        const found: string[] = [];
        let after: ListCursor | null = null;
        let pages = 0;
        do {
          const page = await conversations(w.db, { ...list, part, after, limit }, asOf, searched);
          t.ok(page.conversations.length <= Math.min(limit, searched));
          found.push(...page.conversations.map(({ conversation_id }) => conversation_id));
          after = page.next;
          pages++;
        } while (after !== null && pages < 1_000);
        t.strictSame(found, ids, `${part}, ${searched} searched, pages of ${limit}`);
        if (searched === 7) t.ok(pages >= 15, 'many pages');
      }
    }
  }
  t.equal((await ask(app, key, { url: '/v1/conversations?q=ann&limit=200' })).body.next_cursor, null);
});
