import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import t from 'tap';
import { createKey } from '../src/auth/keys.js';
import { createLink } from '../src/auth/links.js';
import { readContract } from '../src/contract.js';
import { requestErasure } from '../src/queries/erasure/erasures.js';
import { root } from '../src/root.js';
import { type Document, operationsOf, type Place } from './contract/document.js';
import { type World, world } from './harness.js';
import { runScript } from './tools/script.js';

/** The account that the contract's examples are of. */
const ACCOUNT = '8a6e0804-2bd0-4672-b79d-d97027f9071a';

/** Those that send come first: the others ask for what they sent. Those that delete come last. */
const turn = ({ method, operation }: Place) =>
  operation.operationId === 'sendEvents' ? 0 : method === 'delete' ? 2 : 1;
const operations = operationsOf(readContract().document as Document).sort((a, b) => turn(a) - turn(b));

/** What an operation is asked with by the examples of the contract, without what it does not take. */
function exampleOf({ operation }: Place, nth = 0): { path?: object; query?: object; body?: unknown } {
  const asked: Record<string, unknown> = {};
  for (const place of ['path', 'query']) {
    const given = operation.parameters?.filter((one) => one.in === place && one.example !== undefined) ?? [];
    if (given.length > 0) asked[place] = Object.fromEntries(given.map(({ name, example }) => [name, example]));
  }
  const { example, examples = {} } = operation.requestBody?.content['application/json'] ?? {};
  const body = example ?? Object.values(examples)[nth]?.value;
  return body === undefined ? asked : { ...asked, body };
}

/** The operations with a body, once for each of its further examples. */
const furtherExamples = operations.flatMap((place) =>
  Object.keys(place.operation.requestBody?.content['application/json']?.examples ?? {})
    .slice(1)
    .map((_, n) => ({ place, nth: n + 1 })),
);

/** A line for each operation, in the language of a client. */
const callsOf = (call: (place: Place) => string) =>
  operations.map((place) => `    ${place.operation.operationId}: () => ${call(place)},`).join('\n');

const withOpenapiFetch = `
import createClient, { type Client } from 'openapi-fetch';
import type { paths } from './schema.js';

type Json = 'application/json' | 'application/problem+json'; // answers can be CSV too: these are the ones to be had

export const calls = (baseUrl: string, key: string) => {
  const client = createClient<paths, Json>({ baseUrl, headers: { authorization: 'Basic ' + btoa(key) } });
  return {
${callsOf((place) => {
  const { body, ...params } = exampleOf(place);
  const init = { ...(Object.keys(params).length > 0 ? { params } : {}), body };
  return `client.${place.method.toUpperCase()}('${place.path}', ${JSON.stringify(init)})`;
})}
  };
};

/** Only compiled: every example of a body is of the type of the body. */
export const further = (client: Client<paths, Json>) => [
${furtherExamples
  .map(({ place, nth }) => {
    const { body, ...params } = exampleOf(place, nth);
    const init = { ...(Object.keys(params).length > 0 ? { params } : {}), body };
    return `  () => client.${place.method.toUpperCase()}('${place.path}', ${JSON.stringify(init)}),`;
  })
  .join('\n')}
];

export async function sum(client: Client<paths, Json>): Promise<number | undefined> {
  const path = { bot_id: 'shop' };
  const query = { version: 'LIVE', start_time: '2024-01-08', end_time: '2024-01-09' };
  const { data, error } = await client.GET('/v1/bots/{bot_id}/conversations', { params: { path, query } });
  if (error) throw new Error(error.errors.map((fault) => fault.path + ' ' + fault.message).join());
  // @ts-expect-error what is needed is needed
  await client.GET('/v1/bots/{bot_id}/conversations', { params: { path, query: { ...query, version: undefined } } });
  // @ts-expect-error a bucket is one of three
  await client.GET('/v1/bots/{bot_id}/conversations', { params: { path, query: { ...query, bucket: '2d' } } });
  return data.data.series[0]?.sum;
}
`;

const withHeyApi = `
import { createClient } from './hey/client/index.js';
import * as sdk from './hey/index.js';

export const calls = (baseUrl: string, key: string) => {
  const client = createClient({ baseUrl, auth: ({ scheme }) => (scheme === 'basic' ? key : undefined) });
  return {
${callsOf((place) => `sdk.${camelCase(place.operation.operationId)}({ client, ...${JSON.stringify(exampleOf(place))} })`)}
  };
};

export async function sum(): Promise<number | undefined> {
  const query = { version: 'LIVE', start_time: '2024-01-08', end_time: '2024-01-09' };
  const { data } = await sdk.analyticsGetConversations({ path: { bot_id: 'shop' }, query });
  // @ts-expect-error what is needed is needed
  await sdk.analyticsGetConversations({ query });
  return data?.data.series[0]?.sum;
}
`;

/** The name that the generator gives to an operation. */
function camelCase(id: string): string {
  const [first = '', ...more] = id.split('_').map((word) => word.charAt(0).toLowerCase() + word.slice(1));
  return first + more.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('');
}

const settings = {
  compilerOptions: {
    strict: true,
    target: 'ES2022',
    lib: ['ES2023', 'DOM', 'DOM.Iterable'],
    module: 'NodeNext',
    types: [],
    outDir: 'js',
  },
  include: ['*.ts', 'hey'],
};

type Calls = (
  baseUrl: string,
  key: string,
) => Record<string, () => Promise<{ data?: unknown; error?: unknown; response: Response }>>;

/** Makes the key, the link, the source, the hook and the erasure that the contract's examples name. One call deletes the source. */
async function asInExamples({ db, sql }: World): Promise<void> {
  const parameters = operations.flatMap(({ operation }) => operation.parameters ?? []);
  const example = (name: string) => String(parameters.find((one) => one.name === name)?.example);
  const reader = { account_id: ACCOUNT, name: '', permissions: ['read' as const], team_ids: null, bot_ids: null };
  await createKey(db, { ...reader, key_id: example('key_id') });
  const { key_id } = await createKey(db, reader);
  await createLink(db, { account_id: ACCOUNT, key_id }, { name: '', expires: null, report: '/v1/bots', query: null });
  const token_hash = createHash('sha256').update(example('token')).digest();
  await sql`update links set link_id = ${example('link_id')}, token_hash = ${token_hash}`;
  await requestErasure(db, ACCOUNT, key_id, 'somebody');
  await sql`update erasures set erasure_id = ${example('erasure_id')}`;
  const other = Buffer.alloc(32);
  const writer = await createKey(db, { ...reader, permissions: ['write'] });
  await sql`
    insert into sources (account_id, source, key_id, token_hash, preset, prefix, attributes) values
      (${ACCOUNT}, ${example('source')}, ${writer.key_id}, ${other}, 'chatwoot', '', '{}'),
      (${ACCOUNT}, 'another', ${writer.key_id}, ${token_hash}, 'chatwoot', '', '{}')`;
}

t.test('clients that two generators make of openapi.yaml compile, and make each call', async (t) => {
  mkdirSync(join(root, '.tap'), { recursive: true });
  const dir = mkdtempSync(join(root, '.tap/clients-')); // within the project, where openapi-fetch is found
  t.teardown(() => rmSync(dir, { recursive: true, force: true }));
  const generated = await Promise.all([
    runScript('openapi-typescript/bin/cli.js', 'openapi.yaml', '--output', join(dir, 'schema.ts')),
    runScript(
      '@hey-api/openapi-ts/bin/run.js',
      ...['--input', 'openapi.yaml', '--output', join(dir, 'hey'), '--client', '@hey-api/client-fetch', '--silent'],
    ),
  ]);
  for (const { code, stderr } of generated) t.equal(code, 0, stderr);
  writeFileSync(join(dir, 'openapi-fetch.ts'), withOpenapiFetch);
  writeFileSync(join(dir, 'hey-api.ts'), withHeyApi);
  writeFileSync(join(dir, 'tsconfig.json'), JSON.stringify(settings));
  const compiled = await runScript('typescript/bin/tsc', '--project', dir);
  t.equal(compiled.code, 0, compiled.stdout);

  for (const name of ['openapi-fetch', 'hey-api']) {
    const w = await world(t);
    const [app, key] = [await w.app(), await w.key({ account_id: ACCOUNT })];
    await asInExamples(w);
    await app.listen({ host: '127.0.0.1', port: 0 });
    const { calls } = (await import(pathToFileURL(join(dir, 'js', `${name}.js`)).href)) as { calls: Calls };
    const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
    const made = calls(url, Buffer.from(key.slice('Basic '.length), 'base64').toString());
    t.equal(Object.keys(made).length, operations.length);
    for (const [operation, call] of Object.entries(made)) {
      const { data, error, response } = await call();
      t.equal(
        Math.floor(response.status / 100),
        2,
        `${name}: ${operation} ${response.status} ${JSON.stringify(error)}`,
      );
      if (response.status !== 204) t.type(data, 'object', `${name}: ${operation} gives its answer`);
    }
  }
});
