// Builds the dashboard into dist/web: one script and one style sheet, named by what is in them, and their compressed copies.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { build } from 'esbuild';

const from = import.meta.dirname;
const to = join(from, '../dist/web');

await rm(to, { recursive: true, force: true });
await mkdir(join(to, 'dashboard'), { recursive: true });
const { metafile } = await build({
  entryPoints: [join(from, 'main.tsx')],
  outdir: join(to, 'dashboard'),
  entryNames: '[name]-[hash]',
  bundle: true,
  minify: true,
  metafile: true,
  format: 'esm',
  target: ['es2022'],
  jsx: 'automatic',
  jsxImportSource: 'preact',
  legalComments: 'none',
  logLevel: 'warning',
});
const names = Object.keys(metafile.outputs).map((file) => basename(file));
const named = (type) => `dashboard/${names.find((name) => name.endsWith(type))}`;
const page = await readFile(join(from, 'index.html'), 'utf8');
await writeFile(join(to, 'index.html'), page.replace('style.css', named('.css')).replace('main.js', named('.js')));

const compress = {
  '.br': (text) =>
    promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY } }),
  '.gz': (text) => promisify(gzip)(text, { level: 9 }),
};
for (const name of await readdir(join(to, 'dashboard'))) {
  const text = await readFile(join(to, 'dashboard', name));
  for (const [ending, work] of Object.entries(compress)) {
    await writeFile(join(to, 'dashboard', name + ending), await work(text));
  }
}
