import { accessSync, constants, existsSync, mkdirSync, realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import postgres from '#postgres';
import { type Binaries, findBinaries, libraryPath } from './embedded/binaries.js';
import { clusterOwner, createCluster, superuser } from './embedded/cluster.js';
import { chooseIdentity, giveTo } from './embedded/identity.js';
import { holderOf, lockFolder } from './embedded/lock.js';
import { servesFolder } from './embedded/process.js';
import { recordedServer, refuseHiddenServer, stopOrphans } from './embedded/record.js';
import { launch, type Server } from './embedded/server.js';
import { makeRunFolder, removeRunFolder, socketPort } from './embedded/socket.js';

/** Options for the driver. `host` is the folder of the server's socket; the server does not listen on TCP. */
export interface EmbeddedConnection {
  host: string;
  port: number;
  username: string;
  database: string;
}

export interface EmbeddedOptions {
  /** The folder of the server, created if missing; absolute or relative to the current directory. */
  dir: string;
  /** PostgreSQL settings by name, which override the defaults below. */
  settings?: Record<string, string>;
  /** Default `reports`. */
  database?: string;
  /** Called with each line of the server's log. */
  onLog?: (line: string) => void;
}

export interface Embedded {
  connection: EmbeddedConnection;
  pid: number;
  /** Resolves when the server has ended, by `stop` or by itself. */
  ended: Promise<void>;
  /** Stops the server with all sessions and waits until it is gone. May be called more than once. */
  stop(): Promise<void>;
}

/** Everything that is written or deleted is in this subfolder, because the caller's folder may contain other files. */
const subfolder = 'embedded-postgres';

const defaults = {
  shared_buffers: '256MB',
  max_connections: '60',
  max_wal_size: '2GB',
  jit: 'off',
  // Memory-mapped files instead of /dev/shm, which has only 64 MB in a container.
  dynamic_shared_memory_type: 'mmap',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts the PostgreSQL from the npm packages, and creates the folder, the cluster and `database` if they are missing.
 * Commits are durable unless `settings` say otherwise. A server that a killed process left on the folder is stopped
 * first.
 *
 * Rejects, with a message for the operator, if there is no package for this system, if no user can run it, if another
 * live process holds the folder, or if the folder belongs to another version or user.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const binaries = findBinaries();
  const dir = openFolder(options.dir);
  clusterOwner(join(dir, 'data'));
  await refuseHiddenServer(join(dir, 'data'));
  const unlock = await lockFolder(dir);
  try {
    const { connection, server } = await startServer(dir, binaries, options);
    const release = async () => {
      await server.stop();
      removeRunFolder(dir);
      unlock();
    };
    let released: Promise<void> | undefined;
    const stop = () => {
      released ??= release();
      return released;
    };
    return { connection, pid: server.pid, ended: server.ended.then(() => {}), stop };
  } catch (error) {
    unlock();
    throw error;
  }
}

/** The part of a start that needs the lock of the folder. */
async function startServer(
  dir: string,
  binaries: Binaries,
  { settings = {}, database = 'reports', onLog = () => {} }: EmbeddedOptions,
): Promise<{ connection: EmbeddedConnection; server: Server }> {
  const data = join(dir, 'data');
  const owner = clusterOwner(data); // checked again: another process may have created it before we had the lock
  const predecessor = await stopOrphans(data);
  const run = await makeRunFolder(dir);
  let server: Server | undefined;
  try {
    const libraries = libraryPath(binaries, join(run, 'lib'));
    const identity = chooseIdentity(dir, binaries.postgres, owner, libraries, (candidate) => giveTo(candidate, run));
    if (owner === null) await createCluster(dir, binaries.initdb, identity, settings.fsync !== 'off');
    else if (owner.uid !== identity.uid) giveTo(identity, data);
    const all = { ...defaults, ...settings, ...privateSocket(run) };
    server = await launch(binaries.postgres, data, identity, all, predecessor, onLog);
    const connection = { host: run, port: socketPort, username: superuser, database };
    await ready(connection, server);
    return { connection, server };
  } catch (error) {
    await server?.stop();
    removeRunFolder(dir);
    throw error;
  }
}

/**
 * The server that a live process runs on this folder, for a tool beside a running service; null if there is none or it
 * is not ready yet.
 */
export function findEmbedded(dir: string, database = 'reports'): EmbeddedConnection | null {
  const folder = join(dir, subfolder);
  if (!existsSync(join(folder, 'data'))) return null;
  const data = join(folder, 'data');
  const server = recordedServer(data);
  if (!server?.ready || !servesFolder(server.pid, data) || holderOf(folder) === null) return null;
  return { host: server.socketFolder, port: server.port, username: superuser, database };
}

/** Whether this folder contains the data of a server. */
export const hasEmbedded = (dir: string): boolean => existsSync(join(dir, subfolder, 'data'));

/** Creates the folder of the server if it is missing. The result has no symbolic links, so one folder has one name. */
function openFolder(dir: string): string {
  const folder = resolve(dir, subfolder);
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.W_OK | constants.X_OK);
    return realpathSync(folder);
  } catch (error) {
    throw new Error(`The data folder ${folder} (in DATA_DIR) cannot be used: ${(error as Error).message}`);
  }
}

function privateSocket(run: string): Record<string, string> {
  return {
    listen_addresses: '',
    port: String(socketPort),
    unix_socket_directories: `"${run.replaceAll('"', '""')}"`,
    unix_socket_permissions: '0700',
  };
}

/** Waits until the server accepts connections, as long as it runs: after a crash it replays its log first. */
async function ready(connection: EmbeddedConnection, server: Server): Promise<void> {
  let failure: string | undefined;
  server.ended.then((reason) => {
    failure = reason;
  });
  while (failure === undefined) {
    try {
      return await createDatabase(connection);
    } catch (error) {
      if (!isStarting(error)) throw error;
      await delay(20);
    }
  }
  throw new Error(`The embedded PostgreSQL did not start: ${failure}`);
}

async function createDatabase({ database, ...server }: EmbeddedConnection): Promise<void> {
  const options = { max: 1, connect_timeout: 2, fetch_types: false, ssl: false, onnotice: () => {} };
  const sql = postgres({ ...server, ...options, database: 'postgres' });
  try {
    const found = await sql`select from pg_database where datname = ${database}`;
    if (found.length === 0) await sql`create database ${sql(database)}`;
  } finally {
    await sql.end({ timeout: 1 });
  }
}

/** There is no socket yet, nobody listens on it yet, or the server is not ready (57P03). */
function isStarting(error: unknown): boolean {
  const codes = ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'CONNECTION_CLOSED', 'CONNECT_TIMEOUT', '57P03'];
  return codes.includes((error as { code?: string }).code ?? '');
}
