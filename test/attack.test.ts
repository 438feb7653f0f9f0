import { gzipSync } from 'node:zlib';
import t from 'tap';
import { readContract } from '../src/contract.js';
import { type Document, inline, operationsOf, type Schema } from './contract/document.js';
import { ACCOUNT, ask, world } from './harness.js';
import { inForm } from './tools/form.js';

const REQUESTS = inForm(600, 20_000);
const SEED = Number(process.env.SEED ?? Date.now() % 1_000_000);
const AT_ONCE = 8;

let state = SEED;
const random = () => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
  return state / 2 ** 32;
};
const below = (count: number) => Math.floor(random() * count);
const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T;

const hostile = [
  '',
  ' ',
  '\u0000',
  '__proto__',
  'constructor',
  "' or 1=1 --",
  '%',
  '{',
  '9'.repeat(40),
  '-1',
  '1e999',
  'NaN',
  'x'.repeat(5_000),
  '\u202e',
  'null',
  '$where',
  '2024-13-45',
  '../..',
  'a,b\\,c',
];
const times = ['2024-01-08', '2024-01-09', '2024-01-08T09:15:00Z', '2024-02-01', '2025-01-01T00:00:00+02:00'];

/** A text for a parameter: by its schema, or now and then by spite. */
function textFor(name: string, schema: Schema, spite: number): string {
  if (random() < spite) return pick(hostile);
  if (/_time$/.test(name)) return pick(times);
  if (Array.isArray(schema.enum)) return String(pick(schema.enum as unknown[]));
  if (schema.type === 'integer') return String(1 + below(200));
  return (
    {
      time_zone: 'Europe/Helsinki',
      bot_id: 'shop',
      conversation_id: `c${below(50)}`,
      team_id: 'blue',
      version: 'LIVE',
      organization_id: ACCOUNT,
      group_by: 'channel_type',
    }[name] ?? pick(['web', 'sms', 'en', 'ann'])
  );
}

/** A JSON value by a schema, or now and then by spite. */
function valueFor(name: string, schema: Schema | undefined, spite: number, level = 0): unknown {
  if (schema === undefined || level > 6 || random() < spite)
    return pick<unknown>([...hostile, null, [], {}, 1e15, -1, true]);
  if (/time$|^(start|end)$/.test(name)) return pick(times.slice(2));
  if (schema.const !== undefined) return schema.const;
  if (Array.isArray(schema.enum)) return pick(schema.enum as unknown[]);
  const choices = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined;
  if (choices !== undefined) return valueFor(name, pick(choices), spite, level + 1);
  const parts = (schema.allOf ?? []) as Schema[];
  const properties = Object.assign({}, schema.properties, ...parts.map((part) => part.properties)) as Record<
    string,
    Schema
  >;
  const required = [schema, ...parts].flatMap((part) => (part.required ?? []) as string[]);
  const type = [schema.type].flat().find((one) => one !== 'null') as string | undefined;
  if (Object.keys(properties).length > 0) {
    const names = Object.keys(properties).filter((key) => required.includes(key) || random() < 0.3);
    return Object.fromEntries(names.map((key) => [key, valueFor(key, properties[key], spite, level + 1)]));
  }
  if (type === 'array')
    return Array.from({ length: 1 + below(3) }, () => valueFor('', schema.items as Schema, spite, level + 1));
  if (type === 'integer' || type === 'number') return 1 + below(5);
  if (type === 'boolean') return random() < 0.5;
  if (type === 'object') return { a: 1 };
  if (name === 'id') return `e${below(1e9)}`;
  return textFor(name, schema, 0);
}

t.test(`${REQUESTS} requests, valid and hostile, with bombs beside them (seed ${SEED})`, async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const contract = readContract().document as Document;
  const operations = operationsOf(contract).map((place) => ({
    ...place,
    operation: inline(contract, place.operation as unknown as Schema) as unknown as {
      parameters?: { name: string; in: string; required?: boolean; schema: Schema }[];
      requestBody?: { content: Record<string, { schema: Schema; examples?: Record<string, { value: unknown }> }> };
    },
  }));
  const introspected = await ask(app, key, {
    method: 'POST',
    url: '/v1/graphql',
    payload: {
      query:
        '{ __schema { types { name fields { name args { name type { kind ofType { kind } name } } type { kind name ofType { name kind ofType { name ofType { name } } } } } inputFields { name } } } }',
    },
  });
  const types = introspected.body.data.__schema.types as {
    name: string;
    fields?: { name: string }[];
    inputFields?: { name: string }[];
  }[];
  const functions = types.find(({ name }) => name === 'query_root')?.fields ?? [];

  function graphql(spite: number): object {
    const { name } = pick(functions);
    const columns = (types.find((type) => type.name === name)?.fields ?? [])
      .filter(() => random() < 0.4)
      .map((one) => one.name);
    const inputs = types.find((type) => type.name === `${name}_args`)?.inputFields ?? [];
    const value = (input: string) =>
      JSON.stringify(
        random() < spite
          ? pick(hostile)
          : input.endsWith('s')
            ? ['a']
            : /time$/.test(input)
              ? pick(times)
              : input === 'session_id'
                ? `c${below(50)}`
                : input === 'is_test'
                  ? true
                  : input === 'time_zone'
                    ? 'UTC'
                    : input === 'interval_span'
                      ? '1 day'
                      : ACCOUNT,
      );
    const args = inputs
      .filter((one) => /time$|session_id/.test(one.name) || random() < 0.2)
      .map((one) => `${one.name}: ${value(one.name)}`);
    return { query: `{ rows: ${name}(args: {${args.join(', ')}}) { ${columns.join(' ') || '__typename'} } }` };
  }

  function bomb() {
    const text = pick(['{\n', '[', '1,', '\n', '{"a":', '""', '1e400,']);
    const payload = gzipSync(text.repeat(Math.floor(10_000_000 / text.length)));
    const type = pick(['application/json', 'application/x-ndjson']);
    return {
      method: 'POST' as const,
      url: '/v1/events',
      payload,
      headers: { 'content-type': type, 'content-encoding': 'gzip' },
    };
  }

  function request(n: number) {
    if (n % 200 === 199) return bomb();
    const { method, path, operation } = pick(operations);
    const spite = random() < 0.5 ? 0 : 0.15;
    const given = (operation.parameters ?? []).filter((one) => one.in === 'path' || one.required || random() < 0.3);
    const text = (one: (typeof given)[number]) => encodeURIComponent(textFor(one.name, one.schema, spite));
    const url = given
      .filter((one) => one.in === 'path')
      .reduce((to, one) => to.replace(`{${one.name}}`, text(one) || '%20'), path);
    const query = given.filter((one) => one.in === 'query').map((one) => `${one.name}=${text(one)}`);
    const media = operation.requestBody?.content['application/json'];
    const examples = Object.values(media?.examples ?? {});
    const isExample = examples.length > 0 && random() < 0.3;
    const payload = isExample
      ? pick(examples).value
      : path === '/v1/graphql'
        ? graphql(spite)
        : media && valueFor('', media.schema, spite);
    return {
      method: method.toUpperCase() as 'GET' | 'POST',
      url: query.length === 0 ? url : `${url}?${query.join('&')}`,
      ...(media ? { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json' } } : {}),
    };
  }

  const statuses = new Map<number, number>();
  let [worst, peak, sent] = [0, 0, 0];
  const attacker = async () => {
    while (sent < REQUESTS) {
      const one = request(sent++);
      const answer = await ask(app, key, one); // throws for what the contract does not promise
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status >= 500)
        t.fail(`${one.method} ${one.url} answers ${answer.status}: ${JSON.stringify(one).slice(0, 1_000)}`);
    }
  };
  const health = async () => {
    while (sent < REQUESTS) {
      const began = performance.now();
      await ask(app, null, { url: '/healthz' });
      worst = Math.max(worst, performance.now() - began);
      peak = Math.max(peak, process.memoryUsage.rss());
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  await Promise.all([...Array.from({ length: AT_ONCE }, attacker), health()]);
  const figures = `statuses ${JSON.stringify(Object.fromEntries(statuses))}, worst /healthz ${Math.round(worst)} ms, peak RSS ${Math.round(peak / 2 ** 20)} MB`;
  process.stderr.write(`attack (seed ${SEED}): ${figures}\n`);
  t.ok((statuses.get(200) ?? 0) > REQUESTS / 10, `valid requests too: ${figures}`);

  const tables = async () =>
    w.sql`select
      (select coalesce(json_agg(c order by c.conversation_id), '[]')::text from conversations c) as conversations,
      (select coalesce(json_agg(p order by p.conversation_id, p.scope, p.participant_id), '[]')::text from participations p) as participations,
      (select coalesce(json_agg(o order by o.conversation_id, o.order_id), '[]')::text from orders o) as orders`;
  const before = await tables();
  t.ok(before[0]?.conversations.length > 2, 'some of the events were taken');
  await w.sql`select refold(${ACCOUNT}::uuid, array(select conversation_id from conversations))`;
  t.strictSame(await tables(), before, 'every row equals a fresh fold');
});
