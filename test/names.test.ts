import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { readContract } from '../src/contract.js';
import { root } from '../src/root.js';
import { type Document, operationsOf, type Parameter, type Schema } from './contract/document.js';
import { ACCOUNT, ask, world } from './harness.js';
import { isFull, isTimed } from './tools/form.js';
import { load } from './tools/load.js';

/**
 * Every name that the API documents is one that it can answer: each value of each enum of the contract and each pair of
 * them, each field of the catalogue in each of its uses, and each argument, column and order of each GraphQL function. All
 * of them answer 200. The names come from the contract, the catalogue and the schema, so new ones are tested as well. Every
 * eighth pair of values is asked. The long form asks more pairs of dimensions and orders each column in both directions; with
 * TIMES=1 it asks all of them, and every second pair of values.
 */

const contract = readContract().document as Document;
const reportingUrl = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
/** Of the pairs of values, one of so many is asked. */
const STEP = isTimed ? 2 : 8;
const range = { start_time: '2024-01-08', end_time: '2024-01-15' };

async function service(t: Test): Promise<{ app: FastifyInstance; key: string }> {
  const w = await world(t);
  const events = readFileSync(join(root, 'samples/events.ndjson'), 'utf8');
  await load(
    w.db,
    events
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  );
  return { app: await w.app(), key: await w.key() };
}

/** The values that a parameter's schema enumerates, with those of its items. */
function enumOf(schema: Schema): string[] {
  const parts = [schema, schema.items, ...((schema.anyOf ?? schema.oneOf ?? []) as Schema[])] as (Schema | undefined)[];
  return parts.flatMap((part, n) => (n > 1 ? enumOf(part as Schema) : ((part?.enum ?? []) as string[])));
}

/** Requests of an operation: its example alone, then with each enum value, then with each pair of values. */
function* queriesOf(parameters: Parameter[]): Generator<Record<string, string>> {
  const sample = (name: string) => parameters.find((one) => one.name === name)?.example;
  const base = Object.fromEntries(
    parameters
      .filter(({ required, in: place }) => required && place === 'query')
      .map(({ name }) => [name, String(name in range ? range[name as keyof typeof range] : sample(name))]),
  );
  const values = parameters
    .filter(({ in: place }) => place === 'query')
    .flatMap(({ name, schema }) => enumOf(schema).map((value) => ({ name, value })));
  yield base;
  let pairs = 0;
  for (const [n, one] of values.entries()) {
    yield { ...base, [one.name]: one.value };
    for (const other of values.slice(n + 1)) {
      if (other.name === one.name || pairs++ % STEP !== 0) continue;
      yield { ...base, [one.name]: one.value, [other.name]: other.value };
    }
  }
}

t.test('each enum value of the contract, and each pair of them', async (t) => {
  const { app, key } = await service(t);
  let asked = 0;
  for (const { method, path, operation } of operationsOf(contract)) {
    // Their token and their source are those of nobody.
    if (method !== 'get' || ['readLink', 'getSource', 'getErasure'].includes(operation.operationId)) continue;
    const parameters = operation.parameters ?? [];
    const url = path.replace(/\{(\w+)\}/g, (_, name) =>
      encodeURIComponent(String(parameters.find((one) => one.name === name)?.example)),
    );
    for (const query of queriesOf(parameters)) {
      const answer = await ask(app, key, { url: `${url}?${new URLSearchParams(query)}` });
      asked++;
      // A bucket of a month is larger than the range of a week: that is the only refusal.
      const isTooLarge = query.bucket === '1m' && answer.status === 400;
      if (answer.status !== 200 && !isTooLarge) t.fail(`${url} ${JSON.stringify(query)}: ${answer.text}`);
    }
  }
  t.ok(asked > 200, `${asked} requests`);
});

interface Catalogue {
  datasets: {
    name: string;
    dimensions: { name: string; type: 'text' | 'number' | 'boolean' }[];
    numbers: { name: string }[];
    measures: { name: string }[];
  }[];
}

/** Every kind of filter that a field of this type takes. */
function filtersOf(dimension: string, type: string): object[] {
  const value = { text: 'web', number: 1, boolean: true }[type] ?? 'web';
  return [
    { type: 'selector', dimension, value },
    { type: 'selector', dimension, value: null },
    { type: 'in', dimension, values: [value, null] },
    ...(type === 'boolean' ? [] : [{ type: 'bound', dimension, lower: value, upper: value }]),
    ...(type === 'text'
      ? [
          { type: 'like', dimension, pattern: 'w%' },
          { type: 'regex', dimension, pattern: '^w' },
        ]
      : []),
  ];
}

/** The dimensions to pair with one: a third of the later ones, with TIMES=1 all, and the next in the short form. */
const partnersOf = <T extends { name: string }>(dimensions: T[], name: string): T[] => {
  const next = dimensions.findIndex((one) => one.name === name) + 1;
  return dimensions.slice(next).filter((_, n) => (isFull ? isTimed || n % 3 === next % 3 : n === 0));
};

const chunks = <T>(items: T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));

t.test('each field and measure of the catalogue, in each of its uses', async (t) => {
  const { app, key } = await service(t);
  const { datasets } = (await ask(app, key, { url: '/v1/catalogue' })).body as Catalogue;
  const post = async (query: object) => {
    const answer = await ask(app, key, { method: 'POST', url: '/v1/query', payload: { ...range, ...query } });
    if (answer.status !== 200) t.fail(`${JSON.stringify(query)}: ${answer.text}`);
  };
  t.ok(datasets.length >= 3);
  for (const { name: dataset, dimensions, numbers, measures } of datasets) {
    // A measure of currency needs rows that are split by it.
    const split = dataset === 'participations' ? ['currency'] : [];
    const aggregates = [
      ...measures.map(({ name }) => name as unknown),
      ...dimensions.flatMap(({ name: of }) => [
        { aggregate: 'distinct', of, as: `distinct ${of}` },
        { aggregate: 'count', of, as: `count ${of}` },
      ]),
      ...numbers.flatMap(({ name: of }) => [
        ...['sum', 'avg', 'min', 'max'].map((aggregate) => ({ aggregate, of, as: `${aggregate} ${of}` })),
        { aggregate: 'percentile', of, p: 90, as: `percentile ${of}` },
      ]),
    ];
    for (const some of chunks(aggregates, 20)) {
      await post({ dataset, measures: some, group_by: split });
      await post({ dataset, measures: some, group_by: split, bucket: '1d', compare: 'previous_period' });
    }
    const measure = [measures[0]?.name];
    for (const { name, type } of dimensions) {
      await post({ dataset, measures: measure, group_by: [name], limit: 2, others: true });
      for (const other of partnersOf(dimensions, name)) {
        await post({ dataset, measures: measure, group_by: [name, other.name] });
      }
      for (const filter of filtersOf(name, type)) await post({ dataset, measures: measure, filter });
    }
  }
});

t.test('each dimension and aggregation of the reporting dialect', async (t) => {
  const { app, key } = await service(t);
  const schemas = contract.components.schemas as Record<string, Schema>;
  const dimensions = schemas.ReportDimension?.enum as string[];
  const alternatives = schemas.ReportAggregation?.oneOf as Schema[];
  const aggregations = alternatives.flatMap(({ properties }) => {
    const types = (properties?.type?.enum ?? [properties?.type?.const]) as string[];
    const fields = ((properties?.fields?.items as Schema | undefined)?.enum ?? []) as string[];
    return types.map((type) => (type === 'count' ? { type } : { type, fields }));
  });
  t.ok(dimensions.length > 15 && aggregations.length >= 7, `${dimensions.length}, ${aggregations.length}`);
  const post = async (query: object) => {
    const interval = { start: range.start_time, end: range.end_time };
    const payload = { interval, granularity: 'all', aggregations, ...query };
    const answer = await ask(app, key, { method: 'POST', url: reportingUrl, payload });
    if (answer.status !== 200) t.fail(`${JSON.stringify(query)}: ${answer.text}`);
  };
  const isNumber = /_count$|sales$/;
  for (const dimension of dimensions) {
    for (const granularity of ['all', 'day']) await post({ group_by: [dimension], granularity });
    for (const { name } of partnersOf(
      dimensions.map((name) => ({ name })),
      dimension,
    )) {
      await post({ group_by: [dimension, name] });
    }
    const type = isNumber.test(dimension) ? 'number' : 'text';
    for (const filters of filtersOf(dimension, type)) await post({ filters: [filters] });
  }
});

interface Typed {
  name: string;
  type: { kind: string; name: string | null; ofType: { name: string } | null };
}

t.test('each argument, column and order of each GraphQL function', async (t) => {
  const { app, key } = await service(t);
  const post = (query: string) => ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } });
  const ofType = '{ name type { kind name ofType { name } } }';
  const { body } = await post(
    `{ __schema { types { name enumValues { name } fields { name } inputFields ${ofType} } } }`,
  );
  const types: { name: string; enumValues: Typed[]; fields: Typed[]; inputFields: Typed[] }[] =
    body.data.__schema.types;
  const typeOf = (name: string) => types.find((type) => type.name === name);
  const functions = typeOf('query_root')?.fields ?? [];
  const directions = (typeOf('order_by')?.enumValues ?? []).map(({ name }) => name);
  t.ok(functions.length > 20 && directions.length === 6, `${functions.length} functions`);

  for (const { name } of functions) {
    const columns = (typeOf(name)?.fields ?? []).map((field) => field.name);
    const args = typeOf(`${name}_args`)?.inputFields ?? [];
    const isNeeded = (arg: Typed) => arg.type.kind === 'NON_NULL' || arg.name in range || arg.name === 'session_id';
    const written = (arg: Typed) => `${arg.name}: ${argumentFor(arg)}`;
    const needed = args.filter(isNeeded).map(written);
    const run = async (given: string[], beside = '') => {
      const query = `{ rows: ${name}(args: {${given.join(', ')}}${beside}) { ${columns.join(' ')} } }`;
      const answer = await post(query);
      if (answer.status !== 200 || answer.body.errors) t.fail(`${query}: ${answer.text.slice(0, 500)}`);
    };
    await run(needed);
    const optional = args.filter((arg) => !isNeeded(arg) && arg.name !== 'language_model_ids');
    for (const arg of optional) await run([...needed, written(arg)]);
    await run([...needed, ...optional.map(written)]);
    const orders = (typeOf(`${name}_order_by`)?.inputFields ?? []).map((field) => field.name);
    for (const [n, column] of orders.entries()) {
      const some = isFull ? directions : [directions[n % directions.length]];
      for (const direction of some) await run(needed, `, order_by: {${column}: ${direction}}, limit: 3`);
    }
  }

  function argumentFor({ name, type }: Typed): string {
    const value = {
      start_time: range.start_time,
      end_time: range.end_time,
      time_zone: 'Europe/Helsinki',
      session_id: 'c-1',
      interval_span: '1 day',
    }[name];
    if (value !== undefined) return JSON.stringify(value);
    const samples = { uuid: ACCOUNT, _uuid: [ACCOUNT], _text: ['web'], _int4: [1], Boolean: true, Int: 1, float8: 0.5 };
    const base = (type.name ?? type.ofType?.name ?? '') as keyof typeof samples;
    return JSON.stringify(samples[base] ?? 'ann');
  }
});
