import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { root } from '../src/root.js';
import { world } from './harness.js';
import { isFull } from './tools/form.js';
import { runScript } from './tools/script.js';

/**
 * Two more generators take openapi.yaml, and their clients compile and call. (clients.test.ts has openapi-typescript and
 * @hey-api/openapi-ts.) They are heavy, so the long form alone installs them, from test/generators.
 */

const batch = `{ events: [{ id: '1', type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'c',
  conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' } }] }`;
const range = `{ version: 'LIVE', start_time: '2024-01-08', end_time: '2024-01-09', bucket: '1d' as const }`;
const query = `{ dataset: 'conversations', start_time: '2024-01-08', end_time: '2024-01-09', measures: ['conversations'] }`;

/** What each client is asked: events, a series, the same as CSV, a query, and a key that is made and revoked. */
const users = {
  orval: `
import * as api from './orval.js';
const [url = '', key = ''] = process.argv.slice(2);
const plain = globalThis.fetch;
globalThis.fetch = (path, init) => plain(url + path, init); // it has no base address
const options = { headers: { authorization: 'Bearer ' + key } };
const sent = await api.sendEvents(${batch}, options);
const series = await api.analyticsGetConversations('shop', ${range}, options);
const rows = await api.query(${query}, {}, options);
const made = await api.createKey({ permissions: ['read'] }, options);
const gone = made.status === 201 ? await api.revokeKey(made.data.key_id, options) : made;
const sum = series.status === 200 && typeof series.data === 'object' ? series.data.data.series[0]?.sum : null;
const count = rows.status === 200 && typeof rows.data === 'object' ? rows.data.rows : null;
process.stdout.write(JSON.stringify([sent.status, sent.data, sum, count, made.status, gone.status]));
`,
  'swagger-typescript-api': `
import { Api } from './swagger-typescript-api.js';
const [url = '', key = ''] = process.argv.slice(2);
const api = new Api({ baseUrl: url, baseApiParams: { headers: { authorization: 'Bearer ' + key } } });
const sent = await api.v1.sendEvents(${batch});
const series = await api.v1.analyticsGetConversations('shop', ${range});
const rows = await api.v1.query(${query});
const made = await api.v1.createKey({ permissions: ['read'] });
const gone = await api.v1.revokeKey(made.data.key_id);
process.stdout.write(JSON.stringify([sent.status, sent.data, series.data.data.series[0]?.sum, rows.data.rows, made.status, gone.status]));
`,
};

t.test(
  'clients of orval and swagger-typescript-api compile and call',
  { skip: !isFull && 'the long form installs them' },
  async (t) => {
    const packages = join(root, '.tap/generators');
    mkdirSync(packages, { recursive: true });
    for (const name of ['package.json', 'package-lock.json'])
      copyFileSync(join(root, 'test/generators', name), join(packages, name));
    await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--silent'], {
      cwd: packages,
    });
    const dir = mkdtempSync(join(root, '.tap/generated-'));
    t.teardown(() => rmSync(dir, { recursive: true, force: true }));
    const script = (path: string, ...args: string[]) =>
      runScript(join('../.tap/generators/node_modules', path), ...args);
    const generated = await Promise.all([
      script(
        'orval/dist/bin/orval.js',
        '--input',
        'openapi.yaml',
        '--output',
        join(dir, 'orval.ts'),
        '--client',
        'fetch',
      ),
      script(
        'swagger-typescript-api/dist/cli.mjs',
        'generate',
        '-p',
        'openapi.yaml',
        '-o',
        dir,
        '-n',
        'swagger-typescript-api.ts',
      ),
    ]);
    for (const { code, stdout, stderr } of generated) t.equal(code, 0, stdout + stderr);
    for (const [name, text] of Object.entries(users)) writeFileSync(join(dir, `use-${name}.ts`), text);
    const compilerOptions = {
      ...{ strict: true, target: 'ES2022', lib: ['ES2023', 'DOM', 'DOM.Iterable'], module: 'NodeNext' },
      ...{ types: ['node'], typeRoots: [join(root, 'node_modules/@types')], outDir: 'js' },
    };
    writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
    const compiled = await runScript('typescript/bin/tsc', '--project', dir);
    t.equal(compiled.code, 0, compiled.stdout);
    const stored = { accepted: 1, duplicates: 0 };
    for (const [name, said] of [
      ['orval', [200, stored, 1, [[1]], 201, 204]],
      ['swagger-typescript-api', [200, stored, 1, [[1]], 201, 204]],
    ] as const) {
      const w = await world(t);
      const [app, basic] = [await w.app(), await w.key()];
      await app.listen({ host: '127.0.0.1', port: 0 });
      const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
      const key = Buffer.from(basic.slice('Basic '.length), 'base64').toString();
      const used = await runScript(join('..', dir.slice(root.length), 'js', `use-${name}.js`), url, key);
      t.equal(used.code, 0, used.stderr);
      t.strictSame(JSON.parse(used.stdout || 'null'), said, name);
    }
  },
);
