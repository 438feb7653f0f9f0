import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect as openSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { connect } from '../src/database/connect.js';
import { findEmbedded } from '../src/database/embedded.js';
import { root } from '../src/root.js';
import { launch, main, portOf, type Service, until, untilActive } from './service.js';

const KEY = 'first:a-secret-of-the-test';
const report = '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09';
const headers = `Host: here\r\nAuthorization: Basic ${Buffer.from(KEY).toString('base64')}\r\n`;

const base = mkdtempSync(join(tmpdir(), 'reports-shutdown-'));
const data = join(base, 'data');
t.teardown(() => rmSync(base, { recursive: true, force: true }));

/** Starts a command that runs the service over the embedded database in `data`. */
const start = (command: string, args: string[], cwd: string): Service =>
  launch(command, args, cwd, {
    DATA_DIR: data,
    PORT: '0',
    BOOTSTRAP_KEY: KEY,
    BOOTSTRAP_ACCOUNT: '00000000-0000-4000-8000-00000000000a',
  });

const serve = () => start(process.execPath, [...main, 'serve'], base);

/** A connection on which raw HTTP is spoken. */
async function dial(
  port: number,
): Promise<{ say: (text: string) => void; heard: () => string; closed: Promise<void>; socket: Socket }> {
  const socket = openSocket(port, '127.0.0.1');
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk;
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  await once(socket, 'connect');
  return { say: (text) => socket.write(text), heard: () => heard, closed, socket };
}

const isGone = (t: Test) =>
  t.notOk(existsSync(join(data, 'embedded-postgres/data/postmaster.pid')), 'its PostgreSQL is stopped');

t.test('a stop finishes what is under way, refuses what is new, and waits for nobody else', async (t) => {
  const service = serve();
  const port = await portOf(service);
  const sql = connect(findEmbedded(data) ?? '', { max: 2, statementTimeout: 0 });

  const [idle, unused, slow] = [await dial(port), await dial(port), await dial(port)];
  const [upload, late] = [await dial(port), await dial(port)];
  idle.say(`GET /healthz HTTP/1.1\r\n${headers}\r\n`);
  upload.say(
    `POST /v1/events HTTP/1.1\r\n${headers}Content-Type: application/json\r\nContent-Length: 14\r\n\r\n{"even`,
  );
  late.say('GET /healthz HTTP/1.1\r\n');
  const lock = await sql.reserve();
  await lock`begin`;
  await lock`lock table conversations in access exclusive mode`;
  slow.say(`GET ${report} HTTP/1.1\r\n${headers}\r\n`);
  await untilActive(sql, '%', 'Lock');
  await until(() => /^HTTP\/1.1 200 /.test(idle.heard()), idle.heard);

  service.child.kill('SIGTERM');
  await idle.closed;
  const isRefused = () =>
    dial(port).then(
      ({ socket }) => socket.destroy() === null,
      (error) => error.code === 'ECONNREFUSED',
    );
  await until(isRefused, () => 'new connections are taken');
  late.say(`${headers}\r\n`);
  await late.closed;
  t.match(late.heard(), /^HTTP\/1.1 503 .*connection: close.*retry-after: \d.*the service is shutting down/is);
  t.equal(slow.heard() + upload.heard(), '', 'the others are still under way');
  t.equal(service.child.exitCode, null);

  upload.say('ts":[]}\n');
  await upload.closed;
  t.match(upload.heard(), /^HTTP\/1.1 200 .*"accepted":0/s, 'a body that was on its way is taken');
  await lock`rollback`;
  lock.release();
  const released = performance.now();
  await Promise.all([slow.closed, unused.closed]);
  t.match(slow.heard(), /^HTTP\/1.1 (404|200) /, 'a question that was being answered is answered');
  t.equal(unused.heard(), '', 'a connection on which nothing was asked does not hold the exit');
  t.equal(await service.ended, 0, service.said());
  t.ok(
    performance.now() - released < 12_000, // a connection that holds the exit does so for 15 s
    `ended ${Math.round(performance.now() - released)} ms after the last answer`,
  );
  isGone(t);
  await sql.end({ timeout: 0 });
});

t.test('a stop while the service starts leaves nothing behind', async (t) => {
  const service = serve();
  while (!existsSync(join(data, 'embedded-postgres/data/postmaster.pid'))) await delay(5);
  service.child.kill('SIGINT');
  t.equal(await service.ended, 0, service.said());
  isGone(t);
});

t.test('a signal reaches the service through npm start', async (t) => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const folder = mkdtempSync(join(base, 'start-'));
  // The same start, but for the build: other tests run from what it would write anew.
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ scripts: { build: 'true', start: scripts.start } }));
  for (const part of ['dist', 'scripts']) symlinkSync(join(root, part), join(folder, part));
  for (const [name, signal, whole] of [
    ['as a supervisor sends it, to npm alone', 'SIGTERM', false],
    ['as a terminal sends it, to everyone', 'SIGINT', true],
  ] as const) {
    const service = start('npm', ['start'], folder);
    await portOf(service);
    process.kill(whole ? -(service.child.pid as number) : (service.child.pid as number), signal);
    const ended = await service.ended;
    t.match(service.said(), /"msg":"stopped"/, name);
    t.equal(ended, 0, `${name}: npm says that all is well`);
    isGone(t);
  }
});
