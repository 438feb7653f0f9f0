import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { command, type Identity } from './identity.js';
import { shutDown } from './process.js';

const keptLogLines = 20;

export interface Server {
  pid: number;
  /** Resolves when the server has ended, by `stop` or by itself, with the reason and the end of its log. */
  ended: Promise<string>;
  /** Resolves when it is gone. Rejects if it cannot be stopped. */
  stop(): Promise<void>;
}

/**
 * Starts a server on `data`. It runs in its own session, so Ctrl-C in a terminal only reaches this process, which stops
 * the server when it no longer needs it. The server does not keep this process alive and is told to end with it.
 *
 * `predecessor` is the pid of an earlier server that left its lock file. PostgreSQL would refuse to start if another
 * process now had that pid. Declared as an ancestor of the new server, as pg_ctl does, it is ignored. (Deleting the
 * file would disable the check for sessions of that server that still run.)
 */
export async function launch(
  program: string,
  data: string,
  identity: Identity,
  settings: Record<string, string>,
  predecessor: number | null,
  onLog: (line: string) => void,
): Promise<Server> {
  const switches = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [file, args] = command(identity, program, ['-D', data, ...switches]);
  const child = spawn(file, args, {
    ...identity.options,
    env: { ...identity.options.env, ...(predecessor === null ? {} : { PG_GRANDPARENT_PID: String(predecessor) }) },
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stderr = child.stderr as Socket;
  let running = true;
  const stopWithProcess = () => child.kill('SIGINT');
  process.once('exit', stopWithProcess);
  child.once('exit', () => {
    running = false;
    stderr.ref(); // wait for the rest of the log
    process.removeListener('exit', stopWithProcess);
  });
  const log: string[] = [];
  createInterface(stderr).on('line', (line) => {
    log.push(line);
    if (log.length > keptLogLines) log.shift();
    onLog(line);
  });
  const ended = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(`it ended with ${signal ?? code}\n${log.join('\n')}`));
  });
  child.unref();
  stderr.unref();
  await once(child, 'spawn');
  const pid = child.pid as number;
  return { pid, ended, stop: () => shutDown(pid, () => !running) };
}
