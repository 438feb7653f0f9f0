import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { findEmbedded } from '../../database/embedded.js';
import { version } from '../../root.js';

/** What a demo was made of. */
interface Recipe {
  seed: number;
  until: number;
  conversations: number;
}

interface Folder {
  /** `key_id:secret`; the same at every start with this data. */
  key: string;
  /** Whether all of it was sent. */
  isComplete: boolean;
  /** Notes that all of it was sent. */
  complete(): void;
}

const NOTE = 'demo.json';

/**
 * Opens the folder of a demo, and empties it when it holds something else than this recipe makes. Only a folder that an
 * earlier demo made is emptied; throws for any other that is not empty, and while a demo runs in it.
 */
export function openFolder(dir: string, recipe: Recipe): Folder {
  const file = join(dir, NOTE);
  const wanted = JSON.stringify({ ...recipe, version });
  const note = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Note) : null;
  if (note === null && existsSync(dir) && readdirSync(dir).length > 0) {
    throw new Error(`${resolve(dir)} is not empty and not the folder of a demo: choose another with --dir`);
  }
  if (note !== null && findEmbedded(join(dir, 'data')) !== null) {
    throw new Error(`a demo runs in ${resolve(dir)} already: stop it, or choose another folder with --dir`);
  }
  const write = (next: Note) => writeFileSync(file, `${JSON.stringify(next)}\n`, { mode: 0o600 });
  if (note?.isComplete && note.recipe === wanted) return { key: note.key, isComplete: true, complete() {} };
  rmSync(join(dir, 'data'), { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  const fresh = { recipe: wanted, key: `demo:${randomBytes(32).toString('base64url')}`, isComplete: false };
  write(fresh);
  return { ...fresh, complete: () => write({ ...fresh, isComplete: true }) };
}

interface Note {
  recipe: string;
  key: string;
  isComplete: boolean;
}
