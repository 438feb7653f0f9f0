import { randomBytes } from 'node:crypto';
import type { InjectOptions } from 'fastify';
import t from 'tap';
import { makeLog } from '../src/log.js';
import { ACCOUNT, ask, world } from './harness.js';

const range = 'version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
const json = (method: InjectOptions['method'], url: string, payload: object | string): InjectOptions => ({
  ...{ method, url, payload: typeof payload === 'string' ? payload : JSON.stringify(payload) },
  headers: { 'content-type': 'application/json' },
});

/** Where somebody may put a secret by mistake, or to see whether it comes back. */
const places = (secret: string): InjectOptions[] => [
  { url: `/${secret}` },
  { url: `/v1/${secret}?${secret}` },
  { url: `/v1/bots?${secret}=1` },
  { url: `/v1/bots?key=${secret}` },
  { url: `/v1/bots?time_zone=${secret}` },
  { url: `/v1/conversations/${secret}` },
  { url: `/v1/conversations?cursor=${secret}` },
  { url: `/v1/bots/${secret}/conversations?${range}` },
  { url: `/v1/bots/shop/conversations?${range}&bucket=${secret}` },
  { url: `/v1/shared/${secret}x` },
  { url: `/v1/shared/${secret}?${secret}=1` },
  { method: 'DELETE', url: `/v1/shared/${secret}` },
  { method: 'GET', url: `/v1/hooks/${secret}` },
  json('POST', `/v1/hooks/${secret}x`, {}),
  json('POST', `/v1/hooks/${secret}`, `{${secret}`),
  { method: 'DELETE', url: `/v1/keys/${secret}` },
  { method: 'DELETE', url: `/v1/links/${secret}` },
  { url: `/v1/sources/${secret}` },
  json('POST', '/v1/keys', { name: 'x', permissions: [secret], [secret]: 1 }),
  json('POST', '/v1/links', { name: 'x', report: `/v1/${secret}`, [secret]: 1 }),
  json('PUT', '/v1/sources/x', { preset: secret, [secret]: 1 }),
  json('POST', '/v1/query', { dataset: secret, [secret]: secret, measures: [secret] }),
  json('POST', '/v1/events', { events: [{ type: secret, [secret]: secret }] }),
  json('POST', '/v1/events', { [secret]: 1 }),
  json('POST', '/v1/events', `{"events": [${secret}]}`),
  json('POST', '/v1/graphql', { query: `{ ${secret} }` }),
  json('POST', '/v1/graphql', {
    query: `query($a: Int) { rows: sessions_per_channel(args: {x: "${secret}"}) { channel } }`,
  }),
  json('POST', '/v1/graphql', { query: '{ a }', variables: { [secret]: secret } }),
  json('POST', `/api/reporting/v1/orgs/${secret}/chat_sessions`, {}),
  json('POST', `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`, {
    interval: secret,
    [secret]: 1,
    aggregations: [secret],
  }),
  { method: 'POST', url: '/v1/events', payload: secret, headers: { 'content-type': `text/${secret}` } },
  {
    method: 'POST',
    url: '/v1/events',
    payload: secret,
    headers: { 'content-type': 'application/x-ndjson', 'content-encoding': secret },
  },
  ...['cookie', 'x-api-key', 'user-agent', 'referer', 'origin', 'x-request-id', 'if-none-match', 'accept'].map(
    (name) => ({
      url: '/v1/nothing',
      headers: { [name]: secret },
    }),
  ),
];

/** Headers that are no key of this service. */
const wrongKeys = (secret: string) => [
  ...[secret, `Basic ${secret}`, `Bearer ${secret}`, `Token x.${secret}`, `apikey ${secret}`, `Digest ${secret}`],
  `Basic ${Buffer.from(`x:${secret}`).toString('base64')}`,
];

t.test('a secret that stands where it should not is in no line of the log and in no error', async (t) => {
  const w = await world(t);
  let log = '';
  const write = (line: string) => {
    log += line;
  };
  const app = await w.app({ logger: makeLog('trace', { write }) });
  const key = await w.key();
  const made = async (request: InjectOptions) => {
    const answer = await ask(app, key, request);
    t.ok(answer.status === 200 || answer.status === 201, answer.text);
    return answer.body as { key: string; path: string };
  };
  const events = [
    {
      id: '1',
      type: 'conversation.updated',
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'c',
      conversation: { bot_id: 'shop', bot_version: 'LIVE' },
    },
  ];
  await made(json('POST', '/v1/events', { events }));
  const other = await made(json('POST', '/v1/keys', { name: 'other', permissions: ['read'] }));
  const link = await made(json('POST', '/v1/links', { name: 'link', report: `/v1/bots/shop/conversations?${range}` }));
  const signing = randomBytes(32).toString('base64url');
  const signature = { by: 'chatwoot', secret: signing };
  const source = await made(json('PUT', '/v1/sources/hook', { preset: 'chatwoot', signature }));
  const secrets = {
    'the key of the request': Buffer.from(key.slice(6), 'base64').toString().split(':')[1] as string,
    'another key': other.key.split(':')[1] as string,
    'the token of a link': link.path.split('/').at(-1) as string,
    'the token of a hook': source.path.split('/').at(-1) as string,
    'the secret of a signature': signing,
  };
  for (const [name, secret] of Object.entries(secrets)) {
    t.match(secret, /^[\w-]{43}$/, name);
    let refused = 0;
    const check = async (as: string | null, request: InjectOptions) => {
      const answer = await ask(app, as, request);
      const isRefusal = answer.status >= 400 || answer.body?.errors !== undefined;
      if (isRefusal) refused++;
      const said = answer.text + JSON.stringify(answer.headers);
      // What is asked for may be shown again to who asked for it; an error may not.
      if (isRefusal)
        t.notOk(said.includes(secret), `${name}: ${request.method ?? 'GET'} ${request.url} ${answer.text}`);
    };
    for (const request of places(secret)) await check(key, request);
    for (const authorization of wrongKeys(secret)) await check(authorization, { url: '/v1/bots' });
    t.ok(refused > 35, `${name}: ${refused} refusals`);
  }
  for (const url of ['/v1/keys', '/v1/links', '/v1/sources', '/v1/sources/hook', '/v1/me']) {
    const { status, text } = await ask(app, key, { url });
    t.equal(status, 200);
    for (const [name, secret] of Object.entries(secrets)) t.notOk(text.includes(secret), `${url} shows ${name}`);
  }
  t.ok(log.split('\n').length > 150);
  for (const [name, secret] of Object.entries(secrets)) {
    t.notOk(log.includes(secret), `the log has ${name}`);
    t.notOk(log.includes(Buffer.from(`x:${secret}`).toString('base64')), `the log has ${name} as it was sent`);
  }
  const dump = await w.sql`select to_jsonb(k)::text || (select string_agg(to_jsonb(l)::text, '') from links l)
    || (select string_agg(to_jsonb(s)::text, '') from sources s) as all from keys k`;
  for (const [name, secret] of Object.entries(secrets)) {
    if (secret === signing) continue; // to check a signature one needs the secret
    t.notOk(
      dump.some(({ all }) => String(all).includes(secret)),
      `the database has ${name} itself`,
    );
  }
});
