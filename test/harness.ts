import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions } from 'fastify';
import type { Test } from 'tap';
import { type AppOptions, buildApp } from '../src/app.js';
import { createKey, type Key, type Permission } from '../src/auth/keys.js';
import { readContract } from '../src/contract.js';
import { connect, type Sql, type Target } from '../src/database/connect.js';
import { type Database, openPool } from '../src/database/database.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';
import { contracted } from './contract/answers.js';
import type { Document } from './contract/document.js';

/** Where the test run's PostgreSQL is: tools/database.ts writes it before the first test file starts. */
export const databaseFile = join(root, '.tap/database.json');

/** The database that each test file's own one is copied from. */
export const TEMPLATE = 'reports_template';

export interface World {
  sql: Sql;
  db: Database;
  target: Exclude<Target, string>;
  /** The service over this database, its clock at `now` (epoch milliseconds). */
  app(options?: { now?: number; timeouts?: string } & Pick<AppOptions, 'logger' | 'limits'>): Promise<FastifyInstance>;
  /** Makes a key and returns the value of its Authorization header. */
  key(options?: Partial<Pick<Key, 'account_id' | 'permissions' | 'team_ids' | 'bot_ids'>>): Promise<string>;
}

export const ACCOUNT = '00000000-0000-4000-8000-00000000000a';

const contract = readContract();
const { faultsOf } = contracted(contract.document as Document);

/** A database of the test file's own, with the current schema and nothing in it; dropped when the test ends. */
export async function world(t: Test): Promise<World> {
  const base = JSON.parse(readFileSync(databaseFile, 'utf8')) as Exclude<Target, string>;
  const name = `test_${randomBytes(6).toString('hex')}`;
  const admin = connect({ ...base, database: 'postgres' }, { max: 1, statementTimeout: 60_000 });
  await admin`create database ${admin(name)} template ${admin(TEMPLATE)}`;
  const target = { ...base, database: name };
  const sql = connect(target, { max: 2, statementTimeout: 60_000 });
  const db = openPool(target, { max: 10, statementTimeout: 60_000, synchronousCommit: 'off' });
  const apps: FastifyInstance[] = [];
  t.teardown(async () => {
    await Promise.all(apps.map((app) => app.close()));
    await Promise.all([db.close(), sql.end({ timeout: 5 })]);
    await admin`drop database ${admin(name)} with (force)`;
    await admin.end();
  });
  return {
    sql,
    db,
    target,
    async app({ now, timeouts = '24h', ...options } = {}) {
      const app = await buildApp({
        ...options,
        db,
        contract,
        timeouts: parseTimeouts(timeouts) as Timeouts,
        ...(now === undefined ? {} : { now: () => now }),
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
  const body = /json/.test(type) ? response.json() : undefined;
  const answer = { status: response.statusCode, headers: response.headers, text: response.body, body };
  const faults = faultsOf(request.method ?? 'GET', String(request.url), answer);
  if (faults.length > 0) {
    throw new Error(`${request.method ?? 'GET'} ${request.url} answers ${answer.status}:\n${faults.join('\n')}`);
  }
  return answer;
}

/** Sends events as a batch. */
export const send = (app: FastifyInstance, key: string, events: object[]) =>
  ask(app, key, { method: 'POST', url: '/v1/events', payload: { events } });
