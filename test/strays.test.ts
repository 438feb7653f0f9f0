import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t from 'tap';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf, until } from './service.js';

const base = mkdtempSync(join(tmpdir(), 'reports-strays-'));
t.teardown(() => rmSync(base, { recursive: true, force: true }));
const KEY = 'first:a-secret-of-the-test';
const authorization = `Basic ${Buffer.from(KEY).toString('base64')}`;

/** The service over a database of the test's own, behind a proxy. */
async function behindProxy(t: Parameters<typeof world>[0], nodeArgs: string[] = []) {
  const { target } = await world(t);
  const way = await proxy(target);
  t.teardown(() => way.close());
  const service = launch(process.execPath, [...nodeArgs, ...main, 'serve'], base, {
    DATABASE_URL: `postgres://${target.username}@127.0.0.1:${way.target.port}/${target.database}`,
    PORT: '0',
    BOOTSTRAP_KEY: KEY,
    BOOTSTRAP_ACCOUNT: '00000000-0000-4000-8000-00000000000a',
  });
  t.teardown(() => service.child.kill('SIGKILL'));
  const port = await portOf(service);
  const get = async (path: string) =>
    (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization } })).status;
  return { way, service, get };
}

t.test('a rejection that nobody handles is logged and counted, and the service goes on', async (t) => {
  const stray = `data:text/javascript,process.on('SIGUSR2', () => Promise.reject(new Error('Zz9' + 'secret')))`;
  const { service, get } = await behindProxy(t, ['--import', stray]);
  for (const n of [1, 2]) {
    service.child.kill('SIGUSR2');
    await until(() => service.said().includes(`"strays":${n}`), service.said);
  }
  t.match(service.said(), /"msg":"unhandled rejection"/);
  t.notMatch(service.said(), 'Zz9secret', 'without its message, which is not ours');
  t.equal(await get('/v1/bots'), 200);
  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0, service.said());
});

t.test('a database that holds back the question for types does not end the service', async (t) => {
  const { way, service, get } = await behindProxy(t);
  t.equal(await get('/v1/bots'), 200);
  const held = performance.now() + 4_000;
  way.up = async (data) => {
    if (data.includes('typarray')) await delay(Math.max(0, held - performance.now()));
    return true;
  };
  way.cut(); // so that the next statement connects anew
  const during = await Promise.all(Array.from({ length: 8 }, () => get('/v1/bots')));
  t.ok(
    during.every((status) => status === 200 || status === 503),
    `${during}`,
  );
  await until(async () => (await get('/v1/bots')) === 200, service.said);
  t.equal(service.child.exitCode, null, service.said());
  t.notMatch(service.said(), /nobody handled/, 'nor is there a stray rejection');
  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0, service.said());
});
