import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Test } from 'tap';
import { connect, type Sql, type Target } from '../src/database/connect.js';
import { databaseFile } from './tools/prepared.js';

/** An empty database and connections to it; it is dropped when the test ends. */
export async function empty(
  t: Test,
): Promise<{ sql: Sql; open: () => Sql; target: Exclude<Target, string>; name: string }> {
  const base = JSON.parse(readFileSync(databaseFile, 'utf8')) as Exclude<Target, string>;
  const name = `empty_${randomBytes(6).toString('hex')}`;
  const admin = connect(base, { max: 1, statementTimeout: 60_000 });
  await admin`create database ${admin(name)}`;
  const target = { ...base, database: name };
  const open = () => connect(target, { max: 1, statementTimeout: 60_000 });
  const sql = open();
  t.teardown(async () => {
    await sql.end();
    await admin`drop database ${admin(name)} with (force)`;
    await admin.end();
  });
  return { sql, open, target, name };
}
