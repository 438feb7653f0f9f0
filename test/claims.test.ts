import t from 'tap';
import { ask, send, world } from './harness.js';

const NOW = Date.parse('2024-01-08T12:00:00Z');
const event = (id: string, conversation: object | undefined, time = '2024-01-08T10:00:00Z', more: object = {}) => ({
  id,
  type: 'conversation.updated',
  time,
  conversation_id: `c-${id}`,
  ...(conversation ? { conversation } : {}),
  ...more,
});

t.test('a narrowed key can neither claim nor withdraw what does not exist yet', async (t) => {
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const [narrow, wide] = [await w.key({ team_ids: ['blue'] }), await w.key()];
  const refused: [name: string, event: object][] = [
    ['a claim dated 2199', event('1', { team_id: 'blue' }, '2199-01-01T00:00:00Z')],
    ['a claim more than 60 s ahead', event('1', { team_id: 'blue' }, '2024-01-08T12:01:00.001Z')],
    ['a bot', event('1', { team_id: 'blue', bot_id: 'b' }, '2024-01-08T12:01:01Z')],
    ['withdrawn', event('1', { team_id: 'blue', withdrawn: true })],
    ['withdrawn, taken back', event('1', { team_id: 'blue', withdrawn: null })],
  ];
  for (const [name, one] of refused) {
    const answer = await send(app, narrow, [event('0', { team_id: 'blue' }), one]);
    t.equal(answer.status, 403, name);
    t.strictSame(
      answer.body.errors?.map(({ path }: { path: string }) => path),
      ['$.events[1]'],
      name,
    );
    t.equal((await send(app, wide, [{ ...one, id: `${name}` }])).status, 200, `${name}: another key may`);
  }
  t.equal(Number((await w.sql`select count(*) from events where id = '0'`)[0]?.count), 0, 'nothing was stored');
  t.equal((await send(app, narrow, [event('2', { team_id: 'blue' }, '2024-01-08T12:01:00Z')])).status, 200);
  const late = event('3', undefined, '2024-01-09T12:00:00Z', { conversation_id: 'c-2' });
  t.equal((await send(app, narrow, [late])).status, 200, 'what claims nothing may lie ahead');
});

t.test('duplicates that say something else are told', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const message = (id: string, more: object = {}) => ({
    ...event(id, { channel: 'web', visitor_ids: [] }),
    type: 'message',
    sender: 'user',
    ...more,
  });
  const batch = ['1', '2', '3'].map((id) => message(id, { content: { b: 1, a: [1.5] }, seq: null }));
  const first = await send(app, key, batch);
  t.notOk('report-notice' in first.headers);
  const again = await send(app, key, [
    message('1', { content: { a: [1.5], b: 1 }, time: '2024-01-08T11:00:00.0004+01:00', seq: 0 }),
    ...batch.slice(1),
  ]);
  t.strictSame(again.body, { accepted: 0, duplicates: 3 });
  t.notOk('report-notice' in again.headers, 'the same in another form');
  const other = await send(app, key, [
    message('1', { text: 'new' }),
    message('2', { content: { b: 1, a: [1.5] }, conversation: { channel: 'sms' } }),
    batch[2] as object,
    message('4'),
    message('4', { seq: 1 }),
    message('5'),
    message('5'),
  ]);
  t.strictSame(other.body, { accepted: 2, duplicates: 5 });
  t.equal(other.headers['report-notice'], '3 of the duplicates differ from the stored events and were not applied');
  t.equal((await ask(app, key, { url: '/v1/conversations/c-1' })).body.messages[0].text, undefined);
});
