import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';
import { launch, portOf } from './service.js';
import { askForPages } from './tools/pages.js';

/** What is packed is proven by asking it. The image by `npm run test:container`, which takes longer; here the tarball. */
t.test('the npm tarball serves every page and asset of the source, and its log is clean', async (t) => {
  const base = mkdtempSync(join(tmpdir(), 'reports-packed-'));
  t.teardown(() => rmSync(base, { recursive: true, force: true }));
  // Without scripts: it is built already, and other tests run from what a build would write anew.
  const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', base], {
    cwd: root,
    encoding: 'utf8',
  });
  t.equal(packed.status, 0, packed.stderr);
  t.equal(spawnSync('tar', ['-xzf', packed.stdout.trim(), '-C', base], { cwd: base }).status, 0);
  const app = join(base, 'package');
  symlinkSync(join(root, 'node_modules'), join(app, 'node_modules'));
  const data = join(base, 'data');
  mkdirSync(data);
  const service = launch(process.execPath, ['--enable-source-maps', join(app, 'dist/src/main.js'), 'serve'], base, {
    DATA_DIR: data,
    PORT: '0',
  });
  t.teardown(() => service.child.kill('SIGKILL'));
  const count = await askForPages(`http://127.0.0.1:${await portOf(service)}`);
  t.ok(count > 15, `${count} pages and assets`);
  service.child.kill('SIGTERM');
  t.equal(await service.ended, 0);
  t.notMatch(service.said(), /"level":[456]0|warning/i, 'no line of its log is a warning');
});

t.test('what needs a newer Node is not installed by who installs the tarball', async (t) => {
  // Overrides would hold here alone: npm reads those of the project that it is run in.
  const { overrides, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  t.equal(overrides, undefined);
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const modern = Object.entries(lock.packages as Record<string, { dev?: boolean; engines?: { node?: string } }>)
    .filter(([, one]) => !one.dev && /^>=\s*(2[1-9]|[3-9]\d)/.test(one.engines?.node ?? ''))
    .map(([path]) => path);
  t.strictSame(modern, []);
  for (const name of ['@fastify/static', 'light-my-request']) {
    t.match(dependencies[name], /^\d/, `${name} is held: later ones want what needs Node 22`);
  }
});

t.test('the image copies what the source serves', async (t) => {
  const dockerfile = readFileSync(join(root, 'Dockerfile'), 'utf8');
  const last = dockerfile.slice(dockerfile.lastIndexOf('FROM '));
  for (const path of [
    'dist/src',
    'dist/graphiql',
    'dist/web',
    'public',
    'db',
    'openapi.yaml',
    'package.json',
    'node_modules',
  ]) {
    t.match(last, new RegExp(`^COPY .*\\b${path.replace('.', '\\.')}\\b`, 'm'), path);
  }
  const context = readFileSync(join(root, '.dockerignore'), 'utf8');
  for (const name of ['public', 'db', 'src', 'web', 'openapi.yaml']) t.match(context, `\n!${name}\n`);
});

t.test('a container is run with an init, and with the time that a stop needs', async (t) => {
  // As the first process of a container, Node does not hear a signal before its first module runs.
  for (const file of ['docs/operators.md', 'Dockerfile']) {
    const lines = readFileSync(join(root, file), 'utf8').match(/^.*docker run .*$/gm) ?? [];
    t.ok(lines.length > 0, file);
    for (const line of lines)
      t.match(line, /--init .*--stop-timeout 30|--stop-timeout 30 .*--init/, `${file}: ${line}`);
  }
  const compose = readFileSync(join(root, 'compose.yaml'), 'utf8');
  t.match(compose, /^ {4}init: true$/m);
  t.match(compose, /^ {4}stop_grace_period: 30s/m);
});

t.test('the version is the same wherever it stands', async (t) => {
  const read = (file: string) => readFileSync(join(root, file), 'utf8');
  const { version } = JSON.parse(read('package.json'));
  t.match(version, /^\d+\.\d+\.\d+$/);
  const lock = JSON.parse(read('package-lock.json'));
  t.equal(lock.version, version);
  t.equal(lock.packages[''].version, version);
  t.match(read('openapi.yaml'), `\n  version: ${version}\n`);
  const [, latest] = /^## \[(\d+\.\d+\.\d+)\] - \d{4}-\d\d-\d\d$/m.exec(read('CHANGELOG.md')) ?? [];
  t.equal(latest, version, 'the changelog has it as its latest release');
  const { stdout } = spawnSync(process.execPath, [join(root, 'dist/src/main.js'), '--version'], { encoding: 'utf8' });
  t.equal(stdout.trim(), version);
});
