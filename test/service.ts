import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../src/database/connect.js';
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

/** Resolves when a statement whose text is like `pattern` runs, or waits for a lock, in the database of `sql`. */
export async function untilActive(sql: Sql, pattern = '%', waits: 'Lock' | null = null): Promise<void> {
  const isActive = async () =>
    (
      await sql`select from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
        and state = 'active' and query like ${pattern} and (${waits}::text is null or wait_event_type = ${waits})`
    ).length > 0;
  await until(isActive, () => `no statement like ${pattern} ${waits === null ? 'runs' : 'waits for a lock'}`);
}

/** Resolves when a condition holds; throws what is given when it does not within `ms`: long, for a busy machine. */
export async function until(holds: () => boolean | Promise<boolean>, or: () => string, ms = 60_000): Promise<void> {
  for (const end = performance.now() + ms; !(await holds()); await delay(20)) {
    if (performance.now() > end) throw new Error(or());
  }
}
