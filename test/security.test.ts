import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { root } from '../src/root.js';
import { textOf } from './blocks.js';

t.test('the table of OWASP names ten risks, and tests that exist', async (t) => {
  const rows = [...textOf('docs/security.md').matchAll(/^\| (API\d+) (.*?) \| (.*) \| (.*) \|$/gm)];
  t.strictSame(
    rows.map(([, risk]) => risk),
    Array.from({ length: 10 }, (_, n) => `API${n + 1}`),
  );
  for (const [, risk = '', , , tests = ''] of rows) {
    const files = [...tests.matchAll(/`([\w.-]+)`/g)].map(([, file]) => file as string);
    t.ok(files.length > 0, risk);
    for (const file of files) t.ok(existsSync(join(root, 'test', file)), `${risk} names ${file}`);
  }
});

t.test('the service sends no requests: nothing of it imports a client of HTTP', async (t) => {
  const src = join(root, 'src');
  /** Programs of their own, a function that runs in a page, and the listener of the metrics, which makes a server. */
  const may = ['cli/import/', 'client/', 'routes/docs.ts', 'cli/demo/', 'metrics/listener.ts'];
  const sends = /\bfetch\(|\bhttps?\.request\(|from ['"](?:node:)?(?:https?|http2|undici|dgram|tls)['"]/;
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
  const typesAlone = (text: string) =>
    text.replace(/^import type .*$|^import \{(?: type [A-Za-z]+,?)+ \} from .*$/gm, '');
  const found = files.filter((file) => sends.test(typesAlone(readFileSync(join(src, file), 'utf8'))));
  t.ok(
    found.some((file) => file.startsWith('client/')),
    'it would be found',
  );
  const others = found.filter((file) => !may.some((start) => file.startsWith(start)));
  // Of node:http these take names of statuses, methods or types.
  t.strictSame(
    others.filter(
      (file) => !/import \{ (?:STATUS_CODES|METHODS) \} from 'node:http'/.test(readFileSync(join(src, file), 'utf8')),
    ),
    [],
  );
});

t.test('the list of parts has what the package runs with and what is bundled, and nothing of a machine', async (t) => {
  const file = join(t.testdir(), 'sbom.json');
  execFileSync(process.execPath, [join(root, 'scripts/sbom.mjs'), file], { encoding: 'utf8' });
  const text = readFileSync(file, 'utf8');
  const bom = JSON.parse(text) as {
    bomFormat: string;
    metadata: { component: { name: string; version: string } };
    components: { name: string; version: string; purl: string }[];
  };
  const { name, version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  t.equal(bom.bomFormat, 'CycloneDX');
  t.match(bom.metadata.component, { name, version });
  const parts = new Set(
    bom.components.map(({ purl }) => decodeURIComponent(purl).replace(/^pkg:npm\/(.*)@[^@]*$/, '$1')),
  );
  for (const needed of Object.keys(dependencies)) t.ok(parts.has(needed), needed);
  for (const bundled of ['preact', 'uplot', 'd3-sankey', 'graphiql', 'react']) t.ok(parts.has(bundled), bundled);
  for (const tool of ['tap', 'typescript', '@biomejs/biome']) t.notOk(parts.has(tool), `not ${tool}`);
  const addresses = [...text.matchAll(/https?:\/\/[^"\s]+/g)].map(([address]) => address);
  t.strictSame([...new Set(addresses)], ['http://cyclonedx.org/schema/bom-1.5.schema.json']);
  for (const place of [root, process.env.HOME ?? root])
    t.notOk(text.includes(`${place.replace(/\/$/, '')}/`), 'no path of this machine');
});
