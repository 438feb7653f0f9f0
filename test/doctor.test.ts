import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { examine } from '../src/cli/doctor.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { main } from './service.js';

const checks = ['version', 'settings', 'database', 'clock', 'schema', 'upgrade', 'keys'];

t.test('a healthy database passes every check, and each fault says its way out', async (t) => {
  const w = await world(t);
  const listener = await proxy(w.target); // PostgreSQL on TCP, as DATABASE_URL names it
  t.teardown(() => listener.close());
  const { username, database } = w.target;
  await w.sql`delete from pending_refold`; // as a start does
  const DATABASE_URL = `postgres://${username}@127.0.0.1:${listener.target.port}/${database}`;
  const faults = async (more = {}) => {
    const found = await examine({ DATABASE_URL, ...more });
    return found.filter(({ isGood }) => !isGood).map(({ check, says }) => `${check}: ${says}`);
  };
  t.match(await faults(), [/^keys: there is none: ".*keys create --permission admin"/]);
  await w.key();
  const found = await examine({ DATABASE_URL });
  t.strictSame(
    found.map(({ check }) => check),
    checks,
  );
  t.strictSame(await faults(), []);
  t.match(found.find(({ check }) => check === 'keys')?.says, /1 active, 1 of them with admin/);
  t.match(found.find(({ check }) => check === 'database')?.says, /PostgreSQL \d+.*GiB/);

  await w.sql`insert into pending_refold values (gen_random_uuid(), 'c')`;
  t.match(await faults(), [/^upgrade: .*start the service/]);
  await w.sql`delete from pending_refold`;
  await w.sql`delete from schema_migrations where version = (select max(version) from schema_migrations)`;
  t.match(await faults(), [/^schema: 1 of \d+ migrations are missing: ".* migrate"/]);
  await w.sql`insert into schema_migrations (version, name) values (9999, 'later')`;
  t.match(await faults(), [/^schema: is of a newer version \(migration 9999\)/]);

  const real = Date.now;
  Date.now = () => real() + 60_000;
  t.teardown(() => {
    Date.now = real;
  });
  t.match((await faults())[0], /^clock: 6\d?(\.\d+)? s ahead of the database: .*NTP|^clock: 59\.\d+ s ahead/);
  Date.now = real;
  t.match(await faults({ PORT: 'x' }), [/^settings: PORT=x is not valid/]);
  t.match(await faults({ DATABASE_URL: 'postgres://localhost:1/x' }), [
    /^database: DATABASE_URL: localhost:1 does not answer/,
  ]);
});

t.test('the command prints a line a check and changes nothing', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'reports-doctor-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH, DATA_DIR: join(dir, 'data') };
  const { status, stdout, stderr } = spawnSync(process.execPath, [...main, 'doctor'], {
    cwd: dir,
    env,
    encoding: 'utf8',
  });
  t.equal(status, 1, stderr);
  t.match(stdout, /^ok {4}version {3}Conversation Reports/);
  t.match(stdout, /^ok {4}disk {6}DATA_DIR .*not there yet/m);
  t.match(stdout, /^FAIL {2}database {2}there is no database in .*serve/m);
});
