import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Sql } from '../src/database/connect.js';
import { findEmbedded } from '../src/database/embedded.js';
import { root } from '../src/root.js';

const KEY = 'bench:the-key-of-the-benchmark';
export const ACCOUNT = '00000000-0000-4000-8000-00000000000a';

export interface Service {
  /** Sends a request on one of a few kept connections and gives the body of a 200. */
  ask(method: 'GET' | 'POST', path: string, body?: string, type?: string): Promise<string>;
  /** Connections of the benchmark's own to the same server. */
  sql: Sql;
  /** Resident memory of the service's process, in MB. */
  residentMb(): number;
  stop(): Promise<void>;
}

/** The service as its users run it, in a process of its own over a durable embedded database. */
export async function startService(): Promise<Service> {
  const dir = mkdtempSync(join(tmpdir(), 'reports-bench-'));
  const child = spawn(process.execPath, [join(root, 'dist/src/main.js'), 'serve'], {
    env: {
      ...process.env,
      DATA_DIR: dir,
      PORT: '0',
      LOG_LEVEL: 'error',
      BOOTSTRAP_ACCOUNT: ACCOUNT,
      BOOTSTRAP_KEY: KEY,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await listening(child);
  const target = findEmbedded(dir);
  if (target === null) throw new Error('the embedded database is not there');
  const sql = connect(target, { max: 4, statementTimeout: 0 });
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  return {
    sql,
    ask: (method, path, body, type) => ask(agent, url, method, path, body, type),
    residentMb: () =>
      Math.round(Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024),
    async stop() {
      agent.destroy();
      await sql.end({ timeout: 5 });
      child.kill('SIGTERM');
      await once(child, 'close');
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** The address of the service, once it says so. Its output is read on, or its next line would end it. */
function listening(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    let told = '';
    child.stdout?.on('data', (chunk) => {
      told += chunk;
      const url = /listens on (\S+?),/.exec(told)?.[1];
      if (url !== undefined) resolve(url);
    });
    child.once('close', () => reject(new Error('the service did not start')));
  });
}

function ask(
  agent: Agent,
  url: string,
  method: string,
  path: string,
  body?: string,
  type = 'application/x-ndjson',
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: `Basic ${Buffer.from(KEY).toString('base64')}`,
      ...(body === undefined ? {} : { 'content-type': type, 'content-length': Buffer.byteLength(body) }),
    };
    const sent = request(url + path, { method, headers, agent }, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        const text = Buffer.concat(parts).toString();
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`${response.statusCode}: ${text}`));
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
