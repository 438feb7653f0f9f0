import t from 'tap';
import { refresh } from '../src/queries/segments/refresh.js';
import { ACCOUNT, ask, send, world } from './harness.js';

const week = { start_time: '2024-01-08', end_time: '2024-01-15' };
const conversations = { dataset: 'conversations', ...week, measures: ['conversations', 'users'] };

const messages = ['first', 'second', 'third'].map((id) => ({
  id,
  type: 'message',
  time: '2024-01-08T10:00:00Z',
  conversation_id: id,
  sender: 'user',
  sender_id: id,
  conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' },
}));

t.test('an admin sees the road, what was read and the time; others are refused', async (t) => {
  const w = await world(t);
  const [app, key, reader] = [await w.app(), await w.key(), await w.key({ permissions: ['read'] })];
  await send(app, key, messages);
  await refresh(w.db, ACCOUNT);
  const query = (payload: object, by = key, format = 'json') =>
    ask(app, by, { method: 'POST', url: `/v1/query?format=${format}`, payload });

  const { body } = await query({ ...conversations, explain: true });
  t.match(body, { rows: [[3, 3]], explain: { road: 'segments', reason: null, segments: 1, rows: 3 } });
  t.ok(body.explain.bytes > 0 && body.explain.milliseconds > 0);
  const byAgent = await query({ ...conversations, group_by: ['agent_ids'], explain: true });
  const raw = { road: 'raw', reason: 'segments have no agent_ids', segments: null, rows: 1, bytes: null };
  t.match(byAgent.body.explain, raw);

  const reasons: [object, string][] = [
    [{ dataset: 'messages', measures: ['messages'], group_by: ['tags'] }, 'segments have no tags'],
    [
      { dataset: 'messages', measures: ['messages'], group_by: ['sender_id'] },
      'segments have no sender_id where sender is user',
    ],
    [{ group_by: ['user_id'] }, 'segments do not group by user_id'],
    [{ filter: { type: 'selector', dimension: 'tags', value: 'x' }, measures: ['open'] }, 'segments have no tags'],
  ];
  for (const [asked, reason] of reasons) {
    t.equal((await query({ ...conversations, ...asked, explain: true })).body.explain.reason, reason);
  }

  t.notOk('explain' in (await query(conversations, reader)).body, 'only where it is asked for');
  t.equal((await query({ ...conversations, explain: false }, reader)).status, 200);
  const refused = await query({ ...conversations, explain: true }, reader);
  t.equal(refused.status, 403);
  t.equal(refused.body.detail, 'explain shows how the service finds an answer: it needs a key that may admin');
  const wrong = await query({ ...conversations, explain: 'yes' }, reader);
  t.equal(wrong.status, 400, 'faults come before permissions');
  t.strictSame(wrong.body.errors, [{ path: '$.explain', message: 'must be true or false' }]);
  t.equal((await query({ ...conversations, explain: true }, key, 'csv')).text, 'conversations,users\r\n3,3\r\n');
});

t.test('too much out of date and too many texts are reasons too', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const explained = async (body: object) =>
    (await ask(app, key, { method: 'POST', url: '/v1/query', payload: { ...body, explain: true } })).body.explain;
  const days = Array.from({ length: 60 }, (_, n) => ({
    ...messages[0],
    conversation_id: `day ${n}`,
    time: new Date(Date.UTC(2024, 0, 8 + n)).toISOString(),
  }));
  await send(app, key, days);
  const quarter = { ...conversations, end_time: '2024-04-01' };
  t.match(await explained(quarter), { road: 'raw', reason: 'too many segments of the range are out of date' });
  t.match(await explained(conversations), { road: 'segments', rows: 7 }, 'a few are built in place');
  await w.sql`insert into pending_marks default values`;
  t.match(await explained(conversations), { road: 'raw', reason: 'too many segments of the range are out of date' });
  await w.sql`delete from pending_marks`;
  await w.sql`
    insert into dictionary select ${ACCOUNT}, 'channel', 'word ' || n, 1000 + n from generate_series(1, 20001) n`;
  t.match(await explained({ ...conversations, group_by: ['channel'] }), {
    reason: 'it has too many different texts for segments',
  });
});

t.test('every report says how long it took', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, messages);
  const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09&bucket=1d';
  const form = /^db;dur=[\d.]+(;desc="(segments|raw)")?, total;dur=[\d.]+$/;
  for (const url of [
    `/v1/bots/shop/conversations?${range}`,
    '/v1/conversations',
    '/v1/conversations?format=csv',
    '/v1/conversations/first',
    '/v1/bots',
  ]) {
    t.match((await ask(app, key, { url })).headers['server-timing'], form, url);
  }
  const graphql = async (query: string) =>
    (await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } })).headers['server-timing'];
  t.match(await graphql('{ sessions_per_channel { session_count } }'), /desc="segments"/);
  t.match(
    await graphql('{ sessions_per_channel { session_count } counts_per_brain(args: {tags: "{x}"}) { num_users } }'),
    /desc="mixed"/,
  );
  t.match(await graphql('{ __typename }'), /^db;dur=[\d.]+, total/);
});
