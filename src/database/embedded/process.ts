import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

const pollMs = 10;

/**
 * The start time of a process, which distinguishes it from every other process with the same pid on this machine. Null
 * if no such process runs; a zombie does not count as running.
 */
export function startOf(pid: number): string | null {
  return existsSync('/proc/self/stat') ? startFromProc(pid) : startFromPs(pid);
}

/** Field 22 of /proc/<pid>/stat, in clock ticks since boot. */
function startFromProc(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
  // The second field is the program name in parentheses, which may itself contain spaces and parentheses.
  const [state = '', ...rest] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return 'ZX'.includes(state) ? null : (rest[18] ?? null);
}

/** The start in epoch milliseconds, to the second, on systems without /proc (macOS). */
function startFromPs(pid: number): string | null {
  const [state = '', ...start] = ps(pid, 'stat=', 'lstart=').split(/\s+/);
  return state === '' || state.startsWith('Z') ? null : String(Date.parse(`${start.join(' ')} UTC`));
}

/** Whether a running process is PostgreSQL on this data folder, and not an unrelated process with a reused pid. */
export function servesFolder(pid: number, data: string): boolean {
  if (startOf(pid) === null) return false;
  if (!existsSync('/proc/self/stat')) return ps(pid, 'command=').includes(` -D ${data} `);
  try {
    const program = readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
    return program === 'postgres' && readlinkSync(`/proc/${pid}/cwd`) === realpathSync(data);
  } catch {
    return false;
  }
}

/** All processes of this system; empty without /proc. */
export function processes(): number[] {
  if (!existsSync('/proc/self/stat')) return [];
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 0);
}

function ps(pid: number, ...columns: string[]): string {
  const args = ['-ww', '-p', String(pid), ...columns.flatMap((column) => ['-o', column])];
  const { error, stdout } = spawnSync('/bin/ps', args, { encoding: 'utf8', env: { LC_ALL: 'C', TZ: 'UTC' } });
  if (error !== undefined) throw error;
  return stdout.trim();
}

/**
 * Stops a PostgreSQL server with a fast shutdown (sessions are terminated, data is written), and with an immediate one
 * if that takes longer than 8 s; then the next start replays the log. Resolves when the process is gone.
 */
export async function shutDown(pid: number, isGone: () => boolean): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
    if (isGone()) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
    for (const until = Date.now() + 8000; Date.now() < until; ) {
      if (isGone()) return;
      await delay(pollMs);
    }
  }
  throw new Error(`PostgreSQL (process ${pid}) does not stop, neither on SIGINT nor on SIGQUIT.`);
}
