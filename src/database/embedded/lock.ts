import { closeSync, openSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startOf } from './process.js';

/*
 * One service at a time may hold a data folder, and a killed one must not block the next.
 *
 * Every contender first puts a file of its own into the folder, named by its pid and start, and only then looks for others.
 * So of two that start at once at least one sees the other; nobody who sees a live one takes the folder. The name says whose
 * file it is for all time: a dead process's file can be deleted by anyone at any moment, which a single lock file with a
 * changing owner does not allow.
 */

const name = (pid: number, start: string) => `lock.${pid}.${start}`;
const patienceMs = 1000;

/**
 * Locks the folder for this process until the returned function is called or the process ends, however it ends. Rejects
 * if another live process, or this one, already holds it.
 */
export async function lockFolder(dir: string): Promise<() => void> {
  const mine = name(process.pid, startOf(process.pid) ?? '0');
  const file = join(dir, mine);
  try {
    closeSync(openSync(file, 'wx'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw inUse(dir, process.pid);
    throw error;
  }
  const unlock = () => rmSync(file, { force: true });
  for (const until = Date.now() + patienceMs; ; await delay(20)) {
    const other = locks(dir).find((lock) => lock.name !== mine && isLive(lock));
    if (other === undefined) break;
    // Of two contenders the later one gives up at once. The earlier one waits for that: whoever stays is the holder.
    if (other.name < mine || Date.now() > until) {
      unlock();
      throw inUse(dir, other.pid);
    }
  }
  for (const dead of locks(dir).filter((lock) => !isLive(lock))) rmSync(join(dir, dead.name), { force: true });
  return unlock;
}

/** The pid of the live process that holds the folder, or null. */
export function holderOf(dir: string): number | null {
  return locks(dir).find(isLive)?.pid ?? null;
}

interface Lock {
  name: string;
  pid: number;
  start: string;
}

function isLive(lock: Lock): boolean {
  return startOf(lock.pid) === lock.start;
}

function locks(dir: string): Lock[] {
  return readdirSync(dir)
    .sort()
    .flatMap((name) => {
      const [, pid, start] = /^lock\.(\d+)\.(\d+)$/.exec(name) ?? [];
      return pid === undefined || start === undefined ? [] : [{ name, pid: Number(pid), start }];
    });
}

function inUse(dir: string, pid: number): Error {
  return new Error(
    `The data folder ${dir} is in use by process ${pid}. Stop that service first, or choose another folder (DATA_DIR).`,
  );
}
