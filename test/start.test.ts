import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf } from './service.js';

const base = mkdtempSync(join(tmpdir(), 'reports-start-'));
t.teardown(() => rmSync(base, { recursive: true, force: true }));

type Env = Record<string, string>;
const serve = (env: Env) => launch(process.execPath, [...main, 'serve'], base, env);
const run = (env: Env, ...args: string[]) =>
  spawnSync(process.execPath, [...main, ...args], {
    cwd: base,
    env: { PATH: process.env.PATH, ...env },
    encoding: 'utf8',
  });

t.test('the first minute cannot be lost', async (t) => {
  const DATA_DIR = join(base, 'first');
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const PORT = String((listener.address() as AddressInfo).port);
  const refused = serve({ DATA_DIR, PORT });
  t.equal(await refused.ended, 1);
  t.match(refused.said(), new RegExp(`PORT=${PORT} is in use on 127.0.0.1: .*set PORT to another port`));
  t.notMatch(refused.said(), /Key {6}/);
  await new Promise((resolve) => listener.close(resolve));

  const first = serve({ DATA_DIR, PORT });
  const port = await portOf(first);
  const welcome = /Account {2}(\S+)\nKey {6}(\S+) /;
  while (!welcome.test(first.said())) await once(first.child.stdout as NodeJS.ReadableStream, 'data');
  const [, account = '', key = ''] = welcome.exec(first.said()) ?? [];
  t.ok(key !== '', 'the key is shown by the start that succeeds');
  const me = async (authorization: string, more: Env = {}) => {
    const answer = await fetch(`http://127.0.0.1:${port}/v1/me`, { headers: { authorization, ...more } });
    return { status: answer.status, body: (await answer.json()) as object };
  };
  const says = { account_id: account, key_id: key.split(':')[0], name: 'first key', permissions: ['admin'] };
  for (const scheme of ['Bearer', 'Token', 'apikey']) {
    const known = { status: 200, body: { ...says, team_ids: null, bot_ids: null } };
    t.strictSame(await me(`${scheme} ${key}`), known, `${scheme} takes it as it was printed`);
    t.strictSame(await me(`${scheme} ${key.replace(':', '.')}`), known, `${scheme} with a point`);
  }
  t.equal(
    (await me(`apikey ${key}`, { 'x-moveo-account-id': account.toUpperCase() })).status,
    200,
    'a uuid has no case',
  );

  const [readme = ''] =
    /npx conversation-reports keys create .*/.exec(readFileSync(join(root, 'README.md'), 'utf8')) ?? [];
  const created = spawnSync(
    'sh',
    ['-c', readme.replace('npx conversation-reports', `${process.execPath} ${main.join(' ')}`)],
    {
      cwd: base,
      env: { PATH: process.env.PATH, DATA_DIR },
      encoding: 'utf8',
    },
  );
  t.equal(created.status, 0, `${readme}: ${created.stderr}`);
  const [made = ''] = created.stdout.split('\n');
  t.match((await me(`Bearer ${made}`)).body, { account_id: account, name: 'dashboard', permissions: ['read'] });

  first.child.kill('SIGTERM');
  t.equal(await first.ended, 0);
  const later = serve({ DATA_DIR, PORT: '0' });
  await portOf(later);
  while (!later.said().includes('keys create')) await once(later.child.stdout as NodeJS.ReadableStream, 'data');
  t.match(later.said(), new RegExp(`Accounts {2}${account}\\n.*npx conversation-reports keys create`));
  later.child.kill('SIGTERM');
  t.equal(await later.ended, 0);
});

t.test('keys create: the account', async (t) => {
  const { target } = await world(t);
  const [other, unknown] = ['00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000ff'];
  const listener = await proxy(target);
  t.teardown(() => listener.close());
  const DATABASE_URL = `postgres://${target.username}@127.0.0.1:${listener.target.port}/${target.database}`;
  const create = async (...args: string[]) => {
    const child = spawn(process.execPath, [...main, 'keys', 'create', '--json', ...args], {
      cwd: base,
      env: { PATH: process.env.PATH, DATABASE_URL },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => (said += data));
    const [status] = await once(child, 'close');
    return { status, said };
  };
  t.match(await create(), { status: 1, said: 'there is no account yet: --new-account makes one' });
  const made = await create('--new-account');
  t.equal(made.status, 0, made.said);
  const account = JSON.parse(made.said).account_id;
  t.equal(JSON.parse((await create()).said).account_id, account, 'the only one is taken');
  t.match(await create('--account', unknown), {
    status: 1,
    said: `there is no account ${unknown}: the accounts are ${account}`,
  });
  t.equal(JSON.parse((await create('--account', other.toUpperCase(), '--new-account')).said).account_id, other);
  t.match(await create(), { status: 1, said: /--account says which account/ });
  t.equal(JSON.parse((await create('--account', other)).said).account_id, other);
});

t.test('a command that only reads makes no database', async (t) => {
  const DATA_DIR = mkdtempSync(join(base, 'none-'));
  for (const args of [
    ['keys', 'list'],
    ['keys', 'revoke', 'k1'],
    ['keys', 'create'],
  ]) {
    const { status, stderr } = run({ DATA_DIR }, ...args);
    t.equal(status, 1, args.join(' '));
    t.match(stderr, new RegExp(`there is no database in ${DATA_DIR}: run this in the service's folder`));
  }
  t.strictSame(readdirSync(DATA_DIR), []);
});

t.test('what a start cannot use is named, with the way out', async (t) => {
  const { target } = await world(t);
  const way = await proxy(target);
  t.teardown(() => way.close());
  const at = (port: number, database = target.database) =>
    `postgres://${target.username}:hunter2@127.0.0.1:${port}/${database}`;
  const closed = createServer().listen(0, '127.0.0.1');
  await once(closed, 'listening');
  const { port } = closed.address() as AddressInfo;
  await new Promise((resolve) => closed.close(resolve));
  const cases: [name: string, env: Env, says: RegExp][] = [
    [
      'refused',
      { DATABASE_URL: at(port) },
      new RegExp(`DATABASE_URL: 127.0.0.1:${port} does not answer: is PostgreSQL running`),
    ],
    [
      'no such database',
      { DATABASE_URL: at(way.target.port, 'nowhere') },
      /DATABASE_URL: there is no database nowhere at/,
    ],
    [
      'no such host',
      { DATABASE_URL: 'postgres://u:hunter2@nowhere.invalid/x' },
      /DATABASE_URL: the host nowhere.invalid is not known/,
    ],
    [
      'address',
      { DATABASE_URL: at(way.target.port), HOST: '192.0.2.1' },
      /HOST=192.0.2.1 is not an address of this machine/,
    ],
    [
      'name',
      { DATABASE_URL: at(way.target.port), HOST: 'nowhere.invalid' },
      /HOST=nowhere.invalid (is not known|cannot be looked up)/,
    ],
    ['level', { LOG_LEVEL: 'loud' }, /LOG_LEVEL=loud is not valid: .*trace, debug, info/],
    ['range', { PORT: '70000' }, /PORT=70000 is not valid: .*from 0 to 65535/],
    ['origin', { CORS_ORIGINS: 'reports.example.com' }, /CORS_ORIGINS=.* is not an origin/],
  ];
  for (const [name, env, says] of cases) {
    const service = serve({ PORT: '0', DATA_DIR: join(base, 'unused'), ...env });
    t.equal(await service.ended, 1, name);
    t.match(service.said(), says, name);
    t.notMatch(service.said(), 'hunter2', `${name}: no password`);
    t.notMatch(service.said(), /\n {4}at /, `${name}: no stack`);
  }
});

t.test('a signal in the first moment ends it', async (t) => {
  // As the first process of a container, where a signal without a handler is lost: so the handler must be there early.
  const early = `data:text/javascript,${encodeURIComponent(`
    const on = process.on;
    process.on = function (name, handler) {
      on.call(this, name, handler);
      if (name === 'SIGTERM' && !globalThis.told) {
        globalThis.told = true;
        process.kill(process.pid, 'SIGTERM');
      }
      return this;
    };
  `)}`;
  const service = launch(process.execPath, ['--import', early, ...main, 'serve'], base, {
    DATA_DIR: join(base, 'early'),
    PORT: '0',
  });
  t.equal(await service.ended, 0, service.said());
  t.notMatch(service.said(), /listens on/, 'it never started');
  t.notOk(readdirSync(base).includes('early'), 'and made nothing');
});
