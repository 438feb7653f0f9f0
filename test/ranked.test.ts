import t from 'tap';
import { ask, send, world } from './harness.js';

t.test('a ranking has one group for a number, however it was written', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const orders = ['1', '1.0', '1.00', '2'].map((amount, n) => ({
    id: 'o',
    type: 'order',
    time: '2024-01-08T09:00:00Z',
    conversation_id: `c${n}`,
    order_id: 'o',
    amount,
  }));
  await send(app, key, orders);
  const payload = {
    dataset: 'participations',
    start_time: '2024-01-08',
    end_time: '2024-01-09',
    measures: ['count'],
    group_by: ['sales'],
    filter: { type: 'selector', dimension: 'scope', value: 'org' },
  };
  const rank = async (more: object) => {
    const { body } = await ask(app, key, { method: 'POST', url: '/v1/query', payload: { ...payload, ...more } });
    return body.rows.map((row: unknown[]) => [row[0] === null ? null : Number(row[0]), ...row.slice(1)]);
  };
  const order_by = [{ by: 'count' }];
  t.strictSame(await rank({ order_by }), [
    [1, 3],
    [2, 1],
  ]);
  t.strictSame(await rank({ order_by, limit: 1, others: true }), [
    [1, false, 3],
    [null, true, 1],
  ]);
});
