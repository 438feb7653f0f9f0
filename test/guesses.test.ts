import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import t, { type Test } from 'tap';
import { guesses, placeOf } from '../src/auth/guesses.js';
import { readConfig } from '../src/config.js';
import { settled, signIn } from './dashboard/stage.js';
import { ask, world } from './harness.js';
import { noBrowser, openBrowser } from './tools/browser.js';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const from = (remoteAddress: string, more: InjectOptions = {}): InjectOptions => ({
  url: '/v1/me',
  remoteAddress,
  ...more,
});
const status = async (app: FastifyInstance, key: string | null, request: InjectOptions) =>
  (await ask(app, key, request)).status;
const token = (n: number) => String(n).padStart(43, 'A');

t.test('who guesses keys, links or hooks is slowed down, and who is known goes on', async (t) => {
  const w = await world(t);
  let moment = Date.UTC(2024, 0, 9);
  const app = await w.app({ wrongSecrets: 6, now: () => moment });
  const [known, fresh] = [await w.key(), await w.key()];
  const bad = '198.51.100.7';
  t.equal(await status(app, known, from(bad)), 200);

  const id = Buffer.from(known.slice(6), 'base64').toString().split(':')[0] as string;
  const guessed = [
    await status(app, basic(`${id}:wrong`), from(bad)),
    await status(app, basic('nobody:wrong'), from(bad)),
    await status(app, `Bearer ${id}.wrong2`, from(bad)),
    await status(app, null, from(bad, { url: `/v1/shared/${token(1)}` })),
    await status(app, null, from(bad, { url: `/v1/hooks/${token(2)}`, method: 'POST', payload: {} })),
    await status(app, null, from(bad, { url: '/v1/shared/short' })),
  ];
  t.strictSame(guessed, [401, 401, 401, 404, 404, 404], 'as many as may be');
  const ways: [string, string | null, InjectOptions][] = [
    ['a key', basic(`${id}:wrong3`), from(bad)],
    ['another form', `Token ${id}.wrong3`, from(bad)],
    [
      'a vendor form',
      `apikey ${id}.wrong3`,
      from(bad, { url: '/v1/graphql', method: 'POST', payload: { query: '{ a }' } }),
    ],
    ['a link', null, from(bad, { url: `/v1/shared/${token(3)}` })],
    ['a hook', null, from(bad, { url: `/v1/hooks/${token(3)}`, method: 'POST', payload: {} })],
    ['a right key that was not used before: or an answer would tell', fresh, from(bad)],
    ['with an address of its own choice', basic('x:y'), from(bad, { headers: { 'x-forwarded-for': '203.0.113.9' } })],
  ];
  for (const [name, key, request] of ways) {
    const answer = await ask(app, key, request);
    t.equal(answer.status, 429, name);
    t.ok(Number(answer.headers['retry-after']) >= 1 && Number(answer.headers['retry-after']) <= 60, name);
    t.match(answer.body.detail, /too many wrong keys or secret addresses/);
  }
  t.equal(await status(app, known, from(bad)), 200, 'a key that was right before goes on');
  t.equal(await status(app, null, from(bad, { url: '/healthz' })), 200);
  t.equal(await status(app, null, from(bad)), 401, 'no key is no guess');
  t.equal(await status(app, basic('x:y'), from('198.51.100.8')), 401, 'another address');
  t.equal(await status(app, fresh, from('198.51.100.8')), 200);
  t.equal(await status(app, fresh, from(bad)), 200, 'proven from elsewhere');

  const report = '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
  const payload = { name: 'link', report };
  const { body } = await ask(app, known, from(bad, { url: '/v1/links', method: 'POST', payload }));
  const link = from('198.51.100.9', { url: body.path });
  t.not(await status(app, null, link), 429);
  t.not(await status(app, null, { ...link, remoteAddress: bad }), 429, 'a link that was right before');
  await ask(app, known, { method: 'DELETE', url: `/v1/links/${body.link_id}` });
  t.equal(await status(app, null, { ...link, remoteAddress: bad }), 404, 'a deleted one is found out');
  t.equal(await status(app, null, { ...link, remoteAddress: bad }), 429, 'and is known no more');
  moment += 25_000;
  t.equal(await status(app, basic('x:z'), from(bad)), 401, 'one more is let in after a while');
  t.equal(await status(app, basic('x:z'), from(bad)), 429);
});

t.test('many at a time', async (t) => {
  const w = await world(t);
  const app = await w.app({ wrongSecrets: 10, now: 0 });
  const key = await w.key();
  const all = (ask: (n: number) => Promise<number>) => Promise.all(Array.from({ length: 60 }, (_, n) => ask(n)));
  t.ok(
    (await all(() => status(app, key, from('192.0.2.1')))).every((one) => one === 200),
    'one new key in many requests',
  );
  const wrong = await all((n) => status(app, basic(`x:${n}`), from('192.0.2.2')));
  t.equal(wrong.filter((one) => one === 401).length, 10);
  t.equal(wrong.filter((one) => one === 429).length, 50);
});

t.test('memory is bounded, and a failure of the look-up is no guess', async (t) => {
  const guarded = guesses(2, () => 0);
  const wrong = () => Promise.resolve(null);
  for (const n of [1, 2]) t.equal(await guarded('192.0.2.1', `${n}`, wrong), null);
  await t.rejects(guarded('192.0.2.1', '3', wrong), { message: /too many wrong keys/ });
  for (let n = 0; n < 10_000; n++) await guarded(`2001:db8:${n.toString(16)}::1`, 'x', wrong);
  t.equal(await guarded('192.0.2.1', '4', wrong), null, 'the address that was quiet for longest is forgotten');
  for (let n = 0; n < 5; n++) {
    await t.rejects(
      guarded('192.0.2.9', `${n}`, () => Promise.reject(new Error('the database is away'))),
      /away/,
    );
  }
  t.equal(await guarded('192.0.2.9', 'a', wrong), null);
});

t.test('what counts as one address', async (t) => {
  const places = {
    '192.0.2.1': '192.0.2.1',
    '::ffff:192.0.2.1': '192.0.2.1',
    '2001:db8:1:2:3:4:5:6': '2001:db8:1:2::/64',
    '2001:0db8:1:2::9': '2001:db8:1:2::/64',
    '2001:DB8::1': '2001:db8:0:0::/64',
    '::1': '0:0:0:0::/64',
    'fe80::1%eth0': 'fe80:0:0:0::/64',
  };
  for (const [address, place] of Object.entries(places)) t.equal(placeOf(address), place, address);
});

/** A reverse proxy as small as one can be: it passes one path on, with the address of its client in X-Forwarded-For. */
async function reverseProxy(t: Test, port: number, path = '') {
  const server = createServer((request, response) => {
    if (!request.url?.startsWith(path)) return void response.writeHead(502).end();
    const sent = request.headers['x-forwarded-for'];
    const client = request.socket.remoteAddress ?? '';
    const headers = { ...request.headers, 'x-forwarded-for': sent === undefined ? client : `${sent}, ${client}` };
    const onward = httpRequest(
      { host: '127.0.0.1', port, path: request.url, method: request.method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    request.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  return (server.address() as AddressInfo).port;
}

t.test('behind a proxy', { skip: process.platform !== 'linux' && 'needs 127.0.0.2' }, async (t) => {
  const w = await world(t);
  const get = async (port: number, localAddress: string, key: string, headers = {}) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      path: '/v1/me',
      localAddress,
      headers: { authorization: key, ...headers },
    });
    request.end();
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.resume();
    return answer.statusCode;
  };
  const behind = async (TRUST_PROXY: string) => {
    const app = await w.app({ now: 0, wrongSecrets: 3, isProxy: readConfig({ TRUST_PROXY }).TRUST_PROXY });
    await app.listen({ host: '127.0.0.1', port: 0 });
    return reverseProxy(t, (app.server.address() as AddressInfo).port);
  };
  const guess = async (port: number, address: string, headers = {}) => {
    const found: (number | undefined)[] = [];
    for (let n = 0; n < 4; n++) found.push(await get(port, address, basic(`x:${n}`), headers));
    return found;
  };

  const trusting = await behind('10.0.0.0/8, 127.0.0.1');
  t.strictSame(await guess(trusting, '127.0.0.2'), [401, 401, 401, 429]);
  t.equal(await get(trusting, '127.0.0.3', await w.key()), 200, 'another client of the same proxy');
  const forged = { 'x-forwarded-for': '203.0.113.1' };
  t.strictSame(await guess(trusting, '127.0.0.4', forged), [401, 401, 401, 429]);
  t.equal(
    await get(trusting, '127.0.0.4', basic('x:9'), { 'x-forwarded-for': '203.0.113.2' }),
    429,
    'a client cannot choose its address',
  );

  const wary = await behind('');
  t.strictSame(await guess(wary, '127.0.0.2'), [401, 401, 401, 429]);
  t.equal(await get(wary, '127.0.0.3', await w.key()), 429, 'without TRUST_PROXY all clients of a proxy are one');
});

t.test('under a base path: pages, their files and links lead to the service', async (t) => {
  const w = await world(t);
  const app = await w.app({ basePath: '/a/reports' });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${await reverseProxy(t, (app.server.address() as AddressInfo).port, '/a/reports')}`;
  const seen = new Set([
    '/a/reports',
    '/a/reports/',
    '/a/reports/docs',
    '/a/reports/graphiql',
    '/a/reports/openapi.json',
  ]);
  for (const path of seen) {
    const answer = await fetch(origin + path);
    const text = await answer.text();
    t.equal(answer.status, 200, path);
    if (!/text\/html/.test(answer.headers.get('content-type') ?? '')) continue;
    for (const [, link = ''] of text.matchAll(/(?:src|href)="([^"#]+)"/g)) {
      if (!link.startsWith('data:')) seen.add(new URL(link, answer.url).pathname); // it goes on with what is added
    }
  }
  t.ok(seen.size > 15, `${[...seen].join()}`);
  const { servers } = (await (await fetch(`${origin}/a/reports/openapi.json`)).json()) as {
    servers: { url: string }[];
  };
  t.strictSame(
    servers.map(({ url }) => url),
    ['/a/reports'],
  );
  t.match(await (await fetch(`${origin}/a/reports/openapi.yaml`)).text(), '\n  - url: /a/reports\n');

  const headers = { authorization: await w.key(), 'content-type': 'application/json' };
  const events = ['c1', 'c2', 'c3'].map((conversation_id) => ({
    ...{ id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id },
  }));
  const sent = await fetch(`${origin}/a/reports/v1/events`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ events }),
  });
  t.equal(sent.status, 200, await sent.text());
  const list = await fetch(`${origin}/a/reports/v1/conversations?limit=2&format=csv`, { headers });
  const [, next = ''] = /<([^>]+)>; rel="next"/.exec(list.headers.get('link') ?? '') ?? [];
  t.match(next, /^\/a\/reports\/v1\/conversations\?/);
  t.equal((await fetch(origin + next, { headers })).status, 200);
  t.equal((await fetch(`${origin}/v1/bots`, { headers })).status, 502, 'the proxy passes nothing else on');
  t.equal((await app.inject({ url: '/a/reportsv1/bots', headers })).statusCode, 404);
  for (const bad of ['reports', '/reports/', '/', '/a b', '/a//b', 'http://x/y']) {
    t.throws(() => readConfig({ BASE_PATH: bad }), { message: /BASE_PATH=.* is not valid/ }, bad);
  }
});

t.test('the pages under a base path, in a browser', { skip: noBrowser }, async (t) => {
  const w = await world(t);
  const app = await w.app({ basePath: '/reports', wrongSecrets: 30 });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const origin = `http://127.0.0.1:${await reverseProxy(t, (app.server.address() as AddressInfo).port, '/reports')}`;
  const key = await w.key();
  const events = [{ id: '1', type: 'message', sender: 'user', time: new Date().toISOString(), conversation_id: 'c' }];
  t.equal((await ask(app, key, { method: 'POST', url: '/v1/events', payload: { events } })).status, 200);
  const browser = await openBrowser();
  t.teardown(() => browser.close());
  const page = await browser.newPage();
  const wrong: string[] = [];
  page.on('response', (answer) => {
    if (answer.status() >= 400) wrong.push(`${answer.status()} ${answer.url()}`);
  });
  page.on('pageerror', (error) => wrong.push(String(error)));
  await page.goto(`${origin}/reports`);
  await signIn(page, Buffer.from(key.slice(6), 'base64').toString());
  await settled(page);
  t.equal(await page.getByRole('link', { name: 'API', exact: true }).getAttribute('href'), '/reports/docs');
  await page.goto(`${origin}/reports/docs`);
  await page.getByText('/v1/events').first().waitFor();
  await page.goto(`${origin}/reports/graphiql`);
  await page.locator('#key').fill(Buffer.from(key.slice(6), 'base64').toString());
  await page.getByRole('button', { name: 'Use it' }).click();
  await page.locator('.graphiql-container').first().waitFor();
  t.strictSame(wrong, []);
});

t.test('TRUST_PROXY', async (t) => {
  const { TRUST_PROXY: isProxy } = readConfig({ TRUST_PROXY: '127.0.0.1, 10.0.0.0/8,fd00::/8' });
  t.strictSame(['127.0.0.1', '127.0.0.2', '10.9.8.7', '11.0.0.1', 'fd00::1', 'fe00::1', 'x', ''].map(isProxy), [
    true,
    false,
    true,
    false,
    true,
    false,
    false,
    false,
  ]);
  for (const bad of ['proxy', '10.0.0.0/33', '10.0.0.0/', '10.0.0', 'fd00::/129', '1.1.1.1;2.2.2.2']) {
    t.throws(() => readConfig({ TRUST_PROXY: bad }), { message: /TRUST_PROXY=.* is no address or network/ }, bad);
  }
});
