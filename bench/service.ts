import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type Sql } from '../src/database/connect.js';
import { type EmbeddedConnection, findEmbedded } from '../src/database/embedded.js';
import { root } from '../src/root.js';
import type { Delay } from './delay.js';

export const KEY = 'bench:the-key-of-the-benchmark';
export const ACCOUNT = '00000000-0000-4000-8000-00000000000a';
/** Milliseconds that a statement may take here: a raw read of many millions on a busy machine passes the usual 30 s. */
export const PATIENCE = 600_000;

/** Changes the account without changing its rows, so that the service has to compute what it has kept. */
export const outdate = async (sql: Sql): Promise<void> => void (await sql`select note_change(${ACCOUNT}::uuid, '{}')`);

let asked = 0;

/** The same JSON, written as no request before: the service keeps no answer to it. */
export const unasked = (json: string): string =>
  json + (asked++).toString(2).padStart(24, '0').replaceAll('0', ' ').replaceAll('1', '\t');

export const basic = (key: string): string => `Basic ${Buffer.from(key).toString('base64')}`;

/** A process of the service, as its users run it. */
export interface Process {
  url: string;
  /** Sends a request on a kept connection and gives the body of a 200. */
  ask(method: 'GET' | 'POST', path: string, body?: string, type?: string, key?: string): Promise<string>;
  /** Resident memory of the process, in MB. */
  residentMb(): number;
  /** The same at its highest. */
  peakMb(): number;
  /** How late its event loop ran since the last call. */
  delay(): Promise<Delay>;
  stop(): Promise<void>;
}

export interface Service extends Process {
  /** Where its database is. */
  target: EmbeddedConnection;
  /** Connections of the benchmark's own to the same server. */
  sql: Sql;
}

/** Starts a process of the service; its database is where `settings` say. */
export async function startProcess(settings: Record<string, string>): Promise<Process> {
  const main = ['--import', join(root, 'dist/bench/delay.js'), join(root, 'dist/src/main.js'), 'serve'];
  const child = spawn(process.execPath, main, {
    env: {
      ...process.env,
      PORT: '0',
      LOG_LEVEL: 'error',
      BOOTSTRAP_ACCOUNT: ACCOUNT,
      BOOTSTRAP_KEY: KEY,
      STATEMENT_TIMEOUT: String(PATIENCE),
      // Otherwise every conversation of a past year is closed, and nothing has to be read to know it.
      CONVERSATION_TIMEOUT: '0',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const url = await listening(child);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  return {
    url,
    ask: (method, path, body, type, key) => ask(agent, url, method, path, body, type, key),
    residentMb: () => memoryOf(child, 'VmRSS'),
    peakMb: () => memoryOf(child, 'VmHWM'),
    async delay() {
      const answer = once(child, 'message');
      child.send('delay');
      return (await answer)[0] as Delay;
    },
    async stop() {
      agent.destroy();
      const ended = once(child, 'close');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** The service in a process of its own over a durable embedded database. */
export async function startService(): Promise<Service> {
  const dir = mkdtempSync(join(tmpdir(), 'reports-bench-'));
  const service = await startProcess({ DATA_DIR: dir });
  const target = findEmbedded(dir);
  if (target === null) throw new Error('the embedded database is not there');
  const sql = connect(target, { max: 4, statementTimeout: 0 });
  return {
    ...service,
    target,
    sql,
    async stop() {
      await sql.end({ timeout: 5 });
      await service.stop();
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** A line of the process's memory, where the system shows it; else NaN. */
function memoryOf({ pid }: ChildProcess, line: 'VmRSS' | 'VmHWM'): number {
  const file = `/proc/${pid}/status`;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return Math.round(Number(new RegExp(`^${line}:\\s+(\\d+)`, 'm').exec(text)?.[1]) / 1024);
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
  key = KEY,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = {
      authorization: basic(key),
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
