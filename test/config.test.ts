import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { keysCommand } from '../src/cli/keys.js';
import { commandName, readConfig, settings } from '../src/config.js';
import { startEmbedded } from '../src/database/embedded.js';
import { parseTimeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';

t.test('defaults, and values from the environment', async (t) => {
  const config = readConfig({});
  t.match(config, { HOST: '127.0.0.1', PORT: 3000, DATA_DIR: './.data', DATABASE_CONNECTIONS: 10, CORS_ORIGINS: [] });
  t.equal(config.CONVERSATION_TIMEOUT.initial, 86_400_000);
  t.equal(config.RETENTION_DAYS.initial, null, 'conversations are kept for ever');
  t.equal(readConfig({ PORT: '', HOST: '' }).PORT, 3000, 'an empty variable is one that is not set');
  t.strictSame(readConfig({ CORS_ORIGINS: 'https://a.example, https://b.example' }).CORS_ORIGINS, [
    'https://a.example',
    'https://b.example',
  ]);
  t.ok(settings.every(({ name, description }) => name !== '' && description !== ''));
});

t.test('a bad value is named, a secret one not shown', async (t) => {
  const bad: [Record<string, string>, RegExp][] = [
    [{ PORT: 'http' }, /PORT=http is not valid: Port/],
    [{ PORT: '70000' }, /PORT=70000 is not valid: .*a whole number from 0 to 65535/],
    [{ DATABASE_CONNECTIONS: '0' }, /DATABASE_CONNECTIONS=0 .*a whole number from 1 to 500/],
    [{ KEY_RATE: '-1' }, /KEY_RATE=-1 .*from 1 to/],
    [{ DATABASE_URL: 'postgres://u:p@ss:w@h:port/x' }, /^DATABASE_URL is not valid: .*encode @/],
    [{ CORS_ORIGINS: 'https://a.example, b.example' }, /b\.example is not an origin; write scheme and host/],
    [{ CORS_ORIGINS: 'https://a.example/' }, /https:\/\/a\.example\/ is not an origin/],
    [{ CORS_ORIGINS: '*' }, /\* is not an origin/],
    [{ DATABASE_URL: 'mysql://root:hunter2@db' }, /^DATABASE_URL is not valid: A PostgreSQL/],
    [{ BOOTSTRAP_KEY: 'short' }, /^BOOTSTRAP_KEY is not valid/],
    [{ BOOTSTRAP_KEY: 'id:a-long-enough-secret' }, /needs BOOTSTRAP_ACCOUNT/],
    [{ BOOTSTRAP_ACCOUNT: 'acme' }, /BOOTSTRAP_ACCOUNT=acme/],
    [{ CONVERSATION_TIMEOUT: 'soon' }, /CONVERSATION_TIMEOUT=soon/],
    [{ RETENTION_DAYS: '30d' }, /RETENTION_DAYS=30d is not valid: a whole number of days/],
    [{ LOG_LEVEL: 'loud' }, /LOG_LEVEL=loud .*: trace, debug, info, warn, error, fatal, silent/],
  ];
  for (const [environment, says] of bad) {
    t.throws(() => readConfig(environment), { message: says }, Object.keys(environment)[0] as string);
  }
  t.throws(() => readConfig({ PORT: 'x', LOG_LEVEL: 'y' }), { message: /PORT=x[\s\S]*LOG_LEVEL=y/ }, 'all at once');
});

t.test('timeouts', async (t) => {
  const at = (text: string) => {
    const timeouts = parseTimeouts(text);
    return timeouts && [timeouts.initial, Object.fromEntries(timeouts.channels)];
  };
  t.strictSame(at('24h'), [86_400_000, {}]);
  t.strictSame(at('24h, web=1h,sms=90s,a=b=7d'), [86_400_000, { web: 3_600_000, sms: 90_000, 'a=b': 604_800_000 }]);
  t.strictSame(at('0,voice=5m'), [null, { voice: 300_000 }], '0 is never');
  for (const bad of [
    '',
    '24',
    'h',
    '1.5h',
    '-1h',
    'web=1h',
    '24h,24h',
    '24h,web=',
    '24h,=1h',
    '24h,web=1h,web=2h',
    '01h',
  ])
    t.equal(at(bad), null, bad);
});

t.test('keys from the command line, while a service holds the database and while none does', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'reports-keys-'));
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const run = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'dist/src/main.js'), ...args], {
      env: { PATH: process.env.PATH, DATA_DIR: dir },
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  };
  const account = '8a6e0804-2bd0-4672-b79d-d97027f9071a';
  const options = '--permission read write --bot shop door --name both --json'.split(' ');
  const made = run('keys', 'create', '--account', account, '--new-account', ...options); // starts a server, and stops it
  t.equal(made.status, 0, made.stderr);
  const { key_id, secret } = JSON.parse(made.stdout);
  t.match(secret, /^[A-Za-z0-9_-]{43}$/, '32 random bytes');

  const server = await startEmbedded({ dir }); // as a service holds it
  const [listed] = JSON.parse(run('keys', 'list', '--json').stdout);
  t.match(listed, {
    key_id,
    account_id: account,
    name: 'both',
    permissions: ['read', 'write'],
    bot_ids: ['shop', 'door'],
    team_ids: null,
  });
  t.notMatch(JSON.stringify(listed), secret);
  t.match(run('migrate').stdout, 'the schema is current');

  // The rest in this process.
  process.env.DATA_DIR = dir;
  t.teardown(() => delete process.env.DATA_DIR);
  const keys = async (...args: string[]) => {
    let printed = '';
    const command = keysCommand((text) => {
      printed += text;
    });
    await command.parseAsync(args, { from: 'user' });
    return printed;
  };
  t.match(await keys('revoke', key_id), `revoked ${key_id}`);
  await t.rejects(keys('revoke', key_id), { message: /there is no active key/ });
  t.match(await keys('list'), /bots shop, door {2}revoked/);
  await server.stop();
  await t.rejects(keys('create', '--account', 'acme'), { message: /--account acme is not a UUID/ });

  const refused = run('keys', 'create', '--account', account, '--permission', 'all');
  t.equal(refused.status, 1);
  t.match(refused.stderr, /Allowed choices are read, write, admin/);
});

t.test('the start names the command as it can be called', async (t) => {
  const dir = t.testdir({ 'conversation-reports': '' });
  t.equal(commandName({ PATH: `/nowhere:${dir}` }), 'conversation-reports', 'installed');
  t.equal(commandName({ PATH: '/nowhere' }), 'npx conversation-reports');
  t.equal(commandName({ PATH: dir, npm_execpath: '/npm' }), 'npx conversation-reports', 'npm has added the folder');
});
