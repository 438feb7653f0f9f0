import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { bombs, bombsOfQueries, lines } from './attack/bombs.js';
import { ACCOUNT, ask, world } from './harness.js';

/**
 * Runs `work`, and returns the longest time in milliseconds for which the event loop was held meanwhile: of the clock, or of the
 * processor where that is less, since other processes may hold up this one.
 */
async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  // A bomb holds it each time, a busy machine now and then.
  for (let tries = 0; tries < 3 && least >= LIMIT; tries++) least = Math.min(least, await holdOf(work));
  return least;
}

/** What got through once held the event loop for seconds. */
const LIMIT = 500;

async function holdOf(work: () => Promise<unknown>): Promise<number> {
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
    t.ok(held < LIMIT, `${name}: the event loop was held for ${Math.round(held)} ms`);
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
  for (const [name, request, status] of bombsOfQueries(ACCOUNT)) {
    const headers = request.payload === undefined ? {} : { 'content-type': 'application/json' };
    const held = await longestHold(async () => {
      const answer = await ask(app, key, { ...request, headers });
      t.equal(answer.status, status, `${name}: ${answer.text.slice(0, 200)}`);
      t.ok(answer.text.length < 100_000, `${name}: the answer has ${answer.text.length} characters`);
    });
    t.ok(held < LIMIT, `${name}: the event loop was held for ${Math.round(held)} ms`);
    if (process.env.SHOW_TIMES) process.stderr.write(`${name}: held ${Math.round(held)} ms\n`);
  }
});

t.test('a delivery of nothing but faults gives the event loop back', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const mapping = {
    events: Array.from({ length: 10 }, () => ({ id: 'i', time: 't', conversation_id: 'c', sender: 's' })),
  };
  const made = await ask(app, key, { method: 'PUT', url: '/v1/sources/bomb', payload: { mapping } });
  const payload = `[${Array.from({ length: 49_000 }, () => '{}').join()}]`;
  const headers = { 'content-type': 'application/json' };
  const held = await longestHold(async () => {
    const answer = await ask(app, null, { method: 'POST', url: made.body.path, payload, headers });
    t.equal(answer.status, 200, answer.text.slice(0, 200));
  });
  t.ok(held < LIMIT, `the event loop was held for ${Math.round(held)} ms`);
});
