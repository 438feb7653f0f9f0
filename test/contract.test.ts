import type { RouteOptions } from 'fastify';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { readContract } from '../src/contract.js';
import type { Database } from '../src/database/database.js';
import { Problem } from '../src/http/problem.js';
import { alterations } from './contract/alterations.js';
import { contracted, isPage } from './contract/answers.js';
import { differences, type Options } from './contract/differences.js';
import { type Document, inline, type Media, operationsOf, type Schema } from './contract/document.js';
import { eventDifferences } from './contract/events.js';
import { normalize } from './contract/normal.js';
import { describeRoutes } from './contract/routes.js';
import { ask, send, world } from './harness.js';
import { inForm } from './tools/form.js';
import { runScript } from './tools/script.js';

/** Operations whose contract says more than their route's schema, and what checks the rest. */
const checkedElsewhere: Record<string, Options> = {
  'post /v1/events': { ownBody: true }, // by the tables of queries/ingest/fields.ts, which eventDifferences compares
  'post /v1/echo': { ownBody: true }, // by its route: echo.test.ts
  'post /v1/query': { ownBody: true }, // by its parser: query.test.ts
  'post /v1/keys': { ownBody: true }, // by its parser: keys.test.ts
  'post /v1/links': { ownBody: true }, // by its parser: links.test.ts
  'put /v1/sources/{source}': { ownBody: true }, // by its parser: hooks.test.ts
  'post /v1/hooks/{token}': { ownBody: true }, // by the source of its token
  'get /v1/shared/{token}': { ownAnswer: true }, // by the operation that the link reads
  'post /v1/graphql': { ownBody: true, ownAnswer: true }, // by the GraphQL schema
  'post /api/reporting/v1/orgs/{organization_id}/chat_sessions': { ownBody: true }, // by its parser: reporting-contract.test.ts
};

const document = readContract().document as Document;
const contract = contracted(document);

t.test('every operation has a route, every route an operation, and they say the same', async (t) => {
  const routes = await routesOf();
  const described = await describeRoutes(routes);
  const operations = operationsOf(document);
  const names = (all: { method: string; path: string }[]) => all.map(({ method, path }) => `${method} ${path}`).sort();
  const built = operationsOf(described);
  t.strictSame(names(built), names(operations));
  t.equal(new Set(operations.map(({ operation }) => operation.operationId)).size, operations.length, 'ids are unique');

  let altered = 0;
  for (const { method, path, operation } of operations) {
    const name = `${method} ${path}`;
    const route = built.find((one) => one.method === method && one.path === path)?.operation;
    if (route === undefined) continue;
    const options = checkedElsewhere[name];
    t.strictSame(differences(operation, route, options), [], name);

    // That the comparison sees everything, tried on copies in which one thing is changed, on either side.
    const unseen: string[] = [];
    for (const [what, other] of some(alterations(operation, options))) {
      if (differences(other, route, options).length === 0) unseen.push(`contract: ${what}`);
      altered++;
    }
    for (const [what, other] of some(alterations(route, options))) {
      if (differences(operation, other, options).length === 0) unseen.push(`route: ${what}`);
      altered++;
    }
    t.strictSame(unseen, [], `${name}: changes that the comparison does not see`);
  }
  t.ok(altered > 100, `${altered} changes tried`);
});

/** All of some alterations; in the short form every third. */
const some = <T>(all: Iterable<T>): T[] => [...all].filter((_, n) => n % inForm(3, 1) === 0);

/** All routes of the service but its pages. */
async function routesOf(): Promise<RouteOptions[]> {
  const routes: RouteOptions[] = [];
  const app = await buildApp({
    db: {} as Database,
    timeouts: { initial: null, channels: new Map() },
    onRoute: (route) => routes.push(route),
  });
  await app.close();
  return routes.filter(({ method, url }) => method !== 'HEAD' && !isPage(url));
}

t.test('the events of the contract are those that are checked', async (t) => {
  t.strictSame(eventDifferences(document, contract), []);
  const other = structuredClone(document);
  const { Message, Attributes } = other.components.schemas as Record<string, { properties: object; allOf: Schema[] }>;
  const own = Message?.allOf[1]?.properties ?? {};
  Object.assign(own, { texts: own.text, sender: { type: 'string', enum: ['user', 'bot'] } });
  delete own.text;
  Object.assign(Attributes?.properties ?? {}, { channel: { type: ['string', 'null'], maxLength: 100 } });
  const found = eventDifferences(other, contracted(other)).join('\n');
  for (const name of ['fields of message', 'message.sender', 'conversation.channel'])
    t.match(found, name, `sees ${name}`);
});

t.test('refusals are problems, with the body that the service sends', async (t) => {
  const body = normalize(JSON.parse(JSON.stringify(Problem)));
  for (const { method, path, operation } of operationsOf(document)) {
    for (const [status, { content = {} }] of Object.entries(operation.responses)) {
      if (status.startsWith('2') || status === '304') continue;
      const { schema } = content['application/problem+json'] ?? {};
      t.strictSame(schema && normalize(schema), body, `${method} ${path} ${status}`);
    }
  }
});

t.test('examples are valid', async (t) => {
  let examples = 0;
  const check = (name: string, schema: Schema, value: unknown) => {
    examples++;
    t.strictSame(contract.faultsOfValue(schema, value), [], name);
  };
  const all = ({ example, examples = {} }: Media) => [
    ...(example === undefined ? [] : [example]),
    ...Object.values(examples).map(({ value }) => value),
  ];
  for (const { method, path, operation } of operationsOf(document)) {
    for (const { name, required, schema, example } of operation.parameters ?? []) {
      if (example !== undefined) check(`${method} ${path}: ${name}`, schema, example);
      else t.notOk(required, `${method} ${path}: ${name} has an example, so that it can be tried out`);
    }
    const contents = [operation.requestBody, ...Object.values(operation.responses)].map((part) => part?.content ?? {});
    for (const media of contents.flatMap((content) => Object.values(content))) {
      if (!('schema' in media)) continue; // lines of JSON
      for (const value of all(media)) check(`${method} ${path}`, media.schema, value);
    }
  }
  for (const [name, schema] of Object.entries(inline(document, document.components.schemas ?? {}))) {
    if ((schema as Schema).example !== undefined) check(name, schema as Schema, (schema as Schema).example);
  }
  t.ok(examples > 5, `${examples} examples`);
});

t.test('what needs a key says so', async (t) => {
  const w = await world(t);
  const app = await w.app();
  for (const { method, path, operation } of operationsOf(document)) {
    const url = path.replace(/\{(\w+)\}/g, (_, name) => {
      const parameter = operation.parameters?.find((one) => one.in === 'path' && one.name === name);
      return encodeURIComponent(String(parameter?.example));
    });
    const answer = await ask(app, null, { method: method.toUpperCase() as 'GET', url });
    t.equal(answer.status === 401, operation.security === undefined, `${method} ${path}: ${answer.status}`);
  }
});

t.test('an answer that the contract does not know is found out', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app(), await w.key()];
  const event = { type: 'message', sender: 'user', time: '2024-01-08T10:00:00Z', conversation_id: 'c' };
  await send(app, key, [{ ...event, id: '1', conversation: { bot_id: 'shop', bot_version: 'LIVE', channel: 'web' } }]);
  const url =
    '/v1/bots/shop/conversations?version=LIVE&start_time=2024-01-08&end_time=2024-01-09&bucket=1d&group_by=channel_type';
  const { status, headers, body } = await ask(app, key, { url });
  const faultsOf = (change: object) =>
    contract.faultsOf('GET', url, { status, headers, text: JSON.stringify(body), ...change });
  t.strictSame(faultsOf({}), []);
  const [serie] = body.data.series;
  const wrong: [string, object][] = [
    ['a key more', { text: JSON.stringify({ ...body, took_ms: 3 }) }],
    [
      'a key more, deep inside',
      { text: JSON.stringify({ data: { ...body.data, series: [{ ...serie, median: 1 }] } }) },
    ],
    ['a key less', { text: JSON.stringify({ data: { ...body.data, x_values: undefined } }) }],
    ['another type', { text: JSON.stringify({ data: { ...body.data, series_labels: [null] } }) }],
    ['another status', { status: 418 }],
    ['another type of content', { headers: { 'content-type': 'text/html' } }],
    ['a header of other operations', { headers: { ...headers, 'www-authenticate': 'Basic' } }],
  ];
  for (const [name, change] of wrong) t.ok(faultsOf(change).length > 0, name);
});

t.test('redocly and spectral find nothing', async (t) => {
  const [redocly, spectral] = await Promise.all([
    runScript('@redocly/cli/bin/cli.js', 'lint', '--format=json', 'openapi.yaml'),
    runScript('@stoplight/spectral-cli/dist/index.js', 'lint', '--format=json', '--quiet', 'openapi.yaml'),
  ]);
  t.match(JSON.parse(redocly.stdout), { totals: { errors: 0, warnings: 0 } }, redocly.stdout);
  t.equal(redocly.code, 0);
  t.strictSame(JSON.parse(spectral.stdout), []);
  t.equal(spectral.code, 0);
});
