import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { usualLimits } from '../src/http/admission.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { ACCOUNT, ask, world } from './harness.js';

/** All that a connection gets back for some bytes, until it is closed. `drip` is sent every 50 ms. */
async function talk(port: number, bytes: string, drip = ''): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  let open = true;
  socket.on('data', (data) => {
    text += data;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    open = false;
  });
  socket.write(bytes);
  for (const end = Date.now() + 60_000; open && Date.now() < end; await delay(50)) if (drip !== '') socket.write(drip);
  socket.destroy();
  return open ? `still open: ${text}` : text;
}

t.test('requests that never end are ended', async (t) => {
  const w = await world(t);
  const key = await w.key();
  const listening = async (arrival: object) => {
    const app = await buildApp({ db: w.db, timeouts: parseTimeouts('24h') as Timeouts, arrival });
    t.teardown(() => app.close());
    await app.listen({ host: '127.0.0.1', port: 0 });
    return (app.server.address() as { port: number }).port;
  };
  const head = (more = '') =>
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${key}\r\nContent-Type: application/json\r\n${more}`;

  const port = await listening({ head: 300, whole: 3_000, grace: 400, rate: 1_000 });
  t.match(await talk(port, head('X-More: '), 'x'), /^HTTP\/1.1 408/, 'a head without an end');
  t.match(
    await talk(port, head('Content-Length: 1000000\r\n\r\n{')),
    /^HTTP\/1.1 408[\s\S]*slower than 1000 bytes/,
    'a body that stops',
  );
  t.match(
    await talk(port, head('Content-Length: 1000000\r\n\r\n{'), ' '),
    /^HTTP\/1.1 408[\s\S]*slower/,
    'a body that drips',
  );
  t.match(
    await talk(port, head('Content-Length: 1000000\r\n\r\n{'), ' '.repeat(200)),
    /^HTTP\/1.1 408/,
    'all of a request has its time too',
  );
  t.match(
    await talk(port, head('Connection: close\r\nContent-Length: 13\r\n\r\n{"events":[]}')),
    /^HTTP\/1.1 200/,
    'a whole one',
  );
  const reader = head().replace(key, await w.key({ permissions: ['read'] }));
  const get = `GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`;
  t.match(
    await talk(port, `${reader}Content-Length: 200000\r\n\r\n${' '.repeat(200_000)}${get}`),
    /403[\s\S]*HTTP\/1.1 200/,
    'a refused body leaves the connection usable',
  );

  const narrow = await listening({ connections: 2 });
  const held = [connect(narrow, '127.0.0.1'), connect(narrow, '127.0.0.1')];
  await Promise.all(held.map((socket) => new Promise((resolve) => socket.on('connect', resolve))));
  t.equal(await talk(narrow, get), '', 'one connection more than the bound is dropped');
  for (const socket of held) socket.destroy();

  t.match(
    await talk(port, head('Expect: magic\r\nContent-Length: 2\r\n\r\n{}')),
    /^HTTP\/1.1 417[\s\S]*problem\+json[\s\S]*"status":417/,
  );
  t.match(
    await talk(port, `GET /healthz?${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`),
    /^HTTP\/1.1 431[\s\S]*"status":431/,
  );
});

t.test('bodies that are arriving are bounded, of a key and of all, and given back however they end', async (t) => {
  const w = await world(t);
  const [slow, other, third] = [await w.key(), await w.key(), await w.key()];
  const app = await w.app({ limits: { ...usualLimits, bytes: 800_000, total: 1_000_000 } });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const post = (key: string, size: string) =>
    `POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: ${key}\r\nContent-Type: application/json\r\n${size}\r\n\r\n`;
  /** Begins a request and never ends it. */
  const hold = async (head: string, bytes: number) => {
    const socket = connect(port, '127.0.0.1');
    const held = { socket, text: '' };
    socket.on('data', (data) => {
      held.text += data;
    });
    socket.on('error', () => {});
    socket.write(head + (head.includes('chunked') ? `${bytes.toString(16)}\r\n` : '') + ' '.repeat(bytes));
    await delay(200);
    return held;
  };
  const batch = (bytes: number) => ({
    method: 'POST' as const,
    url: '/v1/events',
    headers: { 'content-type': 'application/json' },
    payload: `{"events":[]${' '.repeat(bytes)}}`,
  });
  const send = async (key: string, bytes: number) => ask(app, key, batch(bytes));

  const said = await hold(post(third, 'Content-Length: 790000'), 10);
  t.equal((await send(other, 700_000)).status, 200, 'what is said of a size alone keeps nobody out');
  const long = await hold(post(slow, 'Content-Length: 790000'), 700_000);
  const full = await send(other, 400_000);
  t.equal(full.status, 503, full.text);
  t.match(full.headers, { 'retry-after': '2' });
  t.match(full.body.detail, /exceed .* MiB together/);
  t.equal((await send(other, 100_000)).status, 200, 'a smaller one passes');
  const chunked = await hold(post(other, 'Transfer-Encoding: chunked'), 400_000);
  t.match(chunked.text, /^HTTP\/1.1 503/, 'of a size that is not said, too, while it arrives');
  long.socket.destroy();
  await delay(100);
  t.equal((await send(other, 700_000)).status, 200, 'given up, it holds nothing');

  const own = [await hold(post(slow, 'Transfer-Encoding: chunked'), 500_000)];
  own.push(await hold(post(slow, 'Transfer-Encoding: chunked'), 400_000));
  t.match(own[1]?.text, /^HTTP\/1.1 429/, 'and of a key');
  t.equal(own[0]?.text, '');
  for (const { socket } of [said, chunked, ...own]) socket.destroy();
  await delay(100);
  t.equal((await send(slow, 790_000)).status, 200);
  t.equal((await send(other, 5_000_000)).status, 200, 'one alone may have any size');
});

t.test('what is refused says what would do', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const reporting = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
  const post = (url: string, type: string, payload = '{}', more = {}) =>
    ask(app, key, { method: 'POST', url, payload, headers: { 'content-type': type, ...more } });

  const wrong = await app.inject({ method: 'DELETE', url: '/v1/conversations/c' });
  t.equal(wrong.statusCode, 405);
  t.equal(wrong.headers.allow, 'GET, HEAD');
  t.equal((await app.inject({ method: 'GET', url: '/v1/events' })).headers.allow, 'POST');
  t.equal((await app.inject({ method: 'GET', url: '/v1/nothing' })).statusCode, 404);

  for (const [url, types] of [
    ['/v1/events', 'application/json or application/x-ndjson'],
    ['/v1/graphql', 'application/json'],
    [reporting, 'application/json'],
  ] as const) {
    const text = await post(url, 'text/plain');
    t.equal(text.status, 415);
    t.match(text.body.detail, `send ${types}`);
    const packed = await post(url, 'application/json', '{}', { 'content-encoding': 'br' });
    t.equal(packed.status, 415, `${url}: ${packed.text}`);
    t.equal((await post(`${url}?dryrun=1`, 'application/json')).body.errors[0].path, 'dryrun', url);
  }
  t.equal((await ask(app, null, { url: '/healthz?x=1' })).status, 400);
  const pages = ['/', '/docs', '/docs/', '/docs/static/swagger-ui.css', '/graphiql', '/graphiql/page.js'];
  for (const url of [...pages, '/openapi.yaml', '/openapi.json', '/readyz']) {
    const strange = await app.inject({ url: `${url}?x=1` });
    t.equal(strange.statusCode, 400, url);
    t.equal(strange.json().errors[0].path, 'x', url);
    t.ok((await app.inject({ url })).statusCode < 400, `${url} itself`);
  }
  t.equal((await ask(app, key, { method: 'POST', url: '/v1/events' })).status, 400, 'no body at all');

  const named = async (url: string) => (await ask(app, key, { url })).body.errors[0];
  t.strictSame((await named('/v1/bots?__proto__=1')).path, '__proto__');
  t.match((await named('/v1/bots?time_zon=UTC')).message, 'did you mean time_zone?');
  t.notMatch((await named('/v1/bots?dryrun=1')).message, 'did you mean');
  const range = '/v1/bots/b/conversations?version=1&start_time=2025-09-08&end_time=';
  t.match((await named(`${range}2025-09-08`)).message, 'send 2025-09-09');
  t.match((await named(`${range}2025-09-09&bucket=1w`)).message, 'send a later end_time or a smaller bucket');

  const proto = await post(
    '/v1/graphql',
    'application/json',
    '{"query":"{ __typename }","operationName":"","variables":{}}',
  );
  t.strictSame(proto.body, { data: { __typename: 'query_root' } }, 'operationName of nothing is none');
  const variable = await post(
    '/v1/graphql',
    'application/json',
    '{"query":"{ __typename }","variables":{"__proto__":1}}',
  );
  t.equal(variable.body.errors[0].extensions.path, '$.variables.__proto__');
  const event =
    '{"events":[{"id":"\\ud800","type":"message","sender":"user","time":"2024-01-08T10:00:00Z","conversation_id":"c","__proto__":1}]}';
  const faults = (await post('/v1/events', 'application/json', event)).body.errors;
  t.match(faults, [
    { path: '$.events[0].id', message: /lone surrogate/ },
    { path: '$.events[0].__proto__', message: /is not a field/ },
  ]);
});
