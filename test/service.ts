import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../src/root.js';

/** The service in a process of its own. */
export interface Service {
  child: ChildProcess;
  /** What it has written so far. */
  said: () => string;
  /** Resolves with the exit code, or the signal that ended it, when the process and its output are gone. */
  ended: Promise<number | NodeJS.Signals | null>;
}

/** The arguments that make Node run a command of the service. */
export const main = ['--enable-source-maps', join(root, 'dist/src/main.js')];

/** Starts a command in a process group of its own, with no environment but PATH and what is given. */
export function launch(command: string, args: string[], cwd: string, env: Record<string, string>): Service {
  const child = spawn(command, args, {
    cwd,
    env: { PATH: process.env.PATH, ...env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const ended = once(child, 'close').then(([code, signal]) => code ?? signal);
  return { child, said: () => said, ended };
}

/** The port of a service, once it listens. */
export async function portOf({ said, ended }: Service): Promise<number> {
  let running = true;
  ended.then(() => {
    running = false;
  });
  for (;;) {
    const port = /listens on http:\/\/[^\s:]+:(\d+)/.exec(said())?.[1];
    if (port !== undefined) return Number(port);
    if (!running) throw new Error(`the service did not start: ${said()}`);
    await delay(20);
  }
}

/** Resolves when a condition holds; throws what is given when it does not within `ms`. */
export async function until(holds: () => boolean | Promise<boolean>, or: () => string, ms = 10_000): Promise<void> {
  for (const end = performance.now() + ms; !(await holds()); await delay(20)) {
    if (performance.now() > end) throw new Error(or());
  }
}
