import { connect } from 'node:net';
import type { FastifyInstance, InjectOptions } from 'fastify';
import t, { type Test } from 'tap';
import postgres from '#postgres';
import { Unavailable } from '../src/errors.js';
import { describeError, makeLog } from '../src/log.js';
import { ACCOUNT, ask, send, type World, world } from './harness.js';
import { until, untilActive } from './service.js';

/** Stands in all that people send, and must never be in the log. */
const MARK = 'Zz9secret';

interface Line {
  level: number;
  msg: string;
  request_id: string;
  method: string | null;
  route: string | null;
  status: number | null;
  ms: number;
  key_id?: string;
  account_id?: string;
  err?: { type: string; code?: string; message?: string; stack?: string[]; cause?: Line['err'] };
}

/** The service with a log that tells everything it can, kept as text. */
async function logged(w: World): Promise<{ app: FastifyInstance; text: () => string; lines: () => Line[] }> {
  let text = '';
  const write = (line: string) => {
    text += line;
  };
  const app = await w.app({ logger: makeLog('trace', { write }) });
  const lines = () => text.split('\n').flatMap((line): Line[] => (line === '' ? [] : [JSON.parse(line)]));
  return { app, text: () => text, lines };
}

const marked = (id: string, more: object = {}) => ({
  id: `${MARK}${id}`,
  type: 'message',
  sender: 'user',
  time: '2024-01-08T10:00:00Z',
  conversation_id: MARK,
  text: MARK,
  sender_id: MARK,
  content: { [MARK]: MARK },
  conversation: { bot_id: 'shop', bot_version: 'LIVE', user_name: MARK, user_email: MARK, metadata: { [MARK]: MARK } },
  ...more,
});

const report = '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
const ndjson = (payload: string, headers = {}): InjectOptions => ({
  method: 'POST',
  url: '/v1/events',
  payload,
  headers: { 'content-type': 'application/x-ndjson', ...headers },
});

t.test('a line a request, and nothing in it of what people sent', async (t) => {
  const w = await world(t);
  const { app, text, lines } = await logged(w);
  const key = await w.key();
  const [key_id = '', secret = ''] = Buffer.from(key.slice('Basic '.length), 'base64').toString().split(':');
  const asClient = `apikey ${key_id}.${secret}`; // of a vendor whose clients name their account too
  const requests: [name: string, status: number, route: string | null, key: string | null, request: InjectOptions][] = [
    ['a batch', 200, '/v1/events', key, ndjson(JSON.stringify(marked('1')))],
    ['headers', 200, '/v1/bots/:bot_id/conversations', key, { url: report, headers: headersWithMarks }],
    ['a bad key', 401, '/v1/events', basic(`${MARK}:${MARK}`), ndjson('')],
    ['another form of key', 401, '/v1/events', `Bearer ${MARK}.${MARK}`, ndjson('')],
    ['an unknown scheme', 401, '/v1/events', `${MARK} ${MARK}`, ndjson('')],
    ['another account', 401, '/v1/events', asClient, ndjson('', { 'x-moveo-account-id': MARK })],
    ['an unknown path', 404, null, key, { url: `/${MARK}?${MARK}=${MARK}` }],
    ['a path that is no text', 400, null, key, { url: `/v1/bots/%ZZ${MARK}/conversations` }],
    ['a bot', 404, '/v1/bots/:bot_id/conversations', key, { url: report.replace('shop', MARK) }],
    ['a query', 400, '/v1/bots/:bot_id/conversations', key, { url: `${report}&bucket=${MARK}&${MARK}=${MARK}` }],
    ['a body that is no JSON', 400, '/v1/events', key, ndjson(`{"${MARK}": ${MARK}`)],
    ['a type of body', 415, '/v1/events', key, ndjson('', { 'content-type': `text/${MARK}` })],
    ['an encoding', 415, '/v1/events', key, ndjson('', { 'content-encoding': MARK })],
    ['values', 400, '/v1/events', key, ndjson(JSON.stringify(marked('2', { sender: MARK, [MARK]: MARK })))],
    ['a page', 400, '/docs', null, { url: `/docs?${MARK}` }],
  ];
  for (const [name, status, route, as, request] of requests) {
    const before = lines().length;
    const answer = await ask(app, as, request);
    t.equal(answer.status, status, name);
    const [line, ...more] = lines().slice(before);
    t.strictSame(more, [], `${name}: one line`);
    t.match(line, { msg: 'request', route, status, method: request.method ?? 'GET', level: 30 }, name);
    t.type(line?.ms, 'number');
    t.match(line?.request_id, /^[0-9a-f-]{36}$/, 'an id that nobody can choose');
    t.equal(answer.headers['x-request-id'], line?.request_id, `${name}: the id is in the answer`);
    if (status >= 400) t.equal(answer.body.request_id, line?.request_id, `${name}: and in its body`);
    const known = (as === key || as === asClient) && route !== null;
    t.equal(line?.key_id, known ? key_id : undefined, `${name}: the key`);
    t.equal(line?.account_id, known ? ACCOUNT : undefined, `${name}: the account`);
  }
  t.equal(new Set(lines().map((line) => line.request_id)).size, requests.length);
  t.notMatch(text(), MARK);
  t.notOk(text().includes(secret), 'nor the secret');
});

const headersWithMarks = Object.fromEntries(
  ['user-agent', 'referer', 'cookie', 'x-request-id', 'request-id', 'origin', 'x-forwarded-for'].map((name) => [
    name,
    MARK,
  ]),
);

t.test('errors of the database: what they are and where, not what they quote', async (t) => {
  const w = await world(t);
  const { app, text, lines } = await logged(w);
  const key = await w.key();
  async function fails(status: number, expected: object, ask: () => ReturnType<typeof send>) {
    const before = lines().length;
    t.equal((await ask()).status, status);
    const [line, ...more] = lines().slice(before);
    t.strictSame(more, [], 'one line');
    t.match(line, { status, level: status === 503 ? 40 : 50, err: expected });
    return line?.err;
  }
  const batch = (id: string) => () => send(app, key, [marked(id), marked(`${id}b`, { conversation_id: 'other' })]);

  await w.sql.unsafe(`create unique index one_name on conversations ((attributes->>'user_name'))`);
  const unique = await fails(500, { type: 'PostgresError', code: '23505', constraint: 'one_name' }, batch('unique'));
  t.ok(
    unique?.stack?.some((place) => /ingest/.test(place)),
    `names the place: ${unique?.stack}`,
  );
  t.notOk(unique?.message);

  await w.sql.unsafe('drop index one_name');
  await w.sql.unsafe(`create function complain() returns trigger language plpgsql as
    $$ begin raise exception 'no %', new.body using errcode = tg_argv[0], detail = new.body, hint = new.body; end $$`);
  const complain = (code: string) =>
    w.sql.unsafe(`create or replace trigger complain before insert on events
    for each row execute function complain('${code}')`);
  await complain('P0001');
  await fails(500, { type: 'PostgresError', code: 'P0001', severity: 'ERROR' }, batch('raised'));
  await complain('53300');
  await fails(
    503,
    { type: 'Unavailable', message: 'the database is out of a resource', cause: { code: '53300' } },
    batch('full'),
  );
  await w.sql.unsafe('drop trigger complain on events; alter table conversations rename bot_id to bot');
  await fails(500, { type: 'PostgresError', code: '42703' }, () =>
    ask(app, key, { url: `${report}&language=${MARK}` }),
  );
  t.notMatch(text(), MARK);
});

t.test('requests that never were, and those whose client has gone', async (t) => {
  const w = await world(t);
  const { app, text, lines } = await logged(w);
  const key = await w.key();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const say = (what: string) =>
    new Promise<string>((resolve) => {
      let answer = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(what));
      socket.on('data', (data) => {
        answer += data;
      });
      socket.on('close', () => resolve(answer));
    });
  const before = () => lines().filter(({ msg }) => msg.startsWith('request'));

  const noise = await say(`${MARK} ${MARK}\r\n\r\n`);
  const endless = await say(`GET /${MARK} HTTP/1.1\r\nHost: here\r\nCookie: ${MARK.repeat(3_000)}\r\n\r\n`);
  for (const [n, [answer, status]] of (
    [
      [noise, 400],
      [endless, 431],
    ] as [string, number][]
  ).entries()) {
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
    const body = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4));
    t.match(body, { status, type: 'about:blank', request_id: before()[n]?.request_id });
    t.match(before()[n], { status, method: null, route: null });
  }

  await goneWhileWaiting(t, w, port, key, () => before().length >= 3);
  t.match(before()[2], { status: null, route: '/v1/bots/:bot_id/conversations', msg: /aborted by the client/ });
  t.equal(before().length, 3);
  t.notMatch(text(), MARK);
});

/** Asks for a report of a table that is locked, and hangs up; the table is free when that is logged. */
async function goneWhileWaiting(t: Test, w: World, port: number, key: string, isLogged: () => boolean): Promise<void> {
  const locked = await w.sql.reserve();
  t.teardown(() => locked.release());
  await locked`begin`;
  await locked`lock table conversations in access exclusive mode`;
  const socket = connect(port, '127.0.0.1');
  socket.write(`GET ${report}&language=${MARK} HTTP/1.1\r\nHost: here\r\nAuthorization: ${key}\r\n\r\n`);
  await untilActive(w.sql, '%', 'Lock');
  socket.destroy();
  await until(isLogged, () => 'it was not logged');
  await locked`rollback`;
}

t.test('what is logged of an error', async (t) => {
  let text = '';
  const log = makeLog('trace', {
    write: (line) => {
      text += line;
    },
  });
  const forged = new Error(`${MARK}\n    at ${MARK}`);
  const hidden = Object.assign(new TypeError(MARK), { input: MARK, query: MARK, parameters: [MARK] });
  log.error(hidden);
  log.error({ err: hidden });
  log.error({ err: forged }, 'failed');
  log.error(
    { err: new Error(MARK, { cause: new AggregateError([forged], MARK) }), req: { url: MARK }, res: MARK },
    'failed',
  );
  t.notMatch(text, MARK);
  t.match(describeError(hidden), { type: 'TypeError', stack: [/log\.test/] });
  t.match(describeError(new Unavailable('the database is away')), { message: 'the database is away' });
  t.match(describeError(Object.assign(new Error(MARK), { code: 'ECONNREFUSED' })), { code: 'ECONNREFUSED' });
  t.strictSame(describeError(MARK), { type: 'string' });
  const error = Object.assign(new postgres.PostgresError(MARK as never), {
    code: '22P02',
    severity: 'ERROR',
    detail: MARK,
  });
  t.match(describeError(error), { type: 'PostgresError', code: '22P02', severity: 'ERROR', message: undefined });
});
