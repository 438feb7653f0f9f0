/**
 * Runs the tests: starts one embedded PostgreSQL for all of them, with a migrated database that each test file's own is
 * copied from, then tap with the arguments given, and says at the end how many assertions passed.
 *
 * Why not tap alone: its `before` and `after` are processes that end, so the server would have to outlive the one and be found
 * by the other, and a run that is killed skips `after` and leaves it behind. Here it ends with the runner, however that ends.
 * Tap's own reporters draw their screen anew four times a second, also into a file, and its raw output is a line an assertion,
 * so `report.ts` shortens that. Its plugins for TypeScript, mocks and intercepts are off because nothing uses them and each
 * costs every test file its loading; coverage is off because it makes V8 slower.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { readContract } from '../../src/contract.js';
import { connect } from '../../src/database/connect.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';
import { root } from '../../src/root.js';

import { isFull, longFiles } from './form.js';
import { contractFile, databaseFile, TEMPLATE } from './prepared.js';
import { shorten } from './report.js';

/** Another server to test on, such as the oldest PostgreSQL that is promised: TEST_DATABASE_URL=postgres://... */
const elsewhere = process.env.TEST_DATABASE_URL;

const dir = mkdtempSync(join(tmpdir(), 'reports-test-'));
// Tests need no durability, and each file has pools of its own.
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '200',
  shared_buffers: '64MB',
  // Unlike everywhere else: what depends on the settings of a server is noticed.
  timezone: 'Asia/Kathmandu',
  datestyle: 'SQL, DMY',
  intervalstyle: 'iso_8601',
  bytea_output: 'escape',
  extra_float_digits: '-10',
};
const server = elsewhere === undefined ? await startEmbedded({ dir, settings }) : null;
const base = server?.connection ?? fromUrl(elsewhere as string);
const admin = connect({ ...base, database: 'postgres' }, { max: 1, statementTimeout: 60_000 });
const old = await admin<
  { name: string }[]
>`select datname as name from pg_database where starts_with(datname, ${TEMPLATE})`;
for (const { name } of old) await admin`drop database ${admin(name)} with (force)`;
await admin`create database ${admin(TEMPLATE)}`;
await admin.end({ timeout: 5 });
const sql = connect({ ...base, database: TEMPLATE }, { max: 1, statementTimeout: 60_000 });
await migrate(sql);
await sql.end({ timeout: 5 });
mkdirSync(dirname(databaseFile), { recursive: true });
writeFileSync(databaseFile, JSON.stringify({ ...base, database: 'postgres' }));
writeFileSync(contractFile, JSON.stringify(readContract().document));

function fromUrl(text: string) {
  const { hostname, port, username, password } = new URL(text);
  return {
    host: hostname,
    port: Number(port || 5432),
    username,
    ...(password ? { password } : {}),
    database: 'postgres',
  };
}

const program = join(root, 'node_modules/tap/dist/esm/run.mjs');
// Tap would build itself with the plugins of package.json too, but too late for its first run after an install: each file
// would then load the plugins that are off, which takes more than a second.
const built = readFileSync(join(root, 'node_modules/@tapjs/test/test-built/dist/esm/index.js'), 'utf8');
if (built.includes('@tapjs/typescript'))
  spawnSync(process.execPath, [program, 'build'], { cwd: root, stdio: 'inherit' });

const given = process.argv.slice(2);
const isShort = !isFull && given.every((argument) => argument.startsWith('-'));
const left = isShort ? longFiles.map((name) => `--exclude=dist/test/${name}.test.js`) : [];
const tap = spawn(process.execPath, [program, ...left, ...given], {
  cwd: root,
  stdio: ['inherit', 'pipe', 'inherit'],
});
let totals = '';
const report = shorten();
const lines = createInterface(tap.stdout);
lines.on('line', (line) => {
  if (line.startsWith('# { total:')) totals = line;
  for (const short of report(line)) process.stdout.write(`${short}\n`);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tap.kill(signal));
const code = await new Promise<number>((resolve) => tap.once('close', (status) => resolve(status ?? 1)));

await server?.stop();
rmSync(dir, { recursive: true, force: true });
const count = (what: string) => Number(new RegExp(`\\b${what}: (\\d+)`).exec(totals)?.[1] ?? 0);
// A file can fail without a failed assertion, by ending early or by output that is no TAP.
const failed = Math.max(count('fail'), code === 0 ? 0 : 1);
if (isShort) process.stdout.write(`Left to npm run test:full: ${longFiles.join(', ')}.\n`);
if (!isFull) process.stdout.write('The long tests ran in their short form: npm run test:full runs them whole.\n');
process.stdout.write(`${count('pass')} passed, ${failed} failed, ${count('skip')} skipped\n`);
process.exitCode = code === 0 && count('pass') === 0 ? 1 : code;
