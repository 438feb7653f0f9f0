import { execFile, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type autocannon from 'autocannon';
import type { Sql } from '../src/database/connect.js';
import { root } from '../src/root.js';
import type { Read } from './canonical.js';
import type { Samples } from './figures.js';
import { ACCOUNT, basic, KEY, type Service, unasked } from './service.js';

const CONNECTIONS = 32;

/** Requests a second of query a; null with why where something cannot be measured. */
export interface LoadFigures {
  /** Each request computed, and the same over and over. */
  computed: Samples;
  service: Samples;
  constant: Samples;
  /** On a rollup of this question alone, and on one by five dimensions. */
  pgbench: Record<(typeof rollupNames)[number], Samples> | null;
  validated: Samples | null;
  notes: string[];
}

const headers = { authorization: basic(KEY) };
/** Read a as a request that a cache may validate. */
const path = '/v1/bots/bot-1/conversations?version=LIVE&start_time=2024-02-01&end_time=2024-03-02&bucket=1d';

/** Query a by 32 connections, beside pgbench on rollups of it and a route that does nothing, in turns. */
export async function benchLoad(
  service: Service,
  read: Read,
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<LoadFigures> {
  const figures: LoadFigures = {
    computed: [],
    service: [],
    constant: [],
    pgbench: { narrow: [], wide: [] },
    validated: [],
    notes: [],
  };
  const body = JSON.stringify(read.body);
  const answer = await service.ask('POST', '/v1/query', body, 'application/json');
  const arguments_ = [JSON.stringify(service.target), answer];
  const constant = fork(join(root, 'dist/bench/constant.js'), arguments_);
  const folder = mkdtempSync(join(tmpdir(), 'reports-pgbench-'));
  try {
    const [constantUrl] = (await once(constant, 'message')) as [string];
    const posted = { method: 'POST', headers: { ...headers, 'content-type': 'application/json' }, body };
    const each = { ...posted, requests: [{ setupRequest: (one: object) => ({ ...one, body: unasked(body) }) }] };
    const turns: (() => Promise<unknown>)[] = [
      async () => figures.computed.push(await rate({ url: `${service.url}/v1/query`, ...each }, seconds, 200)),
      async () => figures.service.push(await rate({ url: `${service.url}/v1/query`, ...posted }, seconds, 200)),
      async () => figures.constant.push(await rate({ url: `${constantUrl}/v1/query`, ...posted }, seconds, 200)),
    ];
    if (spawnSync('pgbench', ['--version']).status === 0) {
      const { pgbench } = figures;
      for (const name of rollupNames) {
        const script = await makeRollup(service.sql, name, answer, folder);
        turns.push(async () => pgbench?.[name].push(await transactions(service, script, seconds)));
      }
    } else {
      figures.pgbench = null;
      figures.notes.push(
        'pgbench is not installed here, and the embedded PostgreSQL brings none: not compared with it.',
      );
    }
    const etag = (await fetch(service.url + path, { headers })).headers.get('etag');
    if (etag === null) {
      figures.validated = null;
      figures.notes.push('The service gives no ETag yet: no validated answers.');
    } else {
      const validated = { url: service.url + path, headers: { ...headers, 'if-none-match': etag } };
      turns.push(async () => figures.validated?.push(await rate(validated, seconds, 304)));
    }
    for (let round = 0; round < rounds; round++) {
      for (const n of turns.keys()) await turns[(n + round) % turns.length]?.();
    }
  } finally {
    if (constant.connected) constant.disconnect();
    rmSync(folder, { recursive: true, force: true });
    await service.sql`drop table if exists bench_narrow, bench_wide`;
  }
  return figures;
}

type Request = Pick<Parameters<typeof autocannon>[0], 'url' | 'method' | 'headers' | 'body' | 'requests'>;

/** Requests a second, all of them answered with one status. */
async function rate(request: Request, seconds: number, status: number): Promise<number> {
  const { default: cannon } = await import('autocannon'); // of bench/package.json
  const { statusCodeStats, errors, duration } = await cannon({
    ...request,
    connections: CONNECTIONS,
    duration: seconds,
    timeout: 120,
  });
  const statuses = Object.keys(statusCodeStats);
  if (errors > 0 || statuses.some((other) => other !== String(status))) {
    throw new Error(`${request.url}: ${errors} errors, answers with ${statuses} instead of ${status}`);
  }
  return (statusCodeStats[status]?.count ?? 0) / duration;
}

const days = `day >= '2024-02-01' and day < '2024-03-02'`;
const live = `bot = 'bot-1' and version = 'LIVE'`;

/** Rollups with the SQL that answers query a from them: one made for this question, and one for a dashboard's filters. */
const rollups = {
  narrow: {
    text: `select day, n from bench_narrow where ${live} and ${days}`,
    async make(sql: Sql) {
      await sql`
        create table bench_narrow as
        select bot_id as bot, bot_version as version, (start_time at time zone 'UTC')::date as day, count(*)::integer as n
        from conversations where account_id = ${ACCOUNT} group by 1, 2, 3`;
      await sql`alter table bench_narrow add primary key (bot, version, day) include (n)`;
      await sql`vacuum analyze bench_narrow`;
    },
  },
  wide: {
    // The same from a dictionary of cells and counts by cell and day takes three times as long.
    text: `select day, sum(n) from bench_wide where ${live} and ${days} group by day`,
    async make(sql: Sql) {
      await sql`
        create table bench_wide as
        select bot_id as bot, bot_version as version, (start_time at time zone 'UTC')::date as day, channel, language,
          desk_id as desk, count(*)::integer as n
        from conversations where account_id = ${ACCOUNT} group by 1, 2, 3, 4, 5, 6`;
      await sql`alter table bench_wide add primary key (bot, version, day, channel, language, desk) include (n)`;
      await sql`vacuum analyze bench_wide`;
    },
  },
};
const rollupNames = ['narrow', 'wide'] as const;

/** Makes a rollup and writes its statement to a file for pgbench; its counts must be those of the service's answer. */
async function makeRollup(sql: Sql, name: (typeof rollupNames)[number], answer: string, folder: string) {
  const { make, text } = rollups[name];
  await make(sql);
  const [found] = await sql.unsafe(`select sum(n)::integer as n from (${text}) rows (day, n)`);
  const told = (JSON.parse(answer).rows as [string, number][]).reduce((sum, [, n]) => sum + n, 0);
  if (found?.n !== told) throw new Error(`the rollup ${name} counts ${found?.n}, the service ${told}`);
  const script = join(folder, `${name}.sql`);
  writeFileSync(script, `${text};\n`);
  return script;
}

/** Transactions a second with prepared statements, over the same socket. */
async function transactions({ target }: Service, script: string, seconds: number): Promise<number> {
  const { host, port, username, database } = target;
  const where = ['-h', host, '-p', String(port), '-U', username, database];
  const how = ['-n', '-M', 'prepared', '-f', script, '-c', String(CONNECTIONS), '-j', '2', '-T', String(seconds)];
  const { stdout } = await promisify(execFile)('pgbench', [...how, ...where]);
  const tps = Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
  if (!(tps > 0)) throw new Error(`pgbench says: ${stdout}`);
  return tps;
}
