import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import t from 'tap';
import { ACCOUNT, ask, world } from './harness.js';

const MIB = 1024 * 1024;
const FILL = 10 * MIB - 1_000;
const line = (more = '') =>
  `{"id":"1","type":"message","sender":"user","time":"2024-01-08T10:00:00Z","conversation_id":"c"${more}}`;
const packed = (text: string, type: string) => ({
  method: 'POST' as const,
  url: '/v1/events',
  payload: gzipSync(text),
  headers: { 'content-type': type, 'content-encoding': 'gzip' },
});
const lines = (text: string) => packed(text, 'application/x-ndjson');
const batch = (text: string) => packed(text, 'application/json');

const wideKeys = Array.from({ length: 900_000 }, (_, n) => `"k${n}":1`)
  .join(',')
  .slice(0, FILL)
  .replace(/,[^,]*$/, '');

/** Bodies of some kilobytes that unpack to what once held the event loop for seconds, and what they are answered. */
const bombs: [name: string, request: ReturnType<typeof packed>, status: number][] = [
  ['lines that are no JSON', lines('{\n'.repeat(FILL / 2)), 413],
  ['10,000 lines that are no JSON', lines(`${'{'.repeat(900)}\n`.repeat(10_000)), 400],
  ['far more lines than a batch may have', lines('1\n'.repeat(FILL / 2)), 413],
  ['nothing but line breaks', lines('\n'.repeat(FILL)), 200],
  ['one deep line', lines('['.repeat(FILL)), 400],
  ['one deep value', lines(line(`,"content":{"a":${'['.repeat(FILL / 2 - 100)}${']'.repeat(FILL / 2 - 100)}}`)), 400],
  ['one wide list', lines(line(`,"content":{"a":[${'1,'.repeat(FILL / 2 - 100)}1]}`)), 400],
  ['an event with a million keys', lines(`{${wideKeys}}`), 400],
  ['a batch with a million keys', batch(`{${wideKeys}}`), 400],
  ['a million numbers in place of events', batch(`{"events":[${'1,'.repeat(FILL / 2 - 100)}1]}`), 413],
  ['a deep batch', batch('{"events":['.repeat(FILL / 12)), 400],
  ['one exponent beside a long text', lines(line(`,"content":{"a":1e400,"b":"${'x'.repeat(FILL - 200)}"}`)), 400],
  [
    'one exponent among many events',
    lines(`${line(',"response_time_seconds":1e-2')}\n${`${line()}\n`.repeat(9_990)}`),
    200,
  ],
  ['nothing but exponents', lines(line(`,"content":{"a":[${'1e400,'.repeat(FILL / 6 - 100)}1]}`)), 400],
  ['nothing but quotes', lines(line(`,"content":{"a":[${'"",'.repeat(FILL / 3 - 100)}1]}`)), 400],
  ['unknown fields in each of 10,000 events', lines(`${line(',"nope":1,"neither":2,"none":3')}\n`.repeat(9_000)), 400],
];

/**
 * Runs `work`, and returns the longest time in milliseconds for which the event loop was held meanwhile: of the clock, or of the
 * processor where that is less, since other processes may hold up this one.
 */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0;
  let [last, used] = [performance.now(), process.cpuUsage()];
  const look = () => {
    const { user, system } = process.cpuUsage(used);
    longest = Math.max(longest, Math.min(performance.now() - last, (user + system) / 1_000));
    [last, used] = [performance.now(), process.cpuUsage()];
  };
  const timer = setInterval(look, 1);
  await delay(5);
  [last, used] = [performance.now(), process.cpuUsage()];
  await work();
  await delay(5);
  look();
  clearInterval(timer);
  return longest;
}

t.test('a small request is refused at a small price', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  for (const [name, request, status] of bombs) {
    let text = '';
    const held = await longestHold(async () => {
      const answer = await ask(app, key, request);
      text = answer.text;
      t.equal(answer.status, status, `${name}: ${answer.text.slice(0, 200)}`);
    });
    t.ok(text.length < 200_000, `${name}: the answer has ${text.length} characters`);
    // What got through once held it for seconds.
    t.ok(held < 500, `${name}: the event loop was held for ${Math.round(held)} ms`);
    if (process.env.SHOW_TIMES)
      process.stderr.write(`${name}: ${request.payload.length} bytes, held ${Math.round(held)} ms\n`);
  }
});

t.test('a key without the permission is refused before its body is read', async (t) => {
  const w = await world(t);
  const app = await w.app();
  const [reader, writer] = [await w.key({ permissions: ['read'] }), await w.key({ permissions: ['write'] })];
  t.equal((await ask(app, reader, lines('{\n'))).status, 403, 'no word of the faulty line');
  t.equal((await ask(app, reader, { ...lines(''), payload: 'not gzip' })).status, 403);
  const report = { method: 'POST' as const, url: `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions` };
  const json = { headers: { 'content-type': 'application/json' }, payload: '{' };
  t.equal((await ask(app, writer, { ...report, ...json })).status, 403);
  const denied = await ask(app, writer, { method: 'POST', url: '/v1/graphql', ...json });
  t.equal(denied.status, 200);
  t.equal(denied.body.errors[0].extensions.code, 'access-denied');
});

t.test('queries, documents and parameters are bounded too', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const post = (url: string, payload: string) =>
    ask(app, key, { method: 'POST', url, payload, headers: { 'content-type': 'application/json' } });
  const reporting = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
  const keys = (bytes: number) => wideKeys.slice(0, bytes).replace(/,[^,]*$/, '');
  const fields = (count: number, field: string) => `{ rows: sessions_per_channel { ${field.repeat(count)} } }`;
  const graphql = (query: string) => post('/v1/graphql', JSON.stringify({ query }));
  const asked: [name: string, work: () => ReturnType<typeof post>, status: number][] = [
    ['a deep query', () => post(reporting, `{"filters":${'['.repeat(MIB - 100)}`), 400],
    ['a wide query', () => post(reporting, `{${keys(MIB - 100)}}`), 400],
    ['an exponent in a wide query', () => post(reporting, `{"a":[${'1e999,'.repeat(100_000)}1]}`), 400],
    ['deep variables', () => post('/v1/graphql', `{"query":"{a}","variables":{"a":${'['.repeat(250_000)}}`), 400],
    ['many variables', () => post('/v1/graphql', `{"query":"{a}","variables":{${keys(100_000)}}}`), 200],
    ['one field again and again', () => graphql(fields(900, 'channel ')), 200],
    ['one field with arguments', () => graphql(fields(320, 'c(a:1) ')), 200],
    [
      'many parameters',
      () => ask(app, key, { url: `/v1/bots?${Array.from({ length: 3_000 }, (_, n) => `p${n}`).join('&')}` }),
      400,
    ],
    ['a long parameter', () => ask(app, key, { url: `/v1/bots?${'x'.repeat(15_000)}=1` }), 400],
  ];
  for (const [name, work, status] of asked) {
    const held = await longestHold(async () => {
      const answer = await work();
      t.equal(answer.status, status, `${name}: ${answer.text.slice(0, 200)}`);
      t.ok(answer.text.length < 100_000, `${name}: the answer has ${answer.text.length} characters`);
    });
    t.ok(held < 500, `${name}: the event loop was held for ${Math.round(held)} ms`);
    if (process.env.SHOW_TIMES) process.stderr.write(`${name}: held ${Math.round(held)} ms\n`);
  }
});
