// Writes the types of src/client from openapi.yaml, and the declarations that a user of the package reads. `npm run build`
// runs it; it does nothing where they are newer than what they are made of.
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';

const timeOf = (file) => (existsSync(file) ? statSync(file).mtimeMs : 0);

function run(script, ...args) {
  const { status } = spawnSync(process.execPath, [`node_modules/${script}`, ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) process.exit(1);
}

const types = 'src/client/schema.d.ts';
if (timeOf(types) <= timeOf('openapi.yaml')) run('openapi-typescript/bin/cli.js', 'openapi.yaml', '--output', types);

const out = 'dist/src/client';
const sources = readdirSync('src/client').map((name) => timeOf(`src/client/${name}`));
if (timeOf(`${out}/schema.d.ts`) <= Math.max(...sources)) {
  mkdirSync(out, { recursive: true });
  const options =
    '--declaration --emitDeclarationOnly --skipLibCheck --target ES2023 --lib ES2023,DOM --module NodeNext';
  run(
    'typescript/bin/tsc',
    'src/client/index.ts',
    '--outDir',
    out,
    '--types',
    'node',
    ...options.split(' '),
    '--strict',
  );
  copyFileSync(types, `${out}/schema.d.ts`);
}
