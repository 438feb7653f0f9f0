import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Test } from 'tap';
import { type AppOptions, buildApp } from '../src/app.js';
import { createKey, type Key, type Permission } from '../src/auth/keys.js';
import { connect, type Sql, type Target } from '../src/database/connect.js';
import { type Database, openPool } from '../src/database/database.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';
import { contracted } from './contract/answers.js';
import type { Document } from './contract/document.js';
import { contractFile, databaseFile, TEMPLATE } from './tools/prepared.js';

type Server = Exclude<Target, string>;

export interface World {
  sql: Sql;
  db: Database;
  target: Server;
  /** The service over this database, its clock at `now` (epoch milliseconds). A clock that moves saves a second service. */
  app(
    options?: { now?: number | (() => number); timeouts?: string } & Pick<
      AppOptions,
      'logger' | 'limits' | 'retention' | 'wrongSecrets' | 'isProxy' | 'basePath'
    >,
  ): Promise<FastifyInstance>;
  /** Makes a key and returns the value of its Authorization header. */
  key(options?: Partial<Pick<Key, 'account_id' | 'permissions' | 'team_ids' | 'bot_ids'>>): Promise<string>;
}

/** The sessions' zone, half an hour off, with clock changes of half an hour: a statement that depends on it answers wrongly. */
const FAR_ZONE = 'Australia/Lord_Howe';

export const ACCOUNT = '00000000-0000-4000-8000-00000000000a';

/** The contract, and what holds answers to it; read by those who ask. */
const held = once(() => {
  const yaml = readFileSync(join(root, 'openapi.yaml'), 'utf8');
  const document: Document = JSON.parse(readFileSync(contractFile, 'utf8'));
  return { contract: { yaml, document }, ...contracted(document) };
});

function once<Value>(make: () => Value): () => Value {
  let made: Value | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** A database that is filled once in a run of the tests, for those who want the same in theirs. */
export interface Filled {
  name: string;
  fill(db: Database): Promise<void>;
}

/** The name of the database, which is filled now if it is not there. */
async function filled({ name: suffix, fill }: Filled, base: Server): Promise<string> {
  const name = `${TEMPLATE}_${suffix}`;
  const admin = connect({ ...base, database: 'postgres' }, { max: 1, statementTimeout: PATIENCE });
  try {
    await admin`select pg_advisory_lock(hashtext(${name}))`; // the first test file fills it, the others wait
    const isThere = (await admin`select from pg_database where datname = ${name}`).length > 0;
    if (!isThere) {
      const draft = `${name}_draft`;
      await admin`drop database if exists ${admin(draft)} with (force)`;
      await admin`create database ${admin(draft)} template ${admin(TEMPLATE)} strategy file_copy`;
      const options = { max: 4, statementTimeout: PATIENCE, synchronousCommit: 'off' } as const;
      const db = openPool({ ...base, database: draft }, options);
      await fill(db).finally(() => db.close());
      const sql = connect({ ...base, database: draft }, { max: 1, statementTimeout: PATIENCE });
      await sql`vacuum analyze`.finally(() => sql.end());
      await admin`alter database ${admin(draft)} rename to ${admin(name)}`;
    }
  } finally {
    await admin.end();
  }
  return name;
}

/** Milliseconds for the statements that fill a database: as long as a busy machine may need. */
const PATIENCE = 200_000;

let admin: { sql: Sql; users: number; end?: NodeJS.Timeout } | undefined;

/**
 * The connection that creates and drops databases, and how to give it back. It is kept for a moment after its last use, since
 * the first `create database` of a connection takes ten times as long as the next.
 */
function adminOf(base: Server): { sql: Sql; release: () => void } {
  admin ??= { sql: connect({ ...base, database: 'postgres' }, { max: 1, statementTimeout: PATIENCE }), users: 0 };
  const used = admin;
  clearTimeout(used.end);
  used.users++;
  return {
    sql: used.sql,
    release() {
      if (--used.users > 0) return;
      used.end = setTimeout(() => {
        admin = undefined;
        void used.sql.end();
      }, 100);
    },
  };
}

/** A database of the test file's own, with the current schema and nothing else in it; dropped when the test ends. */
export async function world(t: Test, copyOf?: Filled): Promise<World> {
  const base = JSON.parse(readFileSync(databaseFile, 'utf8')) as Server;
  const template = copyOf === undefined ? TEMPLATE : await filled(copyOf, base);
  const name = `test_${randomBytes(6).toString('hex')}`;
  const { sql: server, release } = adminOf(base);
  // By the file, which takes half of the time that PostgreSQL's usual way does, by the page.
  await server`create database ${server(name)} template ${server(template)} strategy file_copy`.catch((error) => {
    release();
    throw error;
  });
  const target = { ...base, database: name };
  const sql = connect(target, { max: 2, statementTimeout: 60_000 });
  const db = openPool(target, {
    ...{ max: 10, statementTimeout: 60_000, synchronousCommit: 'off' as const, timeZone: FAR_ZONE },
  });
  const apps: FastifyInstance[] = [];
  t.teardown(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await Promise.all([db.close(), sql.end({ timeout: 5 })]);
    await server`drop database ${server(name)} with (force)`;
    release();
  });
  return {
    sql,
    db,
    target,
    async app({ now, timeouts = '24h', ...options } = {}) {
      const app = await buildApp({
        ...options,
        db,
        contract: held().contract,
        timeouts: parseTimeouts(timeouts) as Timeouts,
        ...(now === undefined ? {} : { now: typeof now === 'number' ? () => now : now }),
      });
      apps.push(app);
      return app;
    },
    async key({ account_id = ACCOUNT, permissions = ['admin'] as Permission[], team_ids = null, bot_ids = null } = {}) {
      const { key_id, secret } = await createKey(db, { account_id, name: 'test', permissions, team_ids, bot_ids });
      return `Basic ${Buffer.from(`${key_id}:${secret}`).toString('base64')}`;
    },
  };
}

export type Answer = Awaited<ReturnType<typeof ask>>;

/** Asks the service as a client would. Throws when its answer is none that the contract promises. */
export async function ask(app: FastifyInstance, key: string | null, request: InjectOptions) {
  const headers = { ...(key === null ? {} : { authorization: key }), ...request.headers };
  const response = await app.inject({ ...request, headers });
  const type = String(response.headers['content-type'] ?? '');
  const body = /json/.test(type) && response.body !== '' ? response.json() : undefined; // of HEAD there is none
  const answer = { status: response.statusCode, headers: response.headers, text: response.body, body };
  const faults = held().faultsOf(request.method ?? 'GET', String(request.url), answer);
  if (faults.length > 0) {
    throw new Error(`${request.method ?? 'GET'} ${request.url} answers ${answer.status}:\n${faults.join('\n')}`);
  }
  return answer;
}

/** Sends events as a batch. */
export const send = (app: FastifyInstance, key: string, events: object[]) =>
  ask(app, key, { method: 'POST', url: '/v1/events', payload: { events } });
