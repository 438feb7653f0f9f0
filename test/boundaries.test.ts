import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';

/** Which part of src may import which, and which packages are theirs alone. docs/architecture.md says why. */
const mayUse: Record<string, string[]> = {
  main: ['cli', 'root'],
  cli: ['app', 'auth', 'config', 'database', 'queries', 'errors', 'log', 'root', 'routes'],
  app: ['auth', 'contract', 'database', 'errors', 'http', 'queries', 'routes'],
  routes: ['auth', 'contract', 'database', 'errors', 'http', 'queries', 'root'],
  http: ['auth', 'database', 'errors', 'queries'],
  auth: ['database', 'errors', 'queries'],
  queries: ['database', 'errors'],
  config: ['queries'],
  contract: ['root'],
  log: ['errors'],
  database: ['errors', 'root'],
  errors: [],
  root: [],
};
const noPackage: Record<string, RegExp> = {
  queries: /^(fastify|@fastify\/|graphql-jit|graphql)/,
  database: /^(fastify|@fastify\/|graphql-jit|graphql|@sinclair\/)/,
};

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const partOf = (file: string) => file.split('/')[0]?.replace(/\.ts$/, '') ?? '';

t.test('imports follow the architecture', async (t) => {
  t.ok(files.length > 20, 'the sources are there');
  for (const file of files) {
    const part = partOf(file);
    const allowed = mayUse[part];
    if (allowed === undefined) {
      t.fail(`${file}: ${part} has no place in the architecture`);
      continue;
    }
    for (const [, name = ''] of readFileSync(join(src, file), 'utf8').matchAll(
      /^(?:import|export)\s[^;]*?from '([^']+)'/gms,
    )) {
      if (!name.startsWith('.')) {
        if (noPackage[part]?.test(name)) t.fail(`${file} imports ${name}`);
        continue;
      }
      const target = relative(src, resolve(src, file, '..', name));
      const other = partOf(target.replace(/\.js$/, '.ts'));
      if (other !== part && !allowed.includes(other)) t.fail(`${file} imports ${target}`);
      if (part === 'routes' && other === 'routes') {
        const [own, theirs] = [file.split('/'), target.split('/')];
        if (own.length > 2 && theirs.length > 2 && own[1] !== theirs[1])
          t.fail(`${file} imports another dialect: ${target}`);
      }
    }
  }
});

t.test('there is one copy of the driver, the mended one', async (t) => {
  const all = ['src', 'test', 'bench'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((file) => file.endsWith('.ts') && file !== 'database/postgres.d.ts')
      .map((file) => `${folder}/${file}`),
  );
  const plain = all.filter((file) => /['"]postgres['"]/.test(importsOf(readFileSync(join(root, file), 'utf8'))));
  t.strictSame(plain, [], 'two would have two PostgresErrors: import #postgres');
  // Faults that are not mended: a cursor ends as if complete, a reserved connection may be lost.
  const risky = files.filter((file) => /\.(cursor|reserve)\(/.test(readFileSync(join(src, file), 'utf8')));
  t.strictSame(risky, [], 'no cursors and no reserved connections of the driver');
});

const importsOf = (text: string) =>
  [...text.matchAll(/^(?:import|export)\s[^;]*?from ('[^']+')|import\(('[^']+')\)/gms)].map(([all]) => all).join('\n');

t.test('only commands touch the environment, and what starts a server passes PATH on', async (t) => {
  const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(src, file), 'utf8')));
  t.ok(
    readers.every((file) => file.startsWith('cli/') || file === 'database/embedded/identity.ts'),
    `${readers}`,
  );
});
