import { once } from 'node:events';
import { get, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { brotliDecompressSync, createBrotliDecompress, createGunzip, gunzipSync } from 'node:zlib';
import accepts from '@fastify/accepts';
import fastify from 'fastify';
import t, { type Test } from 'tap';
import { sendCsvStream } from '../src/http/csv.js';
import { encodeAnswers } from '../src/http/encoding.js';
import { ACCOUNT, ask, send, world } from './harness.js';

const many = Array.from({ length: 60 }, (_, n) => ({
  id: String(n),
  type: 'message',
  sender: 'user',
  time: '2024-01-08T10:00:00Z',
  conversation_id: `c-${n}`,
  conversation: { bot_id: `bot-${n}`, bot_version: 'LIVE', channel: 'web' },
}));

t.test('answers are compressed for who accepts it, and vary by it', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, many);
  for (const url of ['/v1/bots', '/v1/bots?format=csv', '/v1/conversations?format=csv', '/openapi.yaml']) {
    const plain = await app.inject({ url, headers: { authorization: key } });
    t.equal(plain.headers['content-encoding'], undefined);
    for (const [encoding, unpack] of [
      ['br', brotliDecompressSync],
      ['gzip', gunzipSync],
    ] as const) {
      const answer = await app.inject({ url, headers: { authorization: key, 'accept-encoding': encoding } });
      t.equal(answer.headers['content-encoding'], encoding, url);
      t.equal(String(unpack(answer.rawPayload)), plain.body, `${url} ${encoding}`);
      t.ok(answer.rawPayload.length < plain.rawPayload.length / 2, `${url}: ${answer.rawPayload.length}`);
      t.equal(answer.headers.vary, plain.headers.vary);
    }
  }
  const both = await app.inject({
    url: '/v1/bots',
    headers: { authorization: key, 'accept-encoding': 'gzip, deflate, br' },
  });
  t.equal(both.headers['content-encoding'], 'br');
  const none = await app.inject({ url: '/v1/bots', headers: { authorization: key, 'accept-encoding': 'compress' } });
  t.equal(none.headers['content-encoding'], undefined);
  t.equal(none.statusCode, 200);

  const varies = async (url: string) => (await app.inject({ url, headers: { authorization: key } })).headers.vary;
  t.equal(await varies('/v1/bots'), 'accept, authorization, accept-encoding');
  t.equal(await varies('/v1/me'), 'authorization, accept, accept-encoding', 'a short one as well');
  t.equal(await varies('/v1/nothing'), 'accept, accept-encoding');
});

t.test('an answer with a new secret is not compressed', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const team_ids = Array.from({ length: 100 }, (_, n) => `a long name of a team ${n}`);
  const headers = { authorization: key, 'accept-encoding': 'br' };
  for (const [url, payload] of [
    ['/v1/keys', { permissions: ['read'], team_ids }],
    [
      '/v1/links',
      {
        query: {
          dataset: 'conversations',
          start_time: 'now-1d',
          end_time: 'now',
          measures: ['users'],
          filter: { type: 'in', dimension: 'team_id', values: team_ids },
        },
      },
    ],
  ] as const) {
    const made = await app.inject({ method: 'POST', url, headers, payload });
    t.equal(made.statusCode, 201, made.body);
    t.ok(made.body.length > 1_024);
    t.equal(made.headers['content-encoding'], undefined);
    const list = await app.inject({ url, headers });
    t.equal(list.headers['content-encoding'], 'br', 'the list has no secrets');
  }
});

/** A service with one slow stream of CSV; `next` sends a part of it. */
async function slow(t: Test) {
  const app = fastify();
  await app.register(accepts);
  await encodeAnswers(app);
  const source = new Readable({ read() {} });
  app.get('/slow', (request, reply) => sendCsvStream(request, reply, source, 'attachment'));
  await app.listen({ host: '127.0.0.1', port: 0 });
  t.teardown(() => app.close());
  const ask = async (headers: OutgoingHttpHeaders): Promise<IncomingMessage> => {
    const request = get({ port: (app.server.address() as AddressInfo).port, path: '/slow', headers, agent: false });
    source.push('first,line\r\n');
    const [answer] = (await once(request, 'response')) as [IncomingMessage];
    answer.on('error', () => {});
    return answer;
  };
  return { source, ask };
}

for (const [encoding, unpack] of [
  ['br', createBrotliDecompress],
  ['gzip', createGunzip],
] as const) {
  t.test(`a slow stream is sent as it comes (${encoding}), and one that fails in the middle breaks`, async (t) => {
    const { source, ask } = await slow(t);
    const answer = await ask({ 'accept-encoding': encoding });
    t.equal(answer.headers['content-encoding'], encoding);
    const plain = answer.pipe(unpack());
    plain.on('error', () => {});
    let text = '';
    plain.on('data', (part) => {
      text += part;
    });
    const until = async (wanted: string) => {
      for (let n = 0; n < 500 && !text.includes(wanted); n++) await delay(10);
      return text;
    };
    t.equal(await until('first'), 'first,line\r\n', 'the first part, while the next is not there');
    source.push('second,line\r\n');
    t.equal(await until('second'), 'first,line\r\nsecond,line\r\n');
    const gone = new Promise((resolve) => answer.on('close', resolve));
    source.destroy(new Error('the database went away'));
    await gone;
    t.equal(answer.complete, false, 'the connection breaks: no file looks complete');
  });

  t.test(`a client that leaves ends what it asked for (${encoding})`, async (t) => {
    const { source, ask } = await slow(t);
    const answer = await ask({ 'accept-encoding': encoding });
    const ended = new Promise((resolve) => source.on('close', resolve));
    source.on('error', () => {});
    answer.destroy();
    await ended;
    t.equal(source.destroyed, true);
  });
}

t.test('JSON is indented for a browser that opens it, and nothing in it is changed', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const [event] = many;
  await send(app, key, [{ ...event, content: { price: 1.5, list: [], text: 'a "b"' } }]);
  const browser = { accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8' };
  for (const url of ['/v1/me', '/v1/bots', '/v1/conversations/c-0', '/openapi.json']) {
    const plain = await ask(app, key, { url });
    const pretty = await ask(app, key, { url, headers: browser });
    t.strictSame(pretty.body, plain.body, url);
    t.match(pretty.text, /^\{\n {2}"/, url);
    t.match(plain.text, /^\{"/, url);
    t.equal(pretty.headers['content-type'], plain.headers['content-type']);
  }
  const problem = await ask(app, null, { url: '/v1/bots', headers: browser });
  t.match(problem.text, /^\{\n {2}"type"/, 'a problem too');
  const script = await ask(app, key, { url: '/v1/me', headers: { accept: 'application/json, text/html' } });
  t.notMatch(script.text, '\n');
  const graphql = { query: '{ sessions_per_channel { channel session_count } }' };
  const posted = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: graphql, headers: browser });
  t.match(posted.text, `\n`);
});

t.test('HEAD answers as GET, without a body', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  await send(app, key, many);
  const account = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
  for (const url of [
    '/v1/bots',
    '/v1/bots?format=csv',
    '/v1/conversations',
    '/v1/conversations/c-1',
    '/v1/me',
    '/v1/keys',
    '/v1/links',
    '/v1/catalogue',
    '/openapi.yaml',
    '/healthz',
    '/docs',
    '/v1/bots/nobody/users',
  ]) {
    const [full, head] = [await ask(app, key, { url }), await ask(app, key, { method: 'HEAD', url })];
    t.equal(head.status, full.status, url);
    t.equal(head.text, '');
    t.equal(head.headers['content-type'], full.headers['content-type'], url);
  }
  t.equal((await ask(app, key, { method: 'HEAD', url: account })).status, 405, 'not of what is no GET');
});
