import t from 'tap';
import { ask, send, world } from './harness.js';

t.test('pages of rating_feedback put together are the whole list, in its own order and in another one', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const COUNT = 23;
  const events = Array.from({ length: COUNT }, (_, n) => ({
    id: 'r',
    type: 'rating',
    // Two at a time, sent in no order.
    time: new Date(Date.UTC(2024, 0, 8) + Math.floor(((n * 7) % COUNT) / 2) * 60_000).toISOString(),
    conversation_id: `c${(n * 7) % COUNT}`,
    value: 1 + (n % 5),
    feedback: `f${(n * 7) % COUNT}`,
  }));
  await send(app, key, events);
  const rows = async (page: string) => {
    const query = `{ rows: rating_feedback(args: {start_time: "2024-01-08", end_time: "2024-01-09"}${page}) { rating feedback } }`;
    const { body } = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } });
    t.equal(body.errors, undefined);
    return body.data.rows as { rating: number; feedback: string }[];
  };
  for (const order of ['', ', order_by: [{rating: desc}]']) {
    const whole = await rows(order);
    t.equal(whole.length, COUNT);
    const pages = [];
    for (let offset = 0; offset < COUNT; offset += 5) pages.push(await rows(`${order}, limit: 5, offset: ${offset}`));
    t.strictSame(pages.flat(), whole);
  }
});
