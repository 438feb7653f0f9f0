import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { makeLog } from '../src/log.js';
import { ACCOUNT, ask, send, world } from './harness.js';

/** Links: secret addresses of single reports. That they leak nothing is in isolation.test.ts. */

const NOW = Date.parse('2024-01-10T12:00:00Z');
const DAY = 86_400_000;
const DEAD = /nothing at this address/;
const series = '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-10&bucket=1d';
const relative = '/v1/bots/shop/conversations?version=LIVE&start_time=now-2d/d&end_time=now/d&bucket=1d';
const query = { dataset: 'conversations', start_time: 'now-7d', end_time: 'now', measures: ['conversations'] };
const idOf = (key: string) => String(Buffer.from(key.replace('Basic ', ''), 'base64')).split(':')[0] as string;

const event = (id: string, day: string, bot_id: string, more: object = {}) => ({
  id,
  type: 'message',
  sender: 'user',
  time: `2024-01-${day}T10:00:00Z`,
  conversation_id: `c-${id}`,
  conversation: { bot_id, bot_version: 'LIVE', channel: 'web', ...more },
});

const share = (app: FastifyInstance, key: string, payload: object) =>
  ask(app, key, { method: 'POST', url: '/v1/links', payload });

t.test('a link answers its report as CSV, until it is deleted', async (t) => {
  const w = await world(t);
  let now = NOW;
  const [app, key] = [await w.app({ now: () => now }), await w.key({ permissions: ['read'] })];
  await send(app, await w.key(), [event('1', '08', 'shop'), event('2', '09', 'shop', { user_name: 'Zoë' })]);
  const made = await share(app, key, { name: 'sheet', report: series });
  t.equal(made.status, 201, made.text);
  t.match(made.body.path, /^\/v1\/shared\/[\w-]{43}$/);
  t.equal(made.headers['cache-control'], 'no-store');
  const { path, ...link } = made.body;
  t.match(link, { name: 'sheet', key_id: idOf(key), report: series, query: null, expires_at: null, is_active: true });

  const read = await ask(app, null, { url: path });
  const direct = await ask(app, key, { url: `${series}&format=csv` });
  t.equal(read.text, direct.text, 'what the key gets');
  t.equal(read.text, 'time,value\r\n2024-01-08T00:00:00Z,1\r\n2024-01-09T00:00:00Z,1\r\n');
  t.match(read.headers, {
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': 'attachment; filename="conversations-2024-01-08-to-2024-01-10.csv"',
    'cache-control': 'private',
    'x-robots-tag': 'noindex',
  });
  const json = await ask(app, null, { url: `${path}?format=json` });
  t.strictSame(json.body, (await ask(app, key, { url: series })).body);
  const head = await ask(app, null, { method: 'HEAD', url: path });
  t.strictSame([head.status, head.text], [200, '']);

  const moving = (await share(app, key, { report: relative })).body.path;
  const times = async () => (await ask(app, null, { url: moving })).text.match(/2024-01-\d\d/g);
  t.strictSame(await times(), ['2024-01-08', '2024-01-09']);
  now += 3 * DAY;
  t.strictSame(await times(), ['2024-01-11', '2024-01-12'], 'relative times are those of the reading');

  const listed = (await ask(app, key, { url: '/v1/links' })).body.links;
  t.equal(listed.length, 2);
  t.strictSame(listed[1], link, 'newest first, without its address');
  t.equal((await ask(app, key, { method: 'DELETE', url: `/v1/links/${link.link_id}` })).status, 204);
  t.equal((await ask(app, key, { method: 'DELETE', url: `/v1/links/${link.link_id}` })).status, 404);
  t.match((await ask(app, null, { url: path })).body, { status: 404, detail: DEAD });
  t.equal((await ask(app, null, { url: moving })).status, 200, 'the other one goes on');
});

t.test('of queries, lists and every format', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  await send(app, key, [event('1', '08', 'shop'), event('2', '09', 'help', { user_name: 'Zoë' })]);
  const pathOf = async (payload: object) => {
    const { status, body, text } = await share(app, key, payload);
    t.equal(status, 201, text);
    return body.path as string;
  };
  const ofQuery = await pathOf({ query: { ...query, group_by: ['bot_id'] } });
  const read = await ask(app, null, { url: ofQuery });
  t.equal(read.text, 'bot_id,conversations\r\nhelp,1\r\nshop,1\r\n');
  t.match(read.headers['content-disposition'], /"conversations-2024-01-03T1200-to-2024-01-10T1200\.csv"/);
  t.equal((await ask(app, null, { url: `${ofQuery}?bom=true` })).text, `\uFEFF${read.text}`);
  t.strictSame((await ask(app, null, { url: `${ofQuery}?format=json` })).body.rows, [
    ['help', 1],
    ['shop', 1],
  ]);
  t.strictSame((await ask(app, key, { url: '/v1/links' })).body.links[0].query, { ...query, group_by: ['bot_id'] });

  const list = await pathOf({ report: '/v1/conversations?bom=true' });
  const rows = (await ask(app, null, { url: list })).text;
  t.equal(rows, (await ask(app, key, { url: '/v1/conversations?format=csv&bom=true' })).text);
  t.match(rows, /^\uFEFFconversation_id,.*Zoë/s, 'bom of the report is the default of the link');
  t.equal((await ask(app, null, { url: `${list}?bom=false` })).text, rows.slice(1));
  const page = await ask(app, null, { url: await pathOf({ report: '/v1/conversations/?limit=1' }) });
  t.equal(page.text.trim().split('\r\n').length, 2);
  t.equal(page.headers.link, undefined, 'the next page is none of its report');
  const asJson = await ask(app, null, { url: await pathOf({ report: '/v1/bots?format=json' }) });
  t.equal(asJson.body.bots.length, 2);
  const odd = await share(app, key, { report: series.replace('shop', 'sh%2Fop') });
  t.equal(odd.status, 201, 'an id may hold anything');
  t.match((await ask(app, null, { url: odd.body.path })).body, { status: 404, detail: 'there is no bot sh/op' });
});

t.test('a link that has ended, whose key is revoked, or that never was: one and the same 404', async (t) => {
  const w = await world(t);
  let now = NOW;
  const [app, admin] = [await w.app({ now: () => now }), await w.key()];
  const maker = await w.key({ permissions: ['read'] });
  await send(app, admin, [event('1', '08', 'shop')]);
  const ending = (await share(app, admin, { report: '/v1/bots', expires_at: '2024-01-11' })).body;
  t.equal(ending.expires_at, '2024-01-11T00:00:00.000Z');
  const orphan = (await share(app, maker, { report: '/v1/bots' })).body;
  const read = (path: string) => ask(app, null, { url: path });
  for (const { path } of [ending, orphan]) t.equal((await read(path)).status, 200);
  now = Date.parse('2024-01-10T23:59:59.999Z');
  t.equal((await read(ending.path)).status, 200);
  now++;
  await ask(app, admin, { method: 'DELETE', url: `/v1/keys/${idOf(maker)}` });
  const token = ending.path.split('/').at(-1);
  const last = token.at(-1) === 'A' ? 'B' : 'A';
  const dead: Record<string, string> = {
    ended: ending.path,
    orphaned: orphan.path,
    'one letter altered': `/v1/shared/${token.slice(0, -1)}${last}`,
    shortened: ending.path.slice(0, -1),
    lengthened: `${ending.path}A`,
    unknown: `/v1/shared/${'A'.repeat(43)}`,
    'its id': `/v1/shared/${ending.link_id}`,
    'with other parameters': `${ending.path}?format=json`,
  };
  const answers = new Set<string>();
  for (const [name, path] of Object.entries(dead)) {
    const { status, body, headers } = await read(path);
    t.equal(status, 404, name);
    const { date: _, 'x-request-id': __, 'content-length': ___, ...told } = headers;
    answers.add(JSON.stringify([{ ...body, request_id: '' }, told]));
  }
  t.equal(answers.size, 1, [...answers].join('\n'));
  const states = (await ask(app, admin, { url: '/v1/links' })).body.links;
  t.strictSame(
    states.map((one: { is_active: boolean }) => one.is_active),
    [false, false],
  );
});

t.test('who sees a link, and who may make one', async (t) => {
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const keys = {
    admin: await w.key(),
    reader: await w.key({ permissions: ['read'] }),
    other: await w.key({ permissions: ['read'] }),
    blue: await w.key({ team_ids: ['blue'] }),
    'of blue': await w.key({ permissions: ['read'], team_ids: ['blue'] }),
    foreign: await w.key({ account_id: '00000000-0000-4000-8000-00000000000b' }),
  };
  const ids = new Map<string, string>();
  for (const [name, key] of Object.entries(keys))
    ids.set(name, (await share(app, key, { name, report: '/v1/bots' })).body.link_id);
  const seen = async (key: string) =>
    (await ask(app, key, { url: '/v1/links' })).body.links.map((one: { name: string }) => one.name).sort();
  t.strictSame(await seen(keys.admin), ['admin', 'blue', 'of blue', 'other', 'reader']);
  t.strictSame(await seen(keys.reader), ['reader']);
  t.strictSame(await seen(keys.blue), ['blue', 'of blue']);
  t.strictSame(await seen(keys.foreign), ['foreign']);
  const remove = async (key: string, name: string) =>
    (await ask(app, key, { method: 'DELETE', url: `/v1/links/${ids.get(name)}` })).status;
  t.equal(await remove(keys.reader, 'other'), 404);
  t.equal(await remove(keys.blue, 'admin'), 404);
  t.equal(await remove(keys.foreign, 'reader'), 404);
  t.equal(await remove(keys.blue, 'of blue'), 204);
  t.equal(await remove(keys.admin, 'other'), 204);

  const writer = await w.key({ permissions: ['write'] });
  t.equal((await share(app, writer, { report: '/v1/bots' })).status, 403);
  t.equal((await ask(app, writer, { url: '/v1/links' })).status, 403);
  t.equal((await ask(app, writer, { method: 'DELETE', url: '/v1/links/x' })).status, 403);
});

t.test('what is no report, or one with a fault, is refused when the link is made', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const refusals: [object, string, RegExp][] = [
    [{}, '$', /either report/],
    [{ report: '/v1/bots', query }, '$', /either report/],
    [{ reports: '/v1/bots' }, '$.reports', /known key/],
    [{ report: 'http://127.0.0.1/v1/bots' }, '$.report', /without scheme and host/],
    [{ report: '//evil/v1/bots' }, '$.report', /without scheme and host/],
    [{ report: `/v1/bots?${'a'.repeat(8_000)}` }, '$.report', /up to 8,000/],
    [{ report: '/v1/me' }, '$.report', /no report with a CSV/],
    [{ report: '/v1/keys' }, '$.report', /no report with a CSV/],
    [{ report: '/v1/conversations/c-1' }, '$.report', /no report with a CSV/],
    [{ report: '/v1/query' }, '$.report', /no report with a CSV/],
    [{ report: '/v1/shared/x' }, '$.report', /no report with a CSV/],
    [{ report: '/v1/bots/%ZZ/conversations' }, '$.report', /percent-encoded/],
    [{ report: '/v1/bots?zone=UTC' }, '$.report', /zone is not a parameter here/],
    [{ report: '/v1/bots?time_zone=UTC&time_zone=UTC' }, '$.report', /time_zone takes a single value/],
    [{ report: series.replace('1d', '2d') }, '$.report', /bucket must be one of/],
    [{ query: { ...query, measures: ['x'] } }, '$.query.measures[0]', /is not a measure/],
    [{ query: 'x' }, '$.query', /must be an object/],
    [{ report: '/v1/bots', expires_at: '2024-01-10' }, '$.expires_at', /in the future/],
    [{ report: '/v1/bots', expires_at: 'soon' }, '$.expires_at', /must be a date/],
    [{ report: '/v1/bots', name: 5 }, '$.name', /must be a text/],
  ];
  for (const [payload, path, message] of refusals) {
    const { status, body } = await share(app, key, payload);
    t.equal(status, 400, JSON.stringify(payload).slice(0, 200));
    t.match(body.errors?.[0], { path, message }, JSON.stringify(payload).slice(0, 200));
  }
  t.strictSame((await ask(app, key, { url: '/v1/links' })).body.links, [], 'nothing was made');
  const { path } = (await share(app, key, { report: '/v1/bots' })).body;
  t.equal((await ask(app, null, { url: `${path}?format=xml` })).status, 400);
  t.equal((await ask(app, null, { url: `${path}?time_zone=UTC` })).status, 400, 'what it reads cannot be changed');
  t.equal((await ask(app, null, { method: 'POST', url: path, payload: {} })).status, 405);
});

t.test('an account has a bounded number of links', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await w.sql`insert into links (account_id, link_id, key_id, name, token_hash, report)
    select ${ACCOUNT}::uuid, 'many' || n, 'x', '', ''::bytea, '/v1/bots' from generate_series(1, 1000) n`;
  t.match((await share(app, key, { report: '/v1/bots' })).body, { status: 400, detail: /1000 links/ });
  t.equal((await ask(app, key, { url: '/v1/links' })).body.links.length, 0, 'links of a key that is not there');
});

t.test('a link counts against the share of its key, and its token is in no log', async (t) => {
  const w = await world(t);
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  const limits = { requests: 100, bytes: 1e6, total: 1e7, rate: 3 };
  const app = await w.app({ logger: makeLog('trace', { write }), limits });
  const [key, other] = [await w.key(), await w.key()];
  const { path } = (await share(app, key, { report: '/v1/bots' })).body;
  const statuses = await Promise.all(Array.from({ length: 12 }, () => ask(app, null, { url: path })));
  const refused = statuses.filter(({ status }) => status === 429);
  t.ok(refused.length >= 3, 'beyond the rate of the key');
  t.equal(refused[0]?.headers['retry-after'], '1');
  t.equal((await ask(app, other, { url: '/v1/me' })).status, 200, 'another key is free');
  await ask(app, null, { method: 'POST', url: path, payload: {} });
  await ask(app, null, { url: `${path}/more` });
  const token = path.split('/').at(-1);
  t.notMatch(text, token, 'not even where the path is wrong');
  t.match(text, '/v1/shared/:token');
  t.match(text, `"key_id":"${idOf(key)}"`, 'but whose link it is');
});
