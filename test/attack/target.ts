import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { Test } from 'tap';
import { root } from '../../src/root.js';
import type { World } from '../harness.js';
import { proxy } from '../proxy.js';
import { launch, main, portOf } from '../service.js';

/** An answer of the service, as its clients get it. */
export interface Answer {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  ms: number;
}

export interface Sent {
  method: 'GET' | 'POST';
  url: string;
  payload?: string | Buffer;
  headers?: Record<string, string>;
}

/** How `/healthz` was answered: how many failed, the longest time in ms, and the longest for which the service held one. */
export interface Health {
  failures: number;
  worst: number;
  held: number;
}

/** The service in a process of its own over a test's database, as it is seen from outside. */
export interface Target {
  ask(key: string | null, sent: Sent): Promise<Answer>;
  /** Most memory that it ever had, in MB. */
  peakMb(): number;
  /** What it has written so far. */
  said(): string;
  /** Whether it runs. */
  isAlive(): boolean;
  /** What a prober saw since this was asked last. */
  health(): Promise<Health>;
}

/** Runs the service, with a prober beside it, until the test ends. */
export async function target(t: Test, w: World, env: Record<string, string> = {}): Promise<Target> {
  const way = await proxy(w.target);
  const { username, port, database } = way.target;
  const service = launch(process.execPath, [...main, 'serve'], tmpdir(), {
    DATABASE_URL: `postgres://${username}@127.0.0.1:${port}/${database}`,
    PORT: '0',
    LOG_LEVEL: 'warn',
    ...env,
  });
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  let alive = true;
  service.ended.then(() => {
    alive = false;
  });
  const url = `http://127.0.0.1:${await portOf(service)}`;
  const prober = new Worker(join(root, 'dist/test/attack/prober.js'), {
    workerData: { url, pid: service.child.pid, every: 10 },
  });
  t.teardown(async () => {
    await prober.terminate();
    agent.destroy();
    service.child.kill('SIGTERM');
    await service.ended;
    await way.close();
  });
  return {
    ask: (key, sent) => send(agent, url, key, sent),
    peakMb: () => Math.round(Number(/^VmHWM:\s+(\d+)/m.exec(status(service.child.pid))?.[1]) / 1024),
    said: service.said,
    isAlive: () => alive,
    async health() {
      prober.postMessage(null);
      return (await once(prober, 'message'))[0] as Health;
    },
  };
}

const status = (pid: number | undefined) => readFileSync(`/proc/${pid}/status`, 'utf8');

function send(
  agent: Agent,
  base: string,
  key: string | null,
  { method, url, payload, headers }: Sent,
): Promise<Answer> {
  const began = performance.now();
  const all = {
    ...(key === null ? {} : { authorization: `Bearer ${key}` }),
    ...(payload === undefined ? {} : { 'content-length': String(Buffer.byteLength(payload)) }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const sent = request(base + url, { method, agent, headers: all }, (answer) => {
      const parts: Buffer[] = [];
      answer.on('data', (part) => parts.push(part)).on('error', reject);
      answer.on('end', () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: Object.fromEntries(Object.entries(answer.headers)),
          text: Buffer.concat(parts).toString(),
          ms: performance.now() - began,
        }),
      );
    });
    sent.on('error', reject);
    sent.end(payload);
  });
}
