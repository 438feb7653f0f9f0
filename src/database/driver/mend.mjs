/**
 * Builds the driver that the service runs on: a copy of the installed `postgres` with the edits of edits.mjs. Part of
 * `npm run build`; `#postgres` in package.json names what it writes, so that every import gets this one copy (two would have
 * two `PostgresError`s). The driver is in the public domain (The Unlicense); its home is https://github.com/porsager/postgres.
 *
 * A copy made by the build, rather than a patch of node_modules, also reaches those who install the package, and those who
 * install without scripts.
 */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { edits, VERSION } from './edits.mjs';

/** The driver's files by name, with every edit made. Throws where one does not fit exactly once. */
export function mend(files, wanted = edits) {
  const mended = { ...files };
  for (const { file, why, old, now } of wanted) {
    const parts = (mended[file] ?? '').split(old);
    if (parts.length !== 2) {
      throw new Error(`the edit "${why}" fits ${parts.length - 1} times into the driver's ${file}, not once`);
    }
    mended[file] = parts.join(now);
  }
  return mended;
}

/** The source of the installed driver, by file name. Throws when it is of another version than the edits are made for. */
export function installed() {
  const home = join(dirname(createRequire(import.meta.url).resolve('postgres')), '../..');
  const { version } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  if (version !== VERSION) {
    throw new Error(
      `the driver's edits are for postgres ${VERSION}, and ${version} is installed: try test/driver.test.ts on it`,
    );
  }
  const folder = join(home, 'src');
  return Object.fromEntries(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const target = fileURLToPath(new URL('../../../dist/src/driver/', import.meta.url));
  const mended = mend(installed());
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  for (const [name, text] of Object.entries(mended)) writeFileSync(join(target, name), text);
  copyFileSync(new URL('incoming.mjs', import.meta.url), join(target, 'incoming.js'));
}
