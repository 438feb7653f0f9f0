import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { main } from '../service.js';

/**
 * Makes a folder for PATH with what a reader of the pages has installed: `npx conversation-reports` is this program, and curl
 * fails on a refusal, which a reader would see.
 */
export function commandsIn(folder: string): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  const curl = spawnSync('sh', ['-c', 'command -v curl'], { encoding: 'utf8' }).stdout.trim();
  const scripts = {
    npx: `[ "$1" = conversation-reports ] || { echo "npx $1 is not to be run here" >&2; exit 1; }
shift
exec "${process.execPath}" ${main.map((word) => `"${word}"`).join(' ')} "$@"`,
    curl: `exec ${curl} -sS --fail-with-body "$@"`,
  };
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}
