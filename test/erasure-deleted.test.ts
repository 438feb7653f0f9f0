import t from 'tap';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { ACCOUNT, ask, send, world } from './harness.js';

/** The words of a deleted message leave the storage, in whatever order its events arrive. */

const at = (second: number) => `2024-01-09T10:00:${String(second).padStart(2, '0')}Z`;
const said = { text: 'zzgone', content: { text: 'zzgone' }, context: { a: 'zzgone' }, corrections: { b: 'zzgone' } };
const eventsOf = (conversation_id: string) => {
  const event = (id: string, second: number, more: object) => ({ id, time: at(second), conversation_id, ...more });
  return [
    event('m1', 1, { type: 'message', sender: 'user', sender_id: 'ann', intent: 'hello', ...said }),
    event('m2', 2, { type: 'message', sender: 'bot', text: 'zzstays' }),
    event('e1', 3, { type: 'message.edited', message_id: 'm1', text: 'zzgone again' }),
    event('d1', 4, { type: 'message.deleted', message_id: 'm1' }),
  ];
};

/** Every order of a list. */
const orders = <Item>(items: Item[]): Item[][] =>
  items.length < 2
    ? [items]
    : items.flatMap((one, n) => orders(items.filter((_, m) => m !== n)).map((rest) => [one, ...rest]));

t.test('the words of a deleted message are nowhere, in any order and any split', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const key = await w.key();
  const holding = async (text: string) => [
    ...(await w.sql`
    select id from events where events::text like ${`%${text}%`}
    union all select conversation_id from conversations where conversations::text like ${`%${text}%`}`),
  ];

  const [first, ...rest] = eventsOf('kept');
  await send(app, key, [first as object, ...rest.slice(0, 2)]);
  t.equal((await holding('zzgone')).length, 2, 'the control: a message and its edit that are not deleted are found');
  await send(app, key, rest.slice(2));
  t.equal((await holding('zzgone')).length, 0, 'deleted later');

  const all: object[] = [];
  for (const [n, order] of orders([0, 1, 2, 3]).entries()) {
    const events = order.map((index) => eventsOf(`c${n}`)[index] as object);
    all.push(...events);
    if (n % 3 === 0) await send(app, key, events);
    else for (const event of events) t.equal((await send(app, key, [event])).body.accepted, 1);
  }
  t.strictSame(await holding('zzgone'), [], '24 orders');
  t.equal((await holding('zzstays')).length, 25, 'other messages keep theirs');
  const different = await w.sql`select distinct id, type, body from events order by id`;
  t.equal(different.length, 4, 'the same is stored for each order');

  const again = await send(app, key, all);
  t.strictSame(again.body, { accepted: 0, duplicates: all.length });
  t.equal(again.headers['report-notice'], undefined, 'repeats do not count as differing');
  t.strictSame(await holding('zzgone'), []);
  t.strictSame(await rebuild(w.db, ACCOUNT), { conversations: 25, differed: 0 });

  const { body } = await ask(app, key, { url: '/v1/conversations/kept' });
  t.match(body.messages[0], { id: 'm1', intent: 'hello', deleted_time: '2024-01-09T10:00:04Z' });
  t.notOk('erased' in body.messages[0], 'the mark of storage is not shown');
  const query = {
    dataset: 'messages',
    start_time: '2024-01-01',
    end_time: '2024-02-01',
    measures: ['messages'],
    group_by: ['intent'],
  };
  const counted = await ask(app, key, { method: 'POST', url: '/v1/query', payload: query });
  t.strictSame(new Map(counted.body.rows).get('hello'), 25, 'it still counts');

  await w.sql`update events set body = body - 'erased' || '{"text": "zzgone"}' where id = 'm1'`;
  t.strictSame(await rebuild(w.db, ACCOUNT), { conversations: 25, differed: 0 });
  t.strictSame(await holding('zzgone'), [], 'words of a version that kept them go with a rebuild, as after an upgrade');
});
