import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** PostgreSQL names its socket after a port, although nothing listens on TCP. */
export const socketPort = 5432;
/** Linux allows 107 bytes, macOS 103. */
const longestSocketPath = 103;

const socketIn = (folder: string) => join(folder, `.s.PGSQL.${socketPort}`);

/**
 * Creates the private folder for the server's socket: `run` beside the cluster. If that path is too long for a socket,
 * or the file system does not support sockets (some container mounts), it is a folder in the system's temporary folder
 * and `run` is a link to it, so that the next start finds what a killed process left. The caller holds the lock of the
 * folder.
 */
export async function makeRunFolder(dir: string): Promise<string> {
  const run = join(dir, 'run');
  removeRunFolder(dir);
  if (fits(run)) {
    mkdirSync(run, { mode: 0o700 });
    if (await takesSockets(run)) return run;
    removeRunFolder(dir);
  }
  const name = `conversation-reports-${randomBytes(6).toString('hex')}`;
  const folder = [tmpdir(), '/tmp'].map((temp) => join(temp, name)).find(fits) as string;
  symlinkSync(folder, run);
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

/** Removes what `makeRunFolder` created, in this process or in a killed one. */
export function removeRunFolder(dir: string): void {
  const run = join(dir, 'run');
  if (lstatSync(run, { throwIfNoEntry: false })?.isSymbolicLink()) {
    rmSync(readlinkSync(run), { recursive: true, force: true });
  }
  rmSync(run, { recursive: true, force: true });
}

/** Whether somebody listens on the socket in a folder. */
export async function answers(folder: string): Promise<boolean> {
  const socket = connect(socketIn(folder));
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

/** The driver would read a comma in the path as a list of hosts. */
function fits(folder: string): boolean {
  return Buffer.byteLength(socketIn(folder)) <= longestSocketPath && !folder.includes(',');
}

async function takesSockets(folder: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(join(folder, 'probe'));
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
