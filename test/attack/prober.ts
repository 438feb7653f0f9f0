import { readFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Asks `/healthz` again and again, from a thread of its own so that nothing but the service delays it. To each message it
 * answers with the failures since the one before, the longest time in milliseconds that a question took by the clock, and the
 * longest for which the service held it: of the clock, or of the processor time of the service's main thread where that is
 * less, since other processes may hold up both of us.
 */
const { url, pid, every } = workerData as { url: string; pid: number; every: number };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
const nothing = { failures: 0, worst: 0, held: 0 };
let seen = { ...nothing };
/** When the question that is under way was asked, and what the service had used by then; null between two questions. */
let asked: { at: number; used: number } | null = null;

/** Milliseconds of the processor that the service's main thread has used. */
const used = () => Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;

function look(): void {
  if (asked === null) return;
  const took = performance.now() - asked.at;
  seen.worst = Math.max(seen.worst, took);
  seen.held = Math.max(seen.held, Math.min(took, used() - asked.used));
}

function probe(): void {
  asked = { at: performance.now(), used: used() };
  const again = () => {
    look();
    asked = null;
    setTimeout(probe, every);
  };
  get(`${url}/healthz`, { agent }, (answer) => {
    if (answer.statusCode !== 200) seen.failures++;
    answer.resume().on('end', again);
  }).on('error', () => {
    seen.failures++;
    again();
  });
}

parentPort?.on('message', () => {
  look();
  parentPort?.postMessage(seen);
  seen = { ...nothing };
});
probe();
