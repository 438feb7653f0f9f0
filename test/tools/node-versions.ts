/**
 * Runs the tests on other versions of Node than the one that this is started with: `npm run test:node`, or with the majors
 * and test files that are wanted, `npm run test:node -- 24 dist/test/time.test.js`. Each version is fetched from npm into a
 * folder that is deleted afterwards.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { root } from '../../src/root.js';

const wanted = process.argv.slice(2);
const files = wanted.filter((one) => !/^\d+$/.test(one));
const majors = wanted.length > files.length ? wanted.filter((one) => !files.includes(one)) : ['22', '24'];
const results: string[] = [];

for (const major of majors) {
  const dir = mkdtempSync(join(tmpdir(), `reports-node-${major}-`));
  try {
    const install = ['install', '--prefix', dir, '--no-audit', '--no-fund', `node@${major}`];
    if (spawnSync('npm', install, { cwd: dir, stdio: 'inherit' }).status !== 0)
      throw new Error(`no Node ${major} from npm`);
    const bin = join(dir, 'node_modules/node/bin');
    const version = spawnSync(join(bin, 'node'), ['--version'], { encoding: 'utf8' }).stdout.trim();
    process.stdout.write(`Node ${version}\n`);
    // First in the path too, for tests that start npm.
    const env = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
    const run = [join(root, 'dist/test/tools/run.js'), ...files];
    const { status } = spawnSync(join(bin, 'node'), ['--enable-source-maps', ...run], {
      cwd: root,
      env,
      stdio: 'inherit',
    });
    results.push(`Node ${version}: ${status === 0 ? 'passed' : 'failed'}`);
    if (status !== 0) process.exitCode = 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}
process.stdout.write(`${results.join('\n')}\n`);
