import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { gunzipSync } from 'node:zlib';
import { CommanderError } from 'commander';
import type { Test } from 'tap';
import { importCommand } from '../src/cli/import/command.js';

type Event = Record<string, unknown>;

/** One request as the service got it. */
export interface Received {
  headers: IncomingHttpHeaders;
  bytes: number;
  lines: string[];
}

/** Says what a request is answered with instead of the usual; undefined: the usual. `number` counts from 1. */
export type Interfere = (response: ServerResponse, request: Received, number: number) => true | undefined;

export const key = 'k1:s3cret';

/**
 * A service that takes events as the real one does, as far as an importer can tell: whole batches or nothing, repeats
 * as duplicates, up to 100 faulty lines named, 401 without the key, 413 over `limits`.
 */
export async function fakeService(t: Test, interfere: Interfere = () => undefined, limits = { bytes: 10 * 1024 ** 2 }) {
  const stored = new Map<string, string>();
  const requests: Received[] = [];
  let underWay = 0;
  const seen = { mostUnderWay: 0 };
  const server = createServer(async (request, response) => {
    underWay += 1;
    seen.mostUnderWay = Math.max(seen.mostUnderWay, underWay);
    response.once('close', () => {
      underWay -= 1;
    });
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const sent = Buffer.concat(chunks);
    const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(sent) : sent;
    const received = { headers: request.headers, bytes: body.length, lines: body.toString().split('\n') };
    if (received.lines.at(-1) === '') received.lines.pop();
    requests.push(received);
    if (interfere(response, received, requests.length)) return;
    if (request.url !== '/v1/events') return problem(response, 404);
    if (request.headers.authorization !== `Basic ${btoa(key)}`) return problem(response, 401);
    if (body.length > limits.bytes || received.lines.length > 10_000) return problem(response, 413);
    const faults = received.lines.flatMap((line, index) => faultsOf(line, `$.events[${index}]`));
    if (faults.length > 0) return problem(response, 400, faults.slice(0, 100));
    const before = stored.size;
    for (const line of received.lines) {
      const { conversation_id, id } = JSON.parse(line);
      const identity = JSON.stringify([conversation_id, id]);
      if (!stored.has(identity)) stored.set(identity, line);
    }
    const accepted = stored.size - before;
    json(response, 200, { accepted, duplicates: received.lines.length - accepted });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    seen,
    lines: () => [...stored.values()],
    events: () => [...stored.values()].map((line) => JSON.parse(line) as Event),
  };
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): true {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  return true;
}

export function problem(response: ServerResponse, status: number, errors: unknown[] = [], headers = {}): true {
  return json(response, status, { title: 'no', status, detail: 'as the fake says', errors }, headers);
}

function faultsOf(line: string, at: string): { path: string; message: string }[] {
  let event: Event;
  try {
    event = JSON.parse(line);
  } catch {
    return [{ path: at, message: 'must be a JSON object' }];
  }
  const { id, time, sender, tags, conversation } = event;
  const attributes = (conversation ?? {}) as Event;
  const faults: { path: string; message: string }[] = [];
  const must = (holds: boolean, field: string, message: string) =>
    holds || faults.push({ path: `${at}.${field}`, message: `must be ${message}` });
  must(typeof id === 'string', 'id', 'a text');
  must(/T.*Z$/.test(String(time)), 'time', 'a time with an offset');
  must(['user', 'bot', 'agent'].includes(String(sender)), 'sender', 'user, bot or agent');
  must(tags === undefined || Array.isArray(tags), 'tags', 'a list');
  must(typeof (attributes.is_test ?? false) === 'boolean', 'conversation.is_test', 'true or false');
  return faults;
}

/** A folder of its own, with files of these contents. */
export function folder(t: Test, files: Record<string, string | Buffer>): string {
  const path = mkdtempSync(join(tmpdir(), 'import-'));
  t.teardown(() => rmSync(path, { recursive: true }));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

export interface Run {
  cwd?: string;
  stdin?: string | Buffer;
  env?: Record<string, string>;
}

/** Starts the command in a process of its own; `stdin` undefined leaves its standard input open. */
export function start(args: string[], { cwd, stdin, env = { CONVERSATION_REPORTS_KEY: key } }: Run = {}) {
  const command = new URL('../src/cli/import/command.js', import.meta.url).href;
  const script = `import { importCommand } from '${command}'; await importCommand().parseAsync(process.argv.slice(1), { from: 'user' });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, '--', ...args], { cwd, env });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (output.stderr += text));
  child.stdin.on('error', () => {}); // it may end before it has read all
  if (stdin !== undefined) child.stdin.end(stdin);
  const ended = once(child, 'close').then(([status]) => ({ status: status as number | null, ...parted(output) }));
  return { child, output, ended };
}

/** Runs the command to its end, in a process of its own. */
export const spawnRun = (args: string[], { stdin = '', ...rest }: Run = {}) => start(args, { stdin, ...rest }).ended;

/** Runs the command to its end in this process, one run at a time: working directory and environment are the process's. */
export async function run(args: string[], { cwd, stdin = '', env = { CONVERSATION_REPORTS_KEY: key } }: Run = {}) {
  const before = { cwd: process.cwd(), key: process.env.CONVERSATION_REPORTS_KEY, exitCode: process.exitCode };
  const output = { stdout: '', stderr: '' };
  const gather = (name: keyof typeof output) =>
    new PassThrough().setEncoding('utf8').on('data', (text) => (output[name] += text)) as PassThrough;
  const streams = {
    stdin: Readable.from(chunksOf(Buffer.from(stdin))),
    stdout: gather('stdout'),
    stderr: gather('stderr'),
  };
  const command = importCommand(streams)
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .exitOverride();
  let status: number;
  try {
    if (cwd !== undefined) process.chdir(cwd);
    delete process.env.CONVERSATION_REPORTS_KEY;
    Object.assign(process.env, env);
    process.exitCode = undefined;
    await command.parseAsync(args, { from: 'user' });
    status = Number(process.exitCode ?? 0);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    status = error.exitCode === 0 ? 0 : 2; // as the command's own exitOverride does
  } finally {
    process.chdir(before.cwd);
    process.exitCode = before.exitCode;
    delete process.env.CONVERSATION_REPORTS_KEY;
    if (before.key !== undefined) process.env.CONVERSATION_REPORTS_KEY = before.key;
  }
  for (const stream of [streams.stdout, streams.stderr]) await finished(stream.end());
  return { status, ...parted(output) };
}

/** What was said apart from what each file is. */
const parted = ({ stdout, stderr }: { stdout: string; stderr: string }) => ({
  stdout,
  stderr: stderr.replace(/^reading .*\n/gm, ''),
  found: stderr.match(/(?<=^reading ).*/gm) ?? [],
});

/** As a pipe gives them. */
function* chunksOf(bytes: Buffer, size = 64 * 1024) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
