import type { Config } from '../config.js';
import { connect, type Sql } from '../database/connect.js';
import { type Database, database } from '../database/database.js';
import { findEmbedded, startEmbedded } from '../database/embedded.js';
import { migrate } from '../database/migrate.js';

export interface Opened {
  db: Database;
  sql: Sql;
  /** Names of the migrations that this opening applied. */
  applied: string[];
  /** Ends the connections, and the embedded server where this opening started it. */
  close(): Promise<void>;
}

/** The oldest PostgreSQL that the service is made for, as server_version_num says it. */
const OLDEST = 150_000;

/**
 * Opens the configured database, brought to the current schema: that of DATABASE_URL, else the embedded one under
 * DATA_DIR. `alone` (the service) starts the embedded server and refuses a folder that another service holds; otherwise
 * (the command line tools) a running one is used beside its service, and one is started only where none runs.
 */
export async function openDatabase(config: Config, { alone }: { alone: boolean }): Promise<Opened> {
  const server = await serverOf(config, alone);
  const sql = connect(server.target, { max: config.DATABASE_CONNECTIONS, statementTimeout: config.STATEMENT_TIMEOUT });
  const close = async () => {
    await sql.end({ timeout: 5 });
    await server.stop();
  };
  try {
    const [row] = await sql<{ version: string }[]>`select current_setting('server_version_num') as version`;
    if (Number(row?.version) < OLDEST)
      throw new Error(
        'DATABASE_URL is a PostgreSQL older than 15: upgrade it, or leave DATABASE_URL out to use the embedded one',
      );
    const applied = await migrate(sql);
    return { db: database(sql, config.STATEMENT_TIMEOUT), sql, applied, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function serverOf(config: Config, alone: boolean) {
  if (config.DATABASE_URL !== undefined) return { target: config.DATABASE_URL, stop: async () => {} };
  const running = alone ? null : findEmbedded(config.DATA_DIR);
  if (running !== null) return { target: running, stop: async () => {} };
  const embedded = await startEmbedded({ dir: config.DATA_DIR });
  return { target: embedded.connection, stop: () => embedded.stop() };
}
