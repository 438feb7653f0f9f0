import t from 'tap';
import { KeptAnswers } from '../src/http/kept-answers.js';
import { ask, send, world } from './harness.js';

const DAY = Date.UTC(2024, 0, 8);
const range = 'start_time=2024-01-08&end_time=2024-01-09';
const event = { type: 'message', sender: 'user', conversation_id: 'c', time: '2024-01-08T10:00:00Z' };
const ofShop = { ...event, conversation: { bot_id: 'shop', bot_version: '1', team_id: 'care', channel: 'web' } };

const road = ({ headers }: { headers: Record<string, unknown> }) =>
  /desc="(\w+)"/.exec(String(headers['server-timing']))?.[1] ?? null;

t.test('an answer is kept until a fact changes', async (t) => {
  const w = await world(t);
  const [app, key, narrow] = [await w.app({ now: DAY }), await w.key(), await w.key({ team_ids: ['care'] })];
  await send(app, key, [{ ...ofShop, id: '1' }]);
  const count = {
    dataset: 'conversations',
    start_time: '2024-01-08',
    end_time: '2024-01-09',
    measures: ['conversations'],
  };
  const org = '/api/reporting/v1/orgs/00000000-0000-4000-8000-00000000000a/chat_sessions';
  const reporting = {
    interval: { start: '2024-01-08T00:00:00Z', end: '2024-01-08T23:59:59.999Z', time_zone: 'UTC' },
    granularity: 'all',
    group_by: [],
    aggregations: [{ type: 'count' }],
    filters: { type: 'and', fields: [{ type: 'selector', dimension: 'scope', value: 'org' }] },
  };
  const requests = [
    { url: `/v1/bots/shop/conversations?version=1&${range}&bucket=1d` },
    { method: 'POST' as const, url: '/v1/query', payload: count },
    { method: 'POST' as const, url: org, payload: reporting },
  ];
  for (const request of requests) {
    const first = await ask(app, key, request);
    t.equal(first.status, 200, `${request.url} ${first.text}`);
    t.not(road(first), 'kept');
    const second = await ask(app, key, request);
    t.equal(road(second), 'kept', request.url);
    t.equal(second.text, first.text);
    for (const name of ['etag', 'content-type', 'cache-control', 'vary', 'report-notice']) {
      t.equal(second.headers[name], first.headers[name], name);
    }
    t.equal(road(await ask(app, await w.key(), request)), 'kept', 'for another key of the same reach');
    t.not(road(await ask(app, narrow, request)), 'kept', 'not for a key of another reach');
    const write = await w.key({ permissions: ['write'] });
    t.equal((await ask(app, write, request)).status, 403, 'nor for one that may not read');
  }
  const get = requests[0] as { url: string };
  t.equal(road(await ask(app, key, { method: 'HEAD', ...get })), 'kept');
  const tag = String((await ask(app, key, get)).headers.etag);
  t.equal((await ask(app, key, { ...get, headers: { 'if-none-match': tag } })).status, 304);
  t.equal((await ask(app, key, { ...get, headers: { 'if-none-match': '*' } })).status, 304);
  const csv = { url: `${get.url}&format=csv` };
  await ask(app, key, csv);
  t.not(road(await ask(app, key, csv)), 'kept', 'a CSV is not kept');

  await send(app, key, [{ ...ofShop, conversation_id: 'd', id: '1' }]);
  for (const request of requests) {
    const changed = await ask(app, key, request);
    t.not(road(changed), 'kept', request.url);
    t.match(changed.text, /\b2\b/, 'the new conversation counts');
  }
});

t.test('an explanation is never kept, nor shown to a key that may not see it', async (t) => {
  const w = await world(t);
  const [app, admin, key] = [await w.app({ now: DAY }), await w.key(), await w.key({ permissions: ['read'] })];
  const payload = {
    dataset: 'conversations',
    start_time: '2024-01-08',
    end_time: '2024-01-09',
    measures: ['conversations'],
    explain: true,
  };
  for (let n = 0; n < 2; n++) {
    const answer = await ask(app, admin, { method: 'POST', url: '/v1/query', payload });
    t.equal(answer.status, 200);
    t.not(road(answer), 'kept');
    t.equal((await ask(app, key, { method: 'POST', url: '/v1/query', payload })).status, 403);
  }
});

t.test('an answer that depends on the time is kept as long as nothing expires', async (t) => {
  const w = await world(t);
  let now = Date.UTC(2024, 0, 8, 10, 10);
  const [app, key] = [await w.app({ now: () => now, timeouts: '1h' }), await w.key()];
  await send(app, key, [{ ...ofShop, id: '1' }]);
  const payload = {
    dataset: 'conversations',
    start_time: '2024-01-08',
    end_time: '2024-01-09',
    group_by: ['state'],
    measures: ['conversations'],
  };
  const request = { method: 'POST' as const, url: '/v1/query', payload };
  const open = await ask(app, key, request);
  t.match(open.text, /open/);
  now += 600_000;
  t.equal(road(await ask(app, key, request)), 'kept', 'it has not expired yet');
  now += 3_600_000;
  const closed = await ask(app, key, request);
  t.not(road(closed), 'kept');
  t.match(closed.text, /closed/);
});

t.test('what people wrote is not kept', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: DAY }), await w.key()];
  await send(app, key, [{ ...ofShop, id: '1', text: 'my order' }]);
  for (const url of ['/v1/conversations', '/v1/conversations/c']) {
    await ask(app, key, { url });
    t.not(road(await ask(app, key, { url })), 'kept', url);
  }
});

t.test('bounds', (t) => {
  const answer = (letters: number) => ({ body: 'x'.repeat(letters), headers: {} });
  const kept = new KeptAnswers();
  kept.of('a', '1').keep('large', answer(600_000));
  t.equal(kept.of('a', '1').get('large'), null, 'a large answer is not kept');
  for (let n = 0; n < 20; n++) kept.of('a', '1').keep(`a${n}`, answer(500_000));
  kept.of('a', '1').get('a0');
  for (let n = 0; n < 20; n++) kept.of('b', '1').keep(`b${n}`, answer(500_000));
  const there = (account: string, tag: string) => kept.of(account, '1').get(tag) !== null;
  t.ok(there('a', 'a0'), 'asked for not long ago');
  t.notOk(there('a', 'a1'), 'not asked for the longest');
  t.ok(there('b', 'b19'));
  const late = kept.of('b', '1');
  t.equal(kept.of('b', '2').get('b19'), null, 'dropped with the facts that it was about');
  kept.of('b', '2').keep('new', answer(1));
  late.keep('late', answer(1));
  t.equal(kept.of('b', '2').get('late'), null, 'computed of facts that are no longer those of the account');
  t.ok(there('a', 'a0'), 'another account keeps its own');
  t.end();
});
