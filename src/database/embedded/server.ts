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
  /** Resolves when it is gone. Rejects when it can be stopped by no means. */
  stop(): Promise<void>;
}

/**
 * Starts a server on `data`. It has a session of its own, so a terminal's Ctrl-C reaches this process alone, which stops the
 * server when it needs it no more. It does not keep this process from ending, and is told to end with it.
 *
 * `predecessor` is the pid of an earlier server that left its lock file. PostgreSQL would refuse to start if another process
 * had been given that number; taken for an ancestor of the new server, as pg_ctl does it, it is known to be none.
 * (Deleting the file instead would switch off the check for sessions of that server that are still at work.)
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
    stderr.ref(); // what is left of the log is waited for
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
