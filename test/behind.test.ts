import t from 'tap';
import { random } from './fold/events.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { queriedConversation, randomFilter } from './query/random.js';
import { conversationRows } from './query/rows.js';

const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const NOW = Date.parse('2024-09-09T06:00:00Z');

t.test(`a number leads to the conversations behind it (SEED=${seed} repeats this)`, async (t) => {
  const r = random(seed);
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const conversations: Event[][] = [];
  for (let n = 0; n < 120; n++) conversations.push(queriedConversation(r, `c${n}`));
  t.equal((await send(app, key, conversations.flat())).status, 200);
  const rows = conversations.flatMap((events) => conversationRows(ACCOUNT, events, NOW));

  const count = async (dataset: string, filter: unknown, range: object, time_zone: string) => {
    const payload = { dataset, ...range, time_zone, measures: ['conversations'], filter };
    const answer = await ask(app, key, { method: 'POST', url: '/v1/query', payload });
    t.equal(answer.status, 200, answer.text.slice(0, 300));
    return answer.body.rows[0][0];
  };
  const list = async (parameters: Record<string, string>) => {
    const query = new URLSearchParams({ ...parameters, limit: '200' });
    const answer = await ask(app, key, { url: `/v1/conversations?${query}` });
    t.equal(answer.status, 200, answer.text.slice(0, 300));
    return answer.body.conversations.length;
  };

  const ever = { start_time: '2023-01-01', end_time: '2026-01-01' };
  const ranges = [
    ever,
    ever,
    { start_time: '2024-03-01', end_time: '2024-06-15' },
    { start_time: 'now-5M/M', end_time: 'now/d' },
  ];
  let partly = 0;
  for (let n = 0; n < 100; n++) {
    const filter = randomFilter(r, 'conversations', rows, 3);
    const range = r.pick(ranges);
    const zone = r.pick(['UTC', 'Europe/Helsinki', 'Asia/Kathmandu']);
    const listed = await list({ ...range, time_zone: zone, filter: JSON.stringify(filter) });
    t.equal(listed, await count('conversations', filter, range, zone), JSON.stringify({ filter, range, zone }));
    if (listed > 0 && listed < rows.length) partly++;
  }
  t.ok(partly > 20, `${partly} filters pick some and leave others`);
  for (const intent of ['refund', 'Refund', 'order status', 'unheard']) {
    const counted = await count('messages', { type: 'selector', dimension: 'intent', value: intent }, ever, 'UTC');
    t.equal(await list({ intent }), counted, `intent ${intent}: ${counted}`);
  }
});
