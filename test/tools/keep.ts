/**
 * Writes test/upgrade/release.backup: a database as this version makes it, with a small world in it. `npm run keep`, once for each
 * release; test/release.test.ts brings it up to date by all later migrations.
 */
import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../src/app.js';
import { createKey } from '../../src/auth/keys.js';
import { dump } from '../../src/database/backup/dump.js';
import { connect } from '../../src/database/connect.js';
import { openPool } from '../../src/database/database.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';
import { markedAccounts, refresh } from '../../src/queries/segments/refresh.js';
import { parseTimeouts, type Timeouts } from '../../src/queries/timeouts.js';
import { root } from '../../src/root.js';
import { kept, keptKey } from '../kept.js';

const dir = mkdtempSync(join(tmpdir(), 'reports-keep-'));
const server = await startEmbedded({ dir, settings: { fsync: 'off' } });
const sql = connect(server.connection, { max: 1, statementTimeout: 60_000 });
await migrate(sql);
const db = openPool(server.connection, { max: 4, statementTimeout: 60_000 });
const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts });
const whole = { team_ids: null, bot_ids: null };
const [key_id, secret] = keptKey.split(':') as [string, string];
await createKey(db, { account_id: kept.account, name: 'kept', permissions: ['admin'], ...whole, key_id, secret });

const headers = { authorization: `Bearer ${keptKey}`, 'content-type': 'application/json' };
async function ask(method: 'POST' | 'PUT', url: string, payload: string | object, type = 'application/json') {
  const answer = await app.inject({ method, url, payload, headers: { ...headers, 'content-type': type } });
  if (answer.statusCode >= 300) throw new Error(`${url}: ${answer.body}`);
}
for (const events of kept.events()) await ask('POST', '/v1/events', events, 'application/x-ndjson');
await ask('POST', '/v1/links', { name: 'kept', report: kept.report });
await ask('POST', '/v1/keys', { name: 'narrow', permissions: ['read'], bot_ids: ['shop'] });
await ask('PUT', '/v1/sources/kept', { preset: 'chatwoot' });
// Half of the segments are built, half are marked, as in a service that was stopped.
for (let n = 0; n < 5; n++) for (const account of await markedAccounts(db)) await refresh(db, account);

const file = join(root, 'test/upgrade/release.backup');
const { rows } = await dump(sql, createWriteStream(file));
process.stdout.write(`${file}: ${rows} rows, ${statSync(file).size} bytes\n`);
await app.close();
await db.close();
await sql.end();
await server.stop();
rmSync(dir, { recursive: true, force: true });
