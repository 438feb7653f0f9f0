/**
 * Carries out the Dockerfile without a container engine: a folder stands in for each stage, its instructions are run there
 * with this machine's Node, and what it would start is started as an unprivileged user, found healthy, asked and stopped.
 * It shows that the steps are complete and that the service runs from what they leave; not that an engine builds them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { root } from '../../src/root.js';
import { askForPages } from './pages.js';

interface Stage {
  /** The folder that stands for `/`. */
  root: string;
  workdir: string;
  env: Record<string, string>;
  user: string;
  healthcheck: string[];
  entrypoint: string[];
  cmd: string[];
}

const base = mkdtempSync(join(tmpdir(), 'reports-container-'));
chmodSync(base, 0o755); // the unprivileged user enters it
const stages = new Map<string, Stage>();
/** The instructions of a Dockerfile with what follows them. */
function instructions(text: string): [instruction: string, rest: string][] {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1).trim()]);
}

function newStage(name: string): Stage {
  const made = {
    root: join(base, name),
    workdir: '/',
    env: {},
    user: 'root',
    healthcheck: [],
    entrypoint: [],
    cmd: [],
  };
  mkdirSync(join(made.root, 'usr/local/bin'), { recursive: true });
  stages.set(name, made);
  return made;
}

function carryOut(stage: Stage, instruction: string, rest: string): void {
  const within = (path: string) => join(stage.root, path.startsWith('/') ? path : join(stage.workdir, path));
  switch (instruction) {
    case 'WORKDIR':
      stage.workdir = rest;
      mkdirSync(within(rest), { recursive: true });
      break;
    case 'ENV':
      for (const [, name = '', value = ''] of rest.matchAll(/(\w+)=(\S+)/g)) {
        stage.env[name] = value.startsWith('/') ? within(value) : value;
      }
      break;
    case 'COPY': {
      const [, from, paths = ''] = /^(?:--from=(\w+) )?(.*)$/.exec(rest) ?? [];
      const [target = '', ...sources] = paths.split(' ').reverse();
      for (const source of sources) copy(from, source, within(target), sources.length > 1 || /\/$/.test(target));
      break;
    }
    case 'RUN':
      runStep(stage, rest.replace(/(?<= )\/(?=data|app\/|usr\/local\/bin\/)/g, `${stage.root}/`));
      break;
    case 'USER':
      stage.user = rest;
      break;
    case 'HEALTHCHECK':
      stage.healthcheck = JSON.parse(rest.slice(rest.indexOf('CMD') + 3));
      break;
    case 'ENTRYPOINT':
      stage.entrypoint = JSON.parse(rest);
      break;
    case 'CMD':
      stage.cmd = JSON.parse(rest);
      break;
    case 'VOLUME':
      if (!existsSync(within(rest))) throw new Error(`${rest} is not made for its user`);
      break;
    case 'EXPOSE':
      break;
    default:
      throw new Error(`${instruction} is not known here`);
  }
}

/** Copies from another stage, or from the project what .dockerignore lets through. */
function copy(from: string | undefined, source: string, target: string, intoFolder: boolean): void {
  const names = source === '.' ? allowed() : [source];
  for (const name of names) {
    const origin = from === undefined ? join(root, name) : join((stages.get(from) as Stage).root, name);
    if (from === undefined && !allowed().includes(name)) throw new Error(`.dockerignore keeps ${name} out`);
    const last = name.split('/').at(-1) as string;
    const path = source === '.' || intoFolder ? join(target, last) : target;
    mkdirSync(dirname(path), { recursive: true });
    cpSync(origin, path, { recursive: true });
  }
}

const allowed = () =>
  readFileSync(join(root, '.dockerignore'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('!'))
    .map((line) => line.slice(1));

/** The user who stands in for one of the image: an ordinary one that every system has. */
const standIn = 'nobody';

function runStep(stage: Stage, command: string): void {
  const as = command.replace(/--(owner|group)=node/g, (_, what) => `--${what}=${idOf(what === 'owner' ? '-u' : '-g')}`);
  const options = {
    cwd: join(stage.root, stage.workdir),
    env: { ...process.env, ...stage.env },
    stdio: 'inherit',
  } as const;
  const { status } = spawnSync('sh', ['-ec', as], options);
  if (status !== 0) throw new Error(`failed: ${command}`);
}

function idOf(option: '-u' | '-g'): number {
  return Number(spawnSync('id', [option, standIn], { encoding: 'utf8' }).stdout);
}

/** Starts what the image would start, and sees it healthy, answering and stopping well. */
async function tryOut(stage: Stage): Promise<void> {
  if (process.getuid?.() !== 0) throw new Error('only root can become the user of the image');
  if (stage.user === 'root') throw new Error('the image runs as root');
  const path = [join(stage.root, 'usr/local/bin'), dirname(process.execPath), '/usr/bin', '/bin'].join(':');
  const env = { PATH: path, ...stage.env, PORT: String(await freePort()) };
  const as = { cwd: join(stage.root, stage.workdir), env, uid: idOf('-u'), gid: idOf('-g') };
  const [program = '', ...args] = [...stage.entrypoint, ...stage.cmd];
  const service = spawn(program, args, as);
  let said = '';
  for (const stream of [service.stdout, service.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
      process.stdout.write(chunk);
    });
  }
  const ended = once(service, 'close');
  try {
    const [check = '', ...rest] = stage.healthcheck;
    for (let n = 0; spawnSync(check, rest, as).status !== 0; n++) {
      if (n === 60 || service.exitCode !== null) throw new Error('it does not become healthy');
      await delay(500);
    }
    const count = await askForPages(`http://127.0.0.1:${env.PORT}`);
    process.stdout.write(`${count} pages and assets are there\n`);
    const listed = spawnSync('conversation-reports', ['keys', 'list'], { ...as, encoding: 'utf8' });
    if (listed.status !== 0 || !/admin/.test(listed.stdout)) throw new Error(`keys list fails: ${listed.stderr}`);
  } finally {
    service.kill('SIGTERM');
    const [code] = await ended;
    process.stdout.write(`stopped with ${code}\n`);
    if (code !== 0) process.exitCode = 1;
    const warnings = said.split('\n').filter((line) => /"level":[456]0|warning/i.test(line));
    if (warnings.length > 0) {
      process.stdout.write(`the log warns:\n${warnings.join('\n')}\n`);
      process.exitCode = 1;
    }
  }
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

try {
  let stage: Stage | undefined;
  for (const [instruction, rest] of instructions(readFileSync(join(root, 'Dockerfile'), 'utf8'))) {
    process.stdout.write(`${instruction} ${rest}\n`);
    if (instruction === 'FROM') stage = newStage(/ AS (\w+)$/i.exec(rest)?.[1] ?? 'last');
    else if (stage === undefined) throw new Error('FROM comes first');
    else carryOut(stage, instruction, rest);
  }
  await tryOut(stage as Stage);
} finally {
  rmSync(base, { recursive: true, force: true });
}
