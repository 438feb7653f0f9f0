import type { Progress } from '../database/backup/format.js';

/** Milliseconds between two lines. */
const EVERY = 2_000;

/** Writes how far a backup or restore is on standard error. */
export function progressLine(verb: string): (progress: Progress) => void {
  const started = performance.now();
  let told = started;
  return ({ table, rows, bytes }) => {
    const now = performance.now();
    if (now - told < EVERY) return;
    told = now;
    const rate = Math.round((1000 * rows) / (now - started)).toLocaleString('en');
    process.stderr.write(
      `${verb}: ${rows.toLocaleString('en')} rows, ${mebibytes(bytes)}, ${rate} rows per second, at ${table}\n`,
    );
  };
}

/** A number of bytes in words. */
export const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
