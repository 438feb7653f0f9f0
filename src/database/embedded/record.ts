import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processes, servesFolder, shutDown, startOf } from './process.js';
import { answers } from './socket.js';

/** What a server, running or killed, wrote about itself into its data folder. */
export interface ServerRecord {
  pid: number;
  port: number;
  socketFolder: string;
  ready: boolean;
}

/** Reads postmaster.pid. Null if there is none, or if the server is just writing it. */
export function recordedServer(data: string): ServerRecord | null {
  let text: string;
  try {
    text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const [pid, , , port, socketFolder = '', , , status = ''] = text.split('\n');
  return Number(pid) > 0
    ? { pid: Number(pid), port: Number(port), socketFolder, ready: status.trim() === 'ready' }
    : null;
}

/** Refuses a data folder whose server answers although its process is not visible here, as in another container. */
export async function refuseHiddenServer(data: string): Promise<void> {
  const server = recordedServer(data);
  if (server === null || servesFolder(server.pid, data) || !(await answers(server.socketFolder))) return;
  throw new Error(
    `A PostgreSQL server that cannot be seen from here, perhaps in another container, runs on the data folder ${data}. ` +
      'Stop it first, or choose another folder (DATA_DIR).',
  );
}

/**
 * Stops what a killed process left running on the data folder: its server or, if that was killed too, sessions that are
 * still busy. The caller holds the lock of the folder. Returns the pid of the last server that did not shut down
 * cleanly, whether it was stopped here or earlier, or null.
 */
export async function stopOrphans(data: string): Promise<number | null> {
  const server = recordedServer(data);
  if (server === null) return null;
  for (const pid of [server.pid, ...processes()]) {
    const start = startOf(pid);
    if (servesFolder(pid, data)) await shutDown(pid, () => startOf(pid) !== start);
  }
  return server.pid;
}
