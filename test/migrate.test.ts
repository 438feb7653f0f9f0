import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connect } from '../src/database/connect.js';
import { migrate, migrations } from '../src/database/migrate.js';
import { root } from '../src/root.js';
import { databaseFile } from './harness.js';
import { describeSchema } from './tools/describe-schema.js';

/** An empty database and connections to it. */
async function empty(t: Test) {
  const base = JSON.parse(readFileSync(databaseFile, 'utf8'));
  const name = `empty_${randomBytes(6).toString('hex')}`;
  const admin = connect(base, { max: 1, statementTimeout: 60_000 });
  await admin`create database ${admin(name)}`;
  const open = () => connect({ ...base, database: name }, { max: 1, statementTimeout: 60_000 });
  const sql = open();
  t.teardown(async () => {
    await sql.end();
    await admin`drop database ${admin(name)} with (force)`;
    await admin.end();
  });
  return { sql, open };
}

t.test('all migrations, then none; the schema is the one in db/schema.txt', async (t) => {
  const { sql } = await empty(t);
  t.equal((await migrate(sql)).length, migrations().length);
  t.strictSame(await migrate(sql), []);
  t.equal(await describeSchema(sql), readFileSync(join(root, 'db/schema.txt'), 'utf8'), 'npm run schema renews it');
});

t.test('ten processes that start at once apply each migration once', async (t) => {
  const { open } = await empty(t);
  const all = Array.from({ length: 10 }, open);
  const applied = await Promise.all(all.map((sql) => migrate(sql)));
  await Promise.all(all.map((sql) => sql.end()));
  t.strictSame(
    applied.flat().sort(),
    migrations().map(({ version, name }) => `${String(version).padStart(4, '0')}_${name}`),
  );
});

t.test('a migration that fails leaves nothing behind, and says which it was', async (t) => {
  const { sql } = await empty(t);
  const broken = [
    { version: 1, name: 'good', text: 'create table a ()' },
    { version: 2, name: 'broken', text: 'create table b (); select 1/0' },
  ];
  await t.rejects(migrate(sql, broken), { message: /migration 2 broken failed: division by zero/ });
  t.strictSame([...(await sql`select version from schema_migrations`)], [{ version: 1 }]);
  t.equal((await sql`select from pg_class where relname = 'b'`).length, 0);
});

t.test('a newer database is refused', async (t) => {
  const { sql } = await empty(t);
  await migrate(sql);
  await sql`insert into schema_migrations (version, name) values (9999, 'future')`;
  await t.rejects(migrate(sql), { message: /version 9999, newer than/ });
});
