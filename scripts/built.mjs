// Builds what is not built, or is older than its source. `npm start` runs it, also in a folder that it may not write to.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';

const isBuilt = existsSync('dist/src/main.js'); // without sources, as it is packed, that is enough
const builtAt = existsSync('dist/built') ? statSync('dist/built').mtimeMs : 0;

function newest(folder) {
  const times = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => statSync(`${entry.parentPath ?? entry.path}/${entry.name}`).mtimeMs);
  return Math.max(0, ...times);
}

const isOld = existsSync('src') && newest('src') > builtAt;
if (!isBuilt || isOld) {
  if (isBuilt) process.stderr.write('the sources have changed since the last build: building\n');
  const { status } = spawnSync('npm', ['run', '-s', 'build'], { stdio: 'inherit' });
  if (status !== 0) {
    process.stderr.write('the build failed: run "npm ci", which builds, as a user who may write to this folder\n');
    process.exit(1);
  }
}
