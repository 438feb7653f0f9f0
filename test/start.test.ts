import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keysCommand } from '../src/cli/keys.js';
import { openDatabase } from '../src/cli/open.js';
import { cannotListen } from '../src/cli/start-failures.js';
import { readConfig } from '../src/config.js';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { proxy } from './proxy.js';
import { launch, main, portOf, until } from './service.js';

const base = mkdtempSync(join(tmpdir(), 'reports-start-'));
t.teardown(() => rmSync(base, { recursive: true, force: true }));

type Env = Record<string, string>;
const serve = (env: Env) => launch(process.execPath, [...main, 'serve'], base, env);

t.test('the first minute cannot be lost', async (t) => {
  const DATA_DIR = join(base, 'first');
  const listener = createServer().listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const PORT = String((listener.address() as AddressInfo).port);
  const refused = serve({ DATA_DIR, PORT });
  t.equal(await refused.ended, 1);
  t.match(refused.said(), new RegExp(`PORT=${PORT} is in use on 127.0.0.1: .*set PORT to another port`));
  t.notMatch(refused.said(), /export KEY/);
  await new Promise((resolve) => listener.close(resolve));

  const first = serve({ DATA_DIR, PORT });
  const port = await portOf(first);
  const welcome = /account is (\S+)\.[\s\S]*\nexport KEY=(\S+)\n/;
  await until(() => welcome.test(first.said()), first.said);
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

  const [documented = ''] =
    /npx conversation-reports keys create .*/.exec(readFileSync(join(root, 'docs/operators.md'), 'utf8')) ?? [];
  const created = spawnSync(
    'sh',
    ['-c', documented.replace('npx conversation-reports', `${process.execPath} ${main.join(' ')}`)],
    {
      cwd: base,
      env: { PATH: process.env.PATH, DATA_DIR },
      encoding: 'utf8',
    },
  );
  t.equal(created.status, 0, `${documented}: ${created.stderr}`);
  const [made = ''] = created.stdout.split('\n');
  t.match((await me(`Bearer ${made}`)).body, { account_id: account, name: 'dashboard', permissions: ['read'] });

  first.child.kill('SIGTERM');
  t.equal(await first.ended, 0);
  const later = serve({ DATA_DIR, PORT: '0' });
  await portOf(later);
  await until(() => later.said().includes('keys create'), later.said);
  t.match(later.said(), new RegExp(`Accounts {2}${account}\\n.*npx conversation-reports keys create`));
  later.child.kill('SIGTERM');
  t.equal(await later.ended, 0);
});

/** Runs `keys` in this process, on the database that the environment names; gives what it prints. */
async function keys(env: Env, ...args: string[]): Promise<string> {
  let printed = '';
  Object.assign(process.env, env);
  try {
    const command = keysCommand((text) => {
      printed += text;
    });
    await command.parseAsync(args, { from: 'user' });
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
  return printed;
}

t.test('keys create: the account', async (t) => {
  const { target } = await world(t);
  const [other, unknown] = ['00000000-0000-4000-8000-00000000000b', '00000000-0000-4000-8000-0000000000ff'];
  const listener = await proxy(target);
  t.teardown(() => listener.close());
  const DATABASE_URL = `postgres://${target.username}@127.0.0.1:${listener.target.port}/${target.database}`;
  const create = (...args: string[]) => keys({ DATABASE_URL }, 'create', '--json', ...args);
  const accountOf = async (...args: string[]) => JSON.parse(await create(...args)).account_id;
  // Not by spawnSync: this process passes the connection on.
  const refused = launch(process.execPath, [...main, 'keys', 'create'], base, { DATABASE_URL });
  t.equal(await refused.ended, 1);
  t.equal(refused.said(), 'there is no account yet: --new-account creates one\n', 'by the command line');

  await t.rejects(create(), { message: /there is no account yet: --new-account creates one/ });
  const account = await accountOf('--new-account');
  t.equal(await accountOf(), account, 'the only one is taken');
  await t.rejects(create('--account', unknown), {
    message: `there is no account ${unknown}: the accounts are ${account}; --new-account creates it`,
  });
  t.equal(await accountOf('--account', other.toUpperCase(), '--new-account'), other);
  await t.rejects(create(), { message: /choose an account with --account/ });
  t.equal(await accountOf('--account', other), other);
});

t.test('a command that only reads makes no database', async (t) => {
  const DATA_DIR = mkdtempSync(join(base, 'none-'));
  for (const args of [['list'], ['revoke', 'k1'], ['create']]) {
    const message = new RegExp(`there is no database in ${DATA_DIR}: run this in the service's folder`);
    await t.rejects(keys({ DATA_DIR }, ...args), { message }, args.join(' '));
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

  const open = (DATABASE_URL: string) => openDatabase(readConfig({ DATABASE_URL }), 'service');
  const unusable: [url: string, says: RegExp][] = [
    [at(port), new RegExp(`^DATABASE_URL: 127.0.0.1:${port} does not answer: is PostgreSQL running`)],
    [at(way.target.port, 'nowhere'), /^DATABASE_URL: there is no database nowhere at/],
    ['postgres://u:hunter2@nowhere.invalid/x', /^DATABASE_URL: the host nowhere.invalid is not known/],
  ];
  for (const [url, message] of unusable) {
    await t.rejects(open(url), { message }, url);
    t.notMatch(await open(url).catch((error) => error.message), 'hunter2', `${url}: no password`);
  }
  const hosts: [host: string, says: RegExp][] = [
    ['192.0.2.1', /^HOST=192.0.2.1 is not an address of this machine/],
    ['nowhere.invalid', /^HOST=nowhere.invalid (is not known|cannot be looked up)/],
  ];
  for (const [host, message] of hosts) {
    const listener = createServer().listen(0, host);
    const [error] = await once(listener, 'error');
    t.match(cannotListen(error, host, 0), { message }, host);
  }

  // By the command line: a message and no more. The port in use is above.
  const cases: [name: string, env: Env, says: RegExp][] = [
    ['no such database', { DATABASE_URL: at(way.target.port, 'nowhere') }, /^DATABASE_URL: there is no database .*\n$/],
    [
      'settings',
      { LOG_LEVEL: 'loud', PORT: '70000', CORS_ORIGINS: 'reports.example.com', DATABASE_URL: at(port) },
      /^(?=.*PORT=70000 is not valid)(?=.*LOG_LEVEL=loud is not valid)(?=.*CORS_ORIGINS=.* is not an origin)/s,
    ],
    ['address', { DATABASE_URL: at(way.target.port), HOST: '192.0.2.1' }, /^HOST=192.0.2.1 is not an address .*\n$/],
  ];
  await Promise.all(
    cases.map(async ([name, env, says]) => {
      const service = serve({ PORT: '0', DATA_DIR: join(base, 'unused'), ...env });
      t.equal(await service.ended, 1, name);
      t.match(service.said(), says, name);
      t.notMatch(service.said(), 'hunter2', `${name}: no password`);
      t.notMatch(service.said(), /\n {4}at /, `${name}: no stack`);
    }),
  );
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
