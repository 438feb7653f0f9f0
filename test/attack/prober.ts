import { Agent, get } from 'node:http';
import { parentPort, workerData } from 'node:worker_threads';

/**
 * Asks `/healthz` again and again, from a thread of its own so that nothing but the service delays it. To each message it
 * answers with the longest time that a question took since the one before, in milliseconds, and with the failures.
 */
const { url, every } = workerData as { url: string; every: number };
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let worst = 0;
let failures = 0;
/** When the question that is under way was asked. */
let began = performance.now();

function probe(): void {
  began = performance.now();
  const again = () => {
    worst = Math.max(worst, performance.now() - began);
    began = Number.POSITIVE_INFINITY;
    setTimeout(probe, every);
  };
  get(`${url}/healthz`, { agent }, (answer) => {
    if (answer.statusCode !== 200) failures++;
    answer.resume().on('end', again);
  }).on('error', () => {
    failures++;
    again();
  });
}

parentPort?.on('message', () => {
  parentPort?.postMessage({ worst: Math.max(worst, performance.now() - began), failures });
  [worst, failures] = [0, 0];
});
probe();
