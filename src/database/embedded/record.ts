import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { processes, servesFolder, shutDown, startOf } from './process.js';
import { answers } from './socket.js';

/** What a server, running or killed, has written of itself into its data folder. */
export interface ServerRecord {
  pid: number;
  port: number;
  socketFolder: string;
  ready: boolean;
}

/** Reads postmaster.pid. null when there is none, or the server is only just writing it. */
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

/** Refuses a data folder whose server answers but is no process that can be seen from here: one of another container. */
export async function refuseHiddenServer(data: string): Promise<void> {
  const server = recordedServer(data);
  if (server === null || servesFolder(server.pid, data) || !(await answers(server.socketFolder))) return;
  throw new Error(
    `A PostgreSQL server that cannot be seen from here, perhaps in another container, runs on the data folder ${data}. ` +
      'Stop it first, or choose another folder (DATA_DIR).',
  );
}

/**
 * Stops what a killed process has left running on the data folder: its server or, if that was killed too, sessions that are
 * still busy and have not noticed. The caller holds the folder's lock. Returns the pid of the last server that did not end in
 * good order, whether it was stopped here or before, or null.
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
