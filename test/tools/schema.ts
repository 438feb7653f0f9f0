/** Writes db/schema.txt, the schema after all migrations, so that a migration's effect is seen in review. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from '../../src/database/connect.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';
import { root } from '../../src/root.js';
import { describeSchema } from './describe-schema.js';

const dir = mkdtempSync(join(tmpdir(), 'reports-schema-'));
const server = await startEmbedded({ dir, settings: { fsync: 'off' } });
const sql = connect(server.connection, { max: 1, statementTimeout: 60_000 });
await migrate(sql);
writeFileSync(join(root, 'db/schema.txt'), await describeSchema(sql));
await sql.end();
await server.stop();
rmSync(dir, { recursive: true, force: true });
