import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { readContract } from '../src/contract.js';
import { rebuild } from '../src/queries/ingest/rebuild.js';
import { compact } from '../src/queries/revision/compact.js';
import { root } from '../src/root.js';
import { type Document, operationsOf } from './contract/document.js';
import { ACCOUNT, ask, send, world } from './harness.js';
import { refreshAll } from './segments/roads.js';

const NOW = Date.UTC(2024, 0, 15, 12);
const NEVER = { initial: null, channels: new Map() };

/** The GETs that the contract says a 304 of, asked as its examples ask. */
const reports = operationsOf(readContract().document as Document)
  .filter(
    ({ method, path, operation }) => method === 'get' && '304' in operation.responses && !path.includes('{token}'),
  )
  .map(({ path, operation: { parameters = [] } }) => {
    const exampleOf = (name: string) => String(parameters.find((one) => one.name === name)?.example);
    const given = parameters.filter(({ in: place, example }) => place === 'query' && example !== undefined);
    const query = new URLSearchParams(given.map(({ name }): [string, string] => [name, exampleOf(name)]));
    return {
      url: `${path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(exampleOf(name)))}?${query}`,
      parameters,
    };
  });

/** Asks with a tag of an earlier answer, if there is one. */
const get = (app: FastifyInstance, key: string, url: string, tag?: string) =>
  ask(app, key, { url, headers: tag === undefined ? {} : { 'if-none-match': tag } });

const tagOf = async (app: FastifyInstance, key: string, url: string) => String((await get(app, key, url)).headers.etag);

t.test('every report', async (t) => {
  const w = await world(t);
  const [app, key, other, narrow] = [
    await w.app({ now: NOW }),
    await w.key(),
    await w.key(),
    await w.key({ bot_ids: ['shop', 'helpdesk'] }),
  ];
  const payload = readFileSync(join(root, 'samples/events.ndjson'), 'utf8');
  const headers = { 'content-type': 'application/x-ndjson' };
  await ask(app, key, { method: 'POST', url: '/v1/events', headers, payload });
  t.ok(reports.length >= 15, `${reports.length} reports`);
  const tags = new Map<string, string>();
  for (const { url, parameters } of reports) {
    const first = await get(app, key, url);
    const tag = String(first.headers.etag);
    t.match(tag, /^W\/"[\w-]{32}"$/, url);
    tags.set(url, tag);

    const again = await get(app, key, url, tag);
    t.equal(again.status, 304, url);
    t.equal(again.text, '');
    for (const name of ['etag', 'cache-control', 'vary']) t.equal(again.headers[name], first.headers[name], name);
    t.match(again.headers['server-timing'], /^db;dur=/);
    t.equal(again.headers['content-type'], undefined);

    for (const sent of [`"x", ${tag}`, tag.slice(2), `W/"a",${tag} , "b"`, '*']) {
      t.equal((await get(app, key, url, sent)).status, 304, `${url} ${sent}`);
    }
    for (const sent of ['"x"', 'W/"x", "y"', tag.slice(3, -1), `${tag.slice(0, -1)}x"`, '"*"', '']) {
      t.equal((await get(app, key, url, sent)).status, 200, `${url} ${sent}`);
    }
    t.equal((await get(app, other, url, tag)).status, 304, 'another key of the same reach');
    const restricted = await get(app, narrow, url, tag);
    t.not(restricted.status, 304, 'a key with another reach');
    t.not(restricted.headers.etag, tag);
    if (parameters.some(({ name }) => name === 'time_zone')) {
      t.equal(
        (await get(app, key, `${url.replace(/&?time_zone=[^&]*/, '')}&time_zone=Asia/Kolkata`, tag)).status,
        200,
        'another zone',
      );
    }
    if (parameters.some(({ name }) => name === 'format')) {
      const csv = await get(app, key, `${url}&format=csv`, tag);
      t.equal(csv.status, 200, 'another format');
      t.equal((await get(app, key, `${url}&format=csv`, String(csv.headers.etag))).status, 304);
      const accepted = { accept: 'text/csv', 'if-none-match': tag };
      t.equal((await ask(app, key, { url, headers: accepted })).status, 200, 'another Accept');
    }
    const head = await ask(app, key, { method: 'HEAD', url, headers: { 'if-none-match': tag } });
    t.equal(head.status, 304, 'HEAD');
  }
  t.equal(new Set(tags.values()).size, reports.length, 'no two have the same tag');

  const stranger = await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' });
  const changed = await w.app({ now: NOW, timeouts: '24h,web=1h' });
  for (const [url, tag] of tags) {
    const foreign = await get(app, stranger, url, tag);
    t.not(foreign.status, 304, `of another account: ${url}`);
    t.equal((await get(changed, key, url, tag)).status, 200, `with another timeout: ${url}`);
  }

  // None of these changes a fact.
  await ask(app, key, { method: 'POST', url: '/v1/events', headers, payload });
  await send(app, stranger, [
    { type: 'message', sender: 'user', id: '1', conversation_id: 'c', time: '2024-01-08T10:00:00Z' },
  ]);
  await refreshAll(w.db);
  await compact(w.db, ACCOUNT, NEVER, NOW);
  await rebuild(w.db, null);
  for (const [url, tag] of tags) t.equal((await get(app, key, url, tag)).status, 304, `unchanged: ${url}`);
  // One event of any conversation changes all.
  await send(app, key, [
    { type: 'message', sender: 'bot', id: 'new', conversation_id: 'new', time: '2024-01-08T10:00:00Z' },
  ]);
  for (const [url, tag] of tags) t.equal((await get(app, key, url, tag)).status, 200, `changed: ${url}`);
});

t.test('what is not an answer has no tag, and is never a 304', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const range = 'start_time=2024-01-08&end_time=2024-01-09&bucket=1d';
  for (const url of [
    `/v1/bots/nobody/conversations?version=1&${range}`,
    `/v1/teams/nobody/conversations?${range}`,
    '/v1/conversations/nothing',
    '/v1/conversations?state=ajar',
    `/v1/teams/nobody/conversations?${range.replace('1d', '1h')}`,
  ]) {
    const answer = await get(app, key, url, '*');
    t.match(answer.status, /^4/, url);
    t.equal(answer.headers.etag, undefined, url);
  }
  t.equal((await get(app, 'Bearer a:b', '/v1/bots', '*')).status, 401);
  t.equal((await get(app, await w.key({ permissions: ['write'] }), '/v1/bots', '*')).status, 403);
});

t.test('a link', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const event = { type: 'message', sender: 'user', conversation_id: 'c', time: '2024-01-08T10:00:00Z' };
  await send(app, key, [{ ...event, id: '1' }]);
  const made = await ask(app, key, { method: 'POST', url: '/v1/links', payload: { report: '/v1/conversations' } });
  t.equal(made.status, 201, made.text);
  const url = made.body.path;
  const read = (tag?: string) => ask(app, null, { url, headers: tag === undefined ? {} : { 'if-none-match': tag } });
  const tag = String((await read()).headers.etag);
  t.equal((await read(tag)).status, 304);
  await send(app, key, [{ ...event, id: '2' }]);
  t.equal((await read(tag)).status, 200);
  const again = String((await read()).headers.etag);
  await ask(app, key, { method: 'DELETE', url: `/v1/links/${made.body.link_id}` });
  t.equal((await read(again)).status, 404, 'no 304 without a link');
});

t.test('after each kind of event', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const of = { conversation_id: 'c', time: '2024-01-08T10:00:00Z' };
  const sent: object[] = [
    { type: 'message', sender: 'user', conversation: { bot_id: 'shop', bot_version: '1' } },
    { type: 'note', text: 'x' },
    { type: 'message.edited', message_id: '0', text: 'y' },
    { type: 'message.deleted', message_id: '0' },
    { type: 'step', to_step: { id: 'a', type: 'b' } },
    { type: 'participant.joined', agent_id: 'mia' },
    { type: 'rating', value: 5 },
    { type: 'order', order_id: '1' },
    { type: 'track', name: 'x' },
    { type: 'conversation.closed' },
    { type: 'conversation.reopened' },
    { type: 'conversation.updated', conversation: { bot_id: 'moved' } },
    { type: 'conversation.updated', conversation: { bot_id: 'shop' }, time: '2024-01-08T09:00:00Z' },
    { type: 'conversation.updated', conversation: { withdrawn: true } },
    { type: 'message', sender: 'user', conversation_id: 'late', time: '2020-01-08T10:00:00Z' },
  ];
  const urls = [
    '/v1/conversations/c',
    '/v1/conversations',
    '/v1/bots',
    '/v1/bots/shop/conversations?version=1&start_time=2024-01-08&end_time=2024-01-09&bucket=1d',
  ];
  let before: string[] = [];
  for (const [n, event] of sent.entries()) {
    t.equal((await send(app, key, [{ id: String(n), ...of, ...event }])).status, 200, JSON.stringify(event));
    const after = await Promise.all(urls.map((url) => tagOf(app, key, url)));
    for (const [place, tag] of after.entries())
      t.not(tag, before[place], `${urls[place]} after ${JSON.stringify(event)}`);
    before = after;
    for (const [place, tag] of after.entries()) t.equal((await get(app, key, urls[place] as string, tag)).status, 304);
  }
});

t.test('times', async (t) => {
  const w = await world(t);
  let now = Date.UTC(2024, 0, 9, 8);
  const [app, key] = [await w.app({ now: () => now, timeouts: '24h,chat=1h' }), await w.key()];
  const event = { type: 'message', sender: 'user', conversation: { bot_id: 'shop', bot_version: '1', channel: 'web' } };
  await send(app, key, [
    { ...event, id: '1', conversation_id: 'a', time: '2024-01-08T10:00:00Z' },
    { ...event, id: '1', conversation_id: 'b', time: '2024-01-08T11:30:00.250Z' },
  ]);
  const range = 'version=1&start_time=2024-01-08&end_time=2024-01-09&bucket=1d';
  const lasting = `/v1/bots/shop/conversations?${range}`;
  const stateful = [
    '/v1/conversations',
    '/v1/conversations?format=csv',
    '/v1/conversations/b',
    '/v1/conversations?state=open',
  ];
  const tags = new Map<string, string>();
  for (const url of [lasting, ...stateful]) tags.set(url, await tagOf(app, key, url));
  const known = async (url: string) => (await get(app, key, url, tags.get(url))).status === 304;

  now = Date.UTC(2024, 0, 9, 9, 59, 59, 999);
  for (const url of tags.keys()) t.ok(await known(url), `nothing has expired yet: ${url}`);
  now++;
  for (const url of stateful) t.notOk(await known(url), `a has expired: ${url}`);
  for (const url of stateful) tags.set(url, await tagOf(app, key, url));
  now = Date.UTC(2024, 0, 9, 11, 30, 0, 249);
  for (const url of stateful) t.ok(await known(url), `b has not: ${url}`);
  now++;
  for (const url of stateful) t.notOk(await known(url), `b has: ${url}`);
  for (const url of stateful) tags.set(url, await tagOf(app, key, url));
  now = Date.UTC(2034, 0, 9);
  for (const url of stateful) t.ok(await known(url), `no more to expire: ${url}`);
  t.ok(await known(lasting), 'nobody asked for states there');
  now = Date.UTC(2024, 0, 9, 10);
  for (const url of stateful) t.notOk(await known(url), `a clock that goes back: ${url}`);

  await send(app, key, [{ id: '2', conversation_id: 'b', type: 'conversation.closed', time: '2024-01-08T12:00:00Z' }]);
  tags.set('/v1/conversations/b', await tagOf(app, key, '/v1/conversations/b'));
  now = Date.UTC(2024, 0, 12);
  t.ok(await known('/v1/conversations/b'), 'a close does not depend on the time');

  const relative = lasting.replace('2024-01-08', 'now-7d/d');
  tags.set(relative, await tagOf(app, key, relative));
  now += 60_000;
  t.ok(await known(relative), 'the same day');
  now += 86_400_000;
  t.notOk(await known(relative), 'the next');
});

t.test('answers by POST have a tag, and are always sent', async (t) => {
  const w = await world(t);
  let now = Date.UTC(2024, 0, 9, 8);
  const [app, key] = [await w.app({ now: () => now }), await w.key()];
  const event = { type: 'message', sender: 'user', id: '1', conversation_id: 'a', time: '2024-01-08T10:00:00Z' };
  await send(app, key, [event]);
  const range = { start_time: '2024-01-08', end_time: '2024-01-10' };
  const query = (more: object) => ({ url: '/v1/query', payload: { dataset: 'conversations', ...range, ...more } });
  const graphql = (text: string, variables = {}) => ({ url: '/v1/graphql', payload: { query: text, variables } });
  const open = `($span: interval!) { open_closed_sessions_interval_counts_v2(args: {
    start_time: "2024-01-08", end_time: "2024-01-09", interval_span: $span }) { open_sessions } }`;
  const asked = [
    query({ measures: ['conversations'] }),
    query({ measures: ['open'] }),
    query({ measures: ['conversations'], compare: 'previous_period' }),
    graphql('{ sessions_per_channel { session_count } }'),
    graphql(`query ${open}`, { span: '1 day' }),
    graphql(`query ${open}`, { span: '1 hour' }),
    {
      url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`,
      payload: {
        interval: { start: '2024-01-08', end: '2024-01-09' },
        granularity: 'all',
        group_by: ['scope'],
        aggregations: [{ type: 'count', fields: [] }],
      },
    },
  ];
  const tagsNow = () =>
    Promise.all(
      asked.map(async (one) => {
        const { status, headers } = await ask(app, key, { method: 'POST', ...one, headers: { 'if-none-match': '*' } });
        t.equal(status, 200);
        return headers.etag as string;
      }),
    );
  const first = await tagsNow();
  t.equal(new Set(first).size, asked.length);
  t.strictSame(await tagsNow(), first);
  now = Date.UTC(2024, 0, 9, 10);
  const later = await tagsNow();
  t.strictSame(
    later.map((tag, n) => tag === first[n]),
    [true, false, true, true, false, false, true],
    'after an expiry',
  );
  now = Date.UTC(2024, 0, 10);
  t.strictSame(
    (await tagsNow()).map((tag, n) => tag === later[n]),
    [true, true, false, true, true, true, true],
    'when the range is over, which a notice speaks of',
  );
  const wrong = await ask(app, key, { method: 'POST', ...graphql('{ get_sessions(args: {}) { no_such } }') });
  t.equal(wrong.headers.etag, undefined, 'errors have none');
});

t.test('after an upgrade there is none until all is marked', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  await w.sql`insert into pending_marks default values`;
  const { status, headers } = await get(app, key, '/v1/bots', '*');
  t.equal(status, 200);
  t.equal(headers.etag, undefined);
});
