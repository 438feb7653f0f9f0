/** The PostgreSQL of a test run: one embedded server, with a migrated database that each test file's own is copied from. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { connect } from '../../src/database/connect.js';
import { startEmbedded } from '../../src/database/embedded.js';
import { migrate } from '../../src/database/migrate.js';
import { databaseFile, TEMPLATE } from '../harness.js';

const pidFile = `${databaseFile}.pid`;
const hostScript = fileURLToPath(new URL('./host.js', import.meta.url));

/** Starts the server in a process of its own and waits until it is ready. */
export async function start() {
  mkdirSync(dirname(databaseFile), { recursive: true });
  rmSync(databaseFile, { force: true });
  const host = spawn(process.execPath, [hostScript, String(process.ppid)], {
    detached: true,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  host.unref();
  for (let n = 0; !existsSync(databaseFile); n++) {
    if (host.exitCode !== null || n > 600) throw new Error('the database of the test run did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Holds the server until `stop`, or until the process `run` is gone. */
export async function host(run: number) {
  const dir = mkdtempSync(join(tmpdir(), 'reports-test-'));
  // Tests need no durability, and each file has a pool of its own.
  const settings = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '200' };
  const server = await startEmbedded({ dir, settings, database: TEMPLATE });
  const sql = connect(server.connection, { max: 1, statementTimeout: 60_000 });
  await migrate(sql);
  await sql.end();
  writeFileSync(pidFile, String(process.pid));
  writeFileSync(databaseFile, JSON.stringify({ ...server.connection, database: 'postgres' }));
  const stop = async () => {
    await server.stop();
    rmSync(dir, { recursive: true, force: true });
    process.exit(0);
  };
  process.on('SIGTERM', stop);
  setInterval(() => {
    try {
      process.kill(run, 0);
    } catch {
      stop();
    }
  }, 2_000);
}

/** Ends the server that `start` left behind. */
export function stop() {
  process.kill(Number(readFileSync(pidFile, 'utf8')), 'SIGTERM');
}
