import { readdirSync, readFileSync } from 'node:fs';

/** A server process and all its sessions, as Linux shows them. */
const family = (pid: number) => [
  pid,
  ...readdirSync('/proc').flatMap((entry) => {
    try {
      const parent = /^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${entry}/status`, 'utf8'))?.[1];
      return /^\d+$/.test(entry) && Number(parent) === pid ? [Number(entry)] : [];
    } catch {
      return []; // it ended meanwhile
    }
  }),
];

/** Sends a signal to a server process and to all its sessions. */
export function signal(pid: number, name: NodeJS.Signals): void {
  for (const one of family(pid)) {
    try {
      process.kill(one, name);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH' || one === pid) throw error; // a session that ended meanwhile
    }
  }
}
