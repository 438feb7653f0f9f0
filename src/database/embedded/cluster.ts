import { execFile } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { majorVersion } from './binaries.js';
import { command, giveTo, type Identity, type Owner } from './identity.js';

/** The only user of the embedded server. */
export const superuser = 'postgres';

/** The owner of the cluster in `data`; null if there is none yet. Throws if the embedded server cannot run on it. */
export function clusterOwner(data: string): Owner | null {
  if (!existsSync(data)) return null;
  const { uid, gid } = statSync(data);
  const me = process.getuid?.();
  if (me !== 0 && me !== uid) {
    throw new Error(
      `The data folder ${data} belongs to user ${uid}, and this process runs as user ${me}. ` +
        `Start the service as user ${uid}, or give the folder away: chown -R ${me} ${data}`,
    );
  }
  const version = join(data, 'PG_VERSION');
  if (!existsSync(version)) throw new Error(`${data} is not a data folder of PostgreSQL. Move it away.`);
  const found = readFileSync(version, 'utf8').trim();
  if (found !== majorVersion) {
    throw new Error(
      `${data} was made by PostgreSQL ${found}, which the embedded PostgreSQL ${majorVersion} cannot read. Move it away and ` +
        `import the conversations again, or run a PostgreSQL ${found} on it and set DATABASE_URL.`,
    );
  }
  return { uid, gid };
}

/**
 * Creates a cluster in `dir`/data. initdb works in a folder beside it, which is renamed once everything is on disk, so
 * an incomplete cluster is never used. `durable: false` does not wait for the disk.
 */
export async function createCluster(dir: string, initdb: string, identity: Identity, durable: boolean): Promise<void> {
  for (const entry of readdirSync(dir)) {
    if (entry.startsWith('init-')) rmSync(join(dir, entry), { recursive: true, force: true });
  }
  // A new name each time: the initdb of a killed process may still write into the old one.
  const temporary = mkdtempSync(join(dir, 'init-'));
  giveTo(identity, temporary);
  const [file, args] = command(identity, initdb, [
    '--pgdata',
    temporary,
    '--username',
    superuser,
    '--auth-local=trust',
    '--auth-host=reject',
    '--encoding=UTF8',
    '--locale=C',
    '--no-instructions',
    ...(durable ? [] : ['--no-sync']),
  ]);
  try {
    await promisify(execFile)(file, args, identity.options);
  } catch (error) {
    rmSync(temporary, { recursive: true, force: true });
    const { stderr, message } = error as Error & { stderr?: string };
    throw new Error(`PostgreSQL's initdb failed: ${stderr?.trim() || message}`);
  }
  renameSync(temporary, join(dir, 'data'));
  if (durable) syncFolder(dir);
}

function syncFolder(dir: string): void {
  const folder = openSync(dir, 'r');
  fsyncSync(folder);
  closeSync(folder);
}
