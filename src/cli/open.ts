import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { connect, type Target } from '../database/connect.js';
import { openPool, type Pool, type PoolOptions } from '../database/database.js';
import { type Embedded, findEmbedded, hasEmbedded, startEmbedded } from '../database/embedded.js';
import { migrate } from '../database/migrate.js';
import { only } from '../database/rows.js';
import { keyShare } from '../database/shares.js';
import { refoldPending } from '../queries/ingest/rebuild.js';
import { unreachable } from './start-failures.js';

export interface Opened {
  db: Pool;
  /** Names of the migrations that were applied. */
  applied: string[];
  /** Closes the connections, and stops the embedded server if this call started it. */
  close(): Promise<void>;
}

export type Role = 'service' | 'tool' | 'reader';

/** The oldest supported PostgreSQL, as server_version_num. */
export const OLDEST = 150_000;

/**
 * Opens the configured database (DATABASE_URL, or the embedded one in DATA_DIR) and brings it to the current schema.
 * The service locks the folder and restarts the embedded server if it dies; `tell` is called then. A tool uses the
 * server of a running service, and starts one only if none runs. A reader never creates a database: it throws if there
 * is none.
 */
export async function openDatabase(
  config: Config,
  role: Role,
  tell: (what: string) => void = () => {},
  onStatement?: PoolOptions['onStatement'],
): Promise<Opened> {
  const server = await serverOf(config, role, tell);
  try {
    const { applied, mayLimitFiles } = await prepare(server.target);
    const db = openPool(server.target, {
      max: config.DATABASE_CONNECTIONS,
      statementTimeout: config.STATEMENT_TIMEOUT,
      onStatement,
      tempFileLimit: mayLimitFiles ? config.TEMP_FILE_LIMIT * 1024 * 1024 : undefined,
      share: keyShare(config.DATABASE_CONNECTIONS, {
        connections: config.KEY_CONNECTIONS,
        heavy: config.KEY_REPORTS,
      }),
    });
    const close = async () => {
      await db.close();
      await server.stop();
    };
    return { db, applied, close };
  } catch (error) {
    await server.stop();
    throw config.DATABASE_URL === undefined ? error : unreachable(error, config.DATABASE_URL);
  }
}

async function prepare(target: Target): Promise<{ applied: string[]; mayLimitFiles: boolean }> {
  const sql = connect(target, { max: 1, statementTimeout: 0 }); // a migration may take long
  try {
    const { version } = only(await sql<{ version: string }[]>`select current_setting('server_version_num') as version`);
    if (Number(version) < OLDEST) {
      throw new Error(
        'DATABASE_URL is a PostgreSQL older than 15: upgrade it, or leave DATABASE_URL out to use the embedded one',
      );
    }
    const applied = await migrate(sql);
    await refoldPending(sql, progress());
    const { may } = only(
      await sql<{ may: boolean }[]>`select has_parameter_privilege('temp_file_limit', 'set') as may`,
    );
    return { applied, mayLimitFiles: may };
  } finally {
    await sql.end({ timeout: 5 });
  }
}

/** Prints the progress of an upgrade on standard error: refolding all conversations may take long. */
function progress(): (soFar: { conversations: number; of: number }) => void {
  const started = performance.now();
  let told = started;
  return ({ conversations, of }) => {
    const now = performance.now();
    if (now - told < 2_000) return;
    told = now;
    const rate = Math.round((1000 * conversations) / (now - started));
    const [done, all, each] = [conversations, of, rate].map((value) => value.toLocaleString('en'));
    process.stderr.write(`upgrading: ${done} of ${all} conversations refolded, ${each} per second\n`);
  };
}

interface Server {
  target: Target;
  stop(): Promise<void>;
}

/** The server of the configured database, for a role. */
export async function serverOf(config: Config, role: Role, tell: (what: string) => void): Promise<Server> {
  if (config.DATABASE_URL !== undefined) return { target: config.DATABASE_URL, stop: async () => {} };
  if (role === 'service') return keepRunning(config.DATA_DIR, tell);
  const running = findEmbedded(config.DATA_DIR);
  if (running !== null) return { target: running, stop: async () => {} };
  if (role === 'reader' && !hasEmbedded(config.DATA_DIR)) {
    throw new Error(
      `there is no database in ${resolve(config.DATA_DIR)}: run this in the service's folder, set DATA_DIR to its data, ` +
        'or DATABASE_URL to its PostgreSQL; "serve" creates a new database',
    );
  }
  const embedded = await startEmbedded({ dir: config.DATA_DIR });
  return { target: embedded.connection, stop: () => embedded.stop() };
}

/** The embedded server, restarted at the same address whenever it dies. */
async function keepRunning(dir: string, tell: (what: string) => void): Promise<Server> {
  let embedded: Embedded = await startEmbedded({ dir });
  const target = embedded.connection;
  let stopping = false;

  async function restart(): Promise<void> {
    tell('the embedded PostgreSQL ended unexpectedly and is restarted');
    await embedded.stop(); // releases the folder
    embedded = await startEmbedded({ dir });
    if (embedded.connection.host !== target.host)
      throw new Error('the embedded PostgreSQL restarted at another address');
    watch();
  }
  function watch(): void {
    embedded.ended
      .then(() => (stopping ? undefined : restart()))
      .catch((error) => {
        tell(`the embedded PostgreSQL cannot be restarted: ${error.message}`);
        process.exit(1); // a supervisor restarts the service
      });
  }
  watch();
  return {
    target,
    stop: async () => {
      stopping = true;
      await embedded.stop();
    },
  };
}
