import { execFile, spawnSync } from 'node:child_process';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { root } from '../src/root.js';
import { world } from './harness.js';

/** Each sample of a client is run, where what it needs is there. */
const samples: { file: string; command: string[]; needs: string[] }[] = [
  { file: 'curl.sh', command: ['sh'], needs: ['curl', '--version'] },
  { file: 'python.py', command: ['python3'], needs: ['python3', '-c', 'import requests'] },
  { file: 'php.php', command: ['php'], needs: ['php', '--version'] },
  {
    file: 'typescript.ts',
    command: [process.execPath, join(root, 'node_modules/tsx/dist/cli.mjs')],
    needs: [process.execPath, '--version'],
  },
];

for (const { file, command, needs } of samples) {
  const [need = '', ...args] = needs;
  const isThere = spawnSync(need, args).status === 0;
  t.test(file, { skip: !isThere && `${needs.join(' ')} fails here` }, async (t) => {
    const w = await world(t);
    const [app, basic] = [await w.app(), await w.key()];
    await app.listen({ host: '127.0.0.1', port: 0 });
    const REPORTS_URL = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const KEY = Buffer.from(basic.slice('Basic '.length), 'base64').toString();
    const [program = '', ...rest] = command;
    const run = () =>
      promisify(execFile)(program, [...rest, join(root, 'samples/clients', file)], {
        cwd: root,
        env: { PATH: process.env.PATH, REPORTS_URL, KEY },
      });
    const first = await run();
    t.match(first.stdout, /2 new, 0 known|"accepted":2,"duplicates":0/, first.stderr);
    t.match(first.stdout, /2024-01-08T00:00:00Z[ ,]1\r?\n2024-01-09T00:00:00Z[ ,]0/);
    t.match((await run()).stdout, /0 new, 2 known|"accepted":0,"duplicates":2/, 'again, nothing changes');
  });
}
