import { resolve } from 'node:path';
import type { Config } from '../config.js';
import { connect, type Target } from '../database/connect.js';
import { openPool, type Pool } from '../database/database.js';
import { type Embedded, findEmbedded, hasEmbedded, startEmbedded } from '../database/embedded.js';
import { migrate } from '../database/migrate.js';
import { only } from '../database/rows.js';
import { keyShare } from '../database/shares.js';
import { refoldPending } from '../queries/ingest/rebuild.js';
import { unreachable } from './start-failures.js';

export interface Opened {
  db: Pool;
  /** Names of the migrations that this opening applied. */
  applied: string[];
  /** Ends the connections, and the embedded server where this opening started it. */
  close(): Promise<void>;
}

export type Role = 'service' | 'tool' | 'reader';

/** The oldest PostgreSQL that the service is made for, as server_version_num says it. */
const OLDEST = 150_000;

/**
 * Opens the configured database, brought to the current schema: that of DATABASE_URL, else the embedded one under
 * DATA_DIR. The service holds the folder alone, and starts the embedded server again when it dies; `tell` hears of that.
 * A command line tool uses a running server beside its service, and starts one only where none runs. A reader makes no
 * database where there is none: it throws.
 */
export async function openDatabase(
  config: Config,
  role: Role,
  tell: (what: string) => void = () => {},
): Promise<Opened> {
  const server = await serverOf(config, role, tell);
  try {
    const { applied, mayLimitFiles } = await prepare(server.target);
    const db = openPool(server.target, {
      max: config.DATABASE_CONNECTIONS,
      statementTimeout: config.STATEMENT_TIMEOUT,
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
  const sql = connect(target, { max: 1, statementTimeout: 0 }); // a migration takes the time that it takes
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

/** Says on standard error how far an upgrade is with folding conversations anew, which may take long. */
function progress(): (soFar: { conversations: number; of: number }) => void {
  const started = performance.now();
  let told = started;
  return ({ conversations, of }) => {
    const now = performance.now();
    if (now - told < 2_000) return;
    told = now;
    const rate = Math.round((1000 * conversations) / (now - started));
    const [done, all, each] = [conversations, of, rate].map((value) => value.toLocaleString('en'));
    process.stderr.write(`upgrading: ${done} of ${all} conversations folded anew, ${each} a second\n`);
  };
}

interface Server {
  target: Target;
  stop(): Promise<void>;
}

async function serverOf(config: Config, role: Role, tell: (what: string) => void): Promise<Server> {
  if (config.DATABASE_URL !== undefined) return { target: config.DATABASE_URL, stop: async () => {} };
  if (role === 'service') return keepRunning(config.DATA_DIR, tell);
  const running = findEmbedded(config.DATA_DIR);
  if (running !== null) return { target: running, stop: async () => {} };
  if (role === 'reader' && !hasEmbedded(config.DATA_DIR)) {
    throw new Error(
      `there is no database in ${resolve(config.DATA_DIR)}: run this in the service's folder, set DATA_DIR to its data, ` +
        'or DATABASE_URL to its PostgreSQL; "serve" makes a new database',
    );
  }
  const embedded = await startEmbedded({ dir: config.DATA_DIR });
  return { target: embedded.connection, stop: () => embedded.stop() };
}

/** The embedded server, started again under the same address whenever it dies by itself. */
async function keepRunning(dir: string, tell: (what: string) => void): Promise<Server> {
  let embedded: Embedded = await startEmbedded({ dir });
  const target = embedded.connection;
  let stopping = false;

  async function restart(): Promise<void> {
    tell('the embedded PostgreSQL ended by itself and is started again');
    await embedded.stop(); // gives the folder back
    embedded = await startEmbedded({ dir });
    if (embedded.connection.host !== target.host)
      throw new Error('the embedded PostgreSQL came back under another address');
    watch();
  }
  function watch(): void {
    embedded.ended
      .then(() => (stopping ? undefined : restart()))
      .catch((error) => {
        tell(`the embedded PostgreSQL cannot be started again: ${error.message}`);
        process.exit(1); // a supervisor starts the service anew
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
