import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { ClientError, GraphQLClient } from 'graphql-request';
import t from 'tap';
import { root } from '../src/root.js';
import { send, type World, world } from './harness.js';

const run = promisify(execFile);

/** The service on a socket, with a conversation in it, and a key as the vendor's clients send it. */
async function listening(w: World) {
  const [app, key] = [await w.app({ timeouts: '0' }), await w.key()];
  await send(app, key, [
    {
      id: '1',
      type: 'message',
      sender: 'user',
      text: 'hello',
      time: '2024-01-08T10:00:00Z',
      conversation_id: 'c',
      conversation: { channel: 'web' },
    },
  ]);
  const plain = Buffer.from(key.slice(6), 'base64').toString().replace(':', '.');
  return { url: `${await app.listen({ port: 0 })}/v1/graphql`, authorization: `apikey ${plain}` };
}

t.test('a stock client: graphql-request', async (t) => {
  const { url, authorization } = await listening(await world(t));
  const client = new GraphQLClient(url, { headers: { authorization } });
  const query = 'query Q($ids: _text) { rows: sessions_per_channel(args: {}) { channel session_count } }';
  t.strictSame(await client.request(query.replace('($ids: _text)', '')), {
    rows: [{ channel: 'web', session_count: 1 }],
  });
  const error = await client.request(query).catch((thrown) => thrown);
  t.ok(error instanceof ClientError);
  t.match(error.response, { status: 200, errors: [{ extensions: { code: 'validation-failed' } }] });
  const bad = new GraphQLClient(url, { headers: { authorization: 'apikey nobody.x' } });
  const refused = await bad.request('{ __typename }').catch((thrown) => thrown);
  t.match(refused.response.errors, [{ extensions: { path: '$', code: 'access-denied' } }]);
});

/** A program whose types come from the schema alone; the lines marked wrong must not compile. */
const program = `
import { GraphQLClient } from 'graphql-request';
import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './schema-env.d.ts';

const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { uuid: string; _uuid: string | string[]; _text: string | string[]; timestamp: string; jsonb: unknown };
}>();

const query = graphql(\`
  query OpenClosed($from: timestamp, $to: timestamp, $channels: _text) {
    rows: open_closed_sessions_interval_counts_v2(
      args: { start_time: $from, end_time: $to, channels: $channels }
      order_by: { open_sessions: desc }
    ) { date: per_interval open_sessions closed_sessions }
  }
\`);

export async function count(url: string, authorization: string): Promise<[string | null, number | null][]> {
  const client = new GraphQLClient(url, { headers: { authorization } });
  const { rows } = await client.request(query, { from: '2024-01-08', to: '2024-01-10', channels: ['web', 'sms'] });
  return rows.map((row): [string | null, number | null] => [row.date, row.open_sessions]);
}

export async function misused(client: GraphQLClient) {
  const { rows } = await client.request(query, { channels: '{web}' });
  rows.map((row) => row.per_interval); // wrong: it is called date here
  await client.request(query, { channels: 7 }); // wrong: no list of texts
}
`;

t.test('a client that generates types from introspection: gql.tada', async (t) => {
  const { url, authorization } = await listening(await world(t));
  mkdirSync(join(root, '.tap'), { recursive: true });
  const dir = mkdtempSync(join(root, '.tap/tada-')); // within the project, where the packages are found
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const compilerOptions = {
    ...{ target: 'ES2023', module: 'NodeNext', strict: true, noEmit: true, skipLibCheck: true, types: ['node'] },
    ...{ allowImportingTsExtensions: true },
    plugins: [{ name: 'gql.tada/ts-plugin', schema: './schema.graphql', tadaOutputLocation: './schema-env.d.ts' }],
  };
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  writeFileSync(join(dir, 'package.json'), '{"type": "module"}');
  writeFileSync(join(dir, 'program.ts'), program);

  const tada = (...args: string[]) =>
    run(process.execPath, [join(root, 'node_modules/.bin/gql.tada'), ...args], { cwd: dir });
  await tada('generate-schema', '--header', `authorization: ${authorization}`, url);
  await tada('generate-output');
  t.match(readFileSync(join(dir, 'schema.graphql'), 'utf8'), /sessions_per_channel\(/);

  const checked = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', '.'], {
    cwd: dir,
  }).then(
    () => '',
    (error: { stdout: string }) => error.stdout,
  );
  const lines = program.split('\n');
  const wrong = lines.flatMap((line, n) => (line.includes('// wrong') ? [n + 1] : []));
  const found = [...checked.matchAll(/^program\.ts\((\d+),/gm)].map(([, line]) => Number(line));
  t.strictSame(found, wrong, checked);

  const outfile = join(dir, 'program.mjs');
  await build({ entryPoints: [join(dir, 'program.ts')], outfile, format: 'esm', logLevel: 'silent' });
  const { count } = await import(pathToFileURL(outfile).href);
  t.strictSame(await count(url, authorization), [
    ['2024-01-08T00:00:00', 1],
    ['2024-01-09T00:00:00', 0],
  ]);
});
