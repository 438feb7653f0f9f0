import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { type Config, ConfigError, commandName, readConfig } from '../config.js';
import { connect, type Sql, type Target } from '../database/connect.js';
import { migrations } from '../database/migrate.js';
import { only } from '../database/rows.js';
import { version } from '../root.js';
import { OLDEST, serverOf } from './open.js';
import { unreachable } from './start-failures.js';

/** What one check found. A failure says the way out. */
export interface Finding {
  check: string;
  isGood: boolean;
  says: string;
}

const GIB = 1024 ** 3;
/** Free space in bytes below which the disk is too full for a day of events and PostgreSQL's own files. */
const LEAST_FREE = GIB;
/** Milliseconds that the clocks of the service and the database may differ. */
const MOST_SKEW = 2_000;

const good = (check: string, says: string): Finding => ({ check, isGood: true, says });
const bad = (check: string, says: string): Finding => ({ check, isGood: false, says });

/** `doctor` checks what the service needs, changes nothing, and says the way out of each failure. */
export const doctorCommand = (print: (text: string) => void = (text) => process.stdout.write(text)) =>
  new Command('doctor')
    .description('check settings, database, schema, disk, clock and keys; exit code 1 if one of them fails')
    .action(async () => {
      const findings = await examine(process.env);
      const width = Math.max(...findings.map(({ check }) => check.length));
      for (const { check, isGood, says } of findings)
        print(`${isGood ? 'ok  ' : 'FAIL'}  ${check.padEnd(width)}  ${says}\n`);
      if (findings.some(({ isGood }) => !isGood)) process.exitCode = 1;
    });

/** All findings for the service that this environment configures. */
export async function examine(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  const versions = good('version', `Conversation Reports ${version} on Node ${process.versions.node}`);
  try {
    const config = readConfig(environment);
    const findings = [versions, good('settings', 'all are valid')];
    if (config.DATABASE_URL === undefined) findings.push(await disk(config.DATA_DIR));
    return [...findings, ...(await database(config, environment))];
  } catch (error) {
    if (error instanceof ConfigError) return [versions, bad('settings', error.message.replaceAll('\n', '; '))];
    throw error;
  }
}

async function disk(dir: string): Promise<Finding> {
  const folder = resolve(dir);
  if (!existsSync(folder)) return good('disk', `DATA_DIR ${folder} is not there yet: the first start creates it`);
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  const says = `${(free / GIB).toFixed(1)} GiB free in ${folder}`;
  if (free >= LEAST_FREE) return good('disk', says);
  return bad('disk', `${says}: make room, or move the folder while the service is stopped and set DATA_DIR`);
}

async function database(config: Config, environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  let stop = async () => {};
  try {
    const server = await serverOf(config, 'reader', () => {});
    stop = server.stop;
    return await ask(server.target, commandName(environment));
  } catch (error) {
    const { DATABASE_URL: url } = config;
    const reason = url === undefined ? error : unreachable(error, url);
    return [bad('database', reason instanceof Error ? reason.message : String(reason))];
  } finally {
    await stop();
  }
}

async function ask(target: Target, command: string): Promise<Finding[]> {
  const sql = connect(target, { max: 1, statementTimeout: 10_000 });
  try {
    const found = only(
      await sql<{ number: number; shown: string; size: number }[]>`
        select current_setting('server_version_num')::int as number, current_setting('server_version') as shown,
          pg_database_size(current_database())::float8 as size`,
    );
    const says = `PostgreSQL ${found.shown}, ${(found.size / GIB).toFixed(2)} GiB`;
    const findings = [
      found.number >= OLDEST ? good('database', says) : bad('database', `${says}: upgrade it to 15 or newer`),
      await clock(sql),
    ];
    const schema = await schemaOf(sql, command);
    return [...findings, schema, ...(schema.isGood ? [await upgrade(sql), await keys(sql, command)] : [])];
  } finally {
    await sql.end({ timeout: 5 });
  }
}

async function clock(sql: Sql): Promise<Finding> {
  const before = Date.now();
  const { now } = only(
    await sql<{ now: number }[]>`select extract(epoch from clock_timestamp())::float8 * 1000 as now`,
  );
  const after = Date.now();
  // The database looked at its clock at some time between.
  const skew = Math.round(now < before ? now - before : now > after ? now - after : 0);
  if (Math.abs(skew) <= MOST_SKEW) return good('clock', `within ${Math.max(1, Math.abs(skew))} ms of the database`);
  const way = `${Math.abs(skew) / 1000} s ${skew > 0 ? 'behind' : 'ahead of'} the database`;
  return bad('clock', `${way}: synchronize both with NTP, since open and closed depend on the time`);
}

async function schemaOf(sql: Sql, command: string): Promise<Finding> {
  const wanted = migrations().map((one) => one.version);
  const [ledger] = await sql<{ is_there: boolean }[]>`select to_regclass('schema_migrations') is not null as is_there`;
  const applied = ledger?.is_there ? await sql<{ version: number }[]>`select version from schema_migrations` : [];
  const there = new Set(applied.map((one) => one.version));
  const newer = [...there].filter((one) => !wanted.includes(one));
  if (newer.length > 0) {
    return bad('schema', `is of a newer version (migration ${Math.max(...newer)}): run that version of the service`);
  }
  const missing = wanted.filter((one) => !there.has(one));
  if (missing.length === 0) return good('schema', `current, ${wanted.length} migrations`);
  return bad(
    'schema',
    `${missing.length} of ${wanted.length} migrations are missing: "${command} migrate", or a start, applies them`,
  );
}

async function upgrade(sql: Sql): Promise<Finding> {
  const { pending } = only(await sql<{ pending: boolean }[]>`select exists (select from pending_refold) as pending`);
  if (!pending) return good('upgrade', 'complete');
  return bad('upgrade', 'conversations wait to be folded anew: start the service, which does it before it listens');
}

async function keys(sql: Sql, command: string): Promise<Finding> {
  const { active, admins } = only(
    await sql<{ active: number; admins: number }[]>`
      select count(*)::int as active, count(*) filter (where 'admin' = any(permissions))::int as admins
      from keys where revoked_at is null`,
  );
  if (active > 0) return good('keys', `${active} active, ${admins} of them with admin`);
  return bad(
    'keys',
    `there is none: "${command} keys create --permission admin" makes one (with --new-account the first)`,
  );
}
