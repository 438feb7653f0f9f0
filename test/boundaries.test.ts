import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';

/**
 * Which part of src may import which: the table in docs/architecture.md, whose first column names parts and whose last names
 * what they may import. The page and this test have no second copy of it.
 */
const rows = readFileSync(join(root, 'docs/architecture.md'), 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('| `src/'))
  .map((line) => line.split('|').slice(1, -1));
const namesIn = (cell = '') => [...cell.matchAll(/`(?:src\/)?([a-z]+)(?:\.ts)?`/g)].map(([, name = '']) => name);
const mayUse = new Map(rows.flatMap((row) => namesIn(row[0]).map((part) => [part, namesIn(row.at(-1))] as const)));
/** Packages that a part may not import. */
const noPackage: Record<string, RegExp> = {
  queries: /^(fastify|@fastify\/|graphql-jit|graphql)/,
  database: /^(fastify|@fastify\/|graphql-jit|graphql|@sinclair\/)/,
};

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const partOf = (file: string) => file.split('/')[0]?.replace(/\.[jt]s$/, '') ?? '';

/** The modules that a source imports: `import x from`, `export from`, `import './x.js'` and `import('./x.js')`. */
const importsOf = (text: string) =>
  [
    ...text.matchAll(
      /^(?:import|export)\s[^;'"]*?from\s*['"]([^'"]+)['"]|^import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]/gm,
    ),
  ].map(([, from, bare, dynamic]) => (from ?? bare ?? dynamic) as string);

t.test('every form of import is seen', async (t) => {
  const text = [
    "import a, { type b } from './a.js';",
    "import {\n  c,\n} from './c.js';",
    "export * from './d.js';",
    "import './e.js'; // bare",
    "const f = await import('./f.js');",
  ].join('\n');
  t.strictSame(importsOf(text), ['./a.js', './c.js', './d.js', './e.js', './f.js']);
});

t.test('the table of docs/architecture.md names every part of src and nothing else', async (t) => {
  const parts = new Set(files.map(partOf));
  for (const part of parts) t.ok(mayUse.has(part), `docs/architecture.md has a row for ${part}`);
  for (const [part, allowed] of mayUse) {
    for (const name of [part, ...allowed]) t.ok(parts.has(name), `the row of ${part} names ${name}, which is in src`);
  }
});

t.test('no row allows an import that no file needs', async (t) => {
  const used = new Set(files.flatMap((file) => targetsOf(file).map((target) => `${partOf(file)} ${partOf(target)}`)));
  for (const [part, allowed] of mayUse) {
    for (const name of allowed)
      t.ok(used.has(`${part} ${name}`), `the row of ${part} allows ${name}, and a file uses it`);
  }
});

/** The files of src that a file imports. */
const targetsOf = (file: string) =>
  importsOf(readFileSync(join(src, file), 'utf8'))
    .filter((name) => name.startsWith('.'))
    .map((name) => relative(src, resolve(src, file, '..', name)));

t.test('imports follow the architecture', async (t) => {
  t.ok(files.length > 20, 'the sources are there');
  for (const file of files) {
    const part = partOf(file);
    for (const name of importsOf(readFileSync(join(src, file), 'utf8'))) {
      if (!name.startsWith('.') && noPackage[part]?.test(name)) t.fail(`${file} imports ${name}`);
    }
    for (const target of targetsOf(file)) {
      const other = partOf(target);
      if (other !== part && !mayUse.get(part)?.includes(other)) t.fail(`${file} imports ${target}`);
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
  const plain = all.filter((file) => importsOf(readFileSync(join(root, file), 'utf8')).includes('postgres'));
  t.strictSame(plain, [], 'two would have two PostgresErrors: import #postgres');
  // Faults that are not mended: a cursor ends as if complete, a reserved connection may be lost.
  const risky = files.filter((file) => /\.(cursor|reserve)\(/.test(readFileSync(join(src, file), 'utf8')));
  t.strictSame(risky, [], 'no cursors and no reserved connections of the driver');
});

t.test('only commands touch the environment, and what starts a server passes PATH on', async (t) => {
  const readers = files.filter((file) => /process\.env\b/.test(readFileSync(join(src, file), 'utf8')));
  t.ok(
    readers.every((file) => file.startsWith('cli/') || file === 'database/embedded/identity.ts'),
    `${readers}`,
  );
});
