import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import t from 'tap';
import { readContract } from '../src/contract.js';
import { eventTypes } from '../src/queries/ingest/fields.js';
import { root } from '../src/root.js';
import { blocksOf, pages, textOf } from './blocks.js';
import { type Document, operationsOf } from './contract/document.js';
import { ACCOUNT, ask, type World, world } from './harness.js';
import { settingsPage, withSettings } from './tools/settings.js';

const NOW = Date.UTC(2024, 0, 15, 12);

async function withSamples(w: World) {
  const app = await w.app({ now: NOW });
  const key = await w.key();
  const events = readFileSync(join(root, 'samples/events.ndjson'), 'utf8');
  const sent = await ask(app, key, {
    method: 'POST',
    url: '/v1/events',
    headers: { 'content-type': 'application/x-ndjson' },
    payload: events,
  });
  if (sent.body.accepted !== events.trim().split('\n').length) throw new Error(`not all samples are new: ${sent.text}`);
  return { app, key };
}

t.test('every question of the query language is answered as its page says', async (t) => {
  const { app, key } = await withSamples(await world(t));
  const blocks = blocksOf('docs/queries.md');
  const questions = blocks.filter(({ kind }) => kind === 'json query');
  t.ok(questions.length >= 20, `${questions.length} questions`);
  for (const { text, heading } of questions) {
    const answer = await ask(app, key, { method: 'POST', url: '/v1/query', payload: JSON.parse(text) });
    t.equal(answer.status, 200, `${heading} ${answer.text.slice(0, 300)}`);
    const rows = blocks.find((block) => block.kind === 'json rows' && block.heading === heading);
    if (rows !== undefined) t.strictSame(answer.body.rows, JSON.parse(rows.text), heading);
    else t.ok(answer.body.rows.length > 0, heading);
  }
});

t.test('every example of the dialects answers something on the samples', async (t) => {
  const { app, key } = await withSamples(await world(t));
  for (const { kind, text } of pages.flatMap(blocksOf)) {
    if (kind === 'http') {
      const [method = '', url = ''] = text.trim().split(' ');
      const answer = await ask(app, key, { method: method as 'GET', url });
      t.equal(answer.status, 200, `${url} ${answer.text.slice(0, 200)}`);
      if (url === '/v1/catalogue') {
        t.strictSame(emptyDatasets(answer.body), [], url);
        continue;
      }
      t.ok(hasCount(answer.body), `${url} counts something: ${answer.text.slice(0, 1_000)}`);
      const earlier = await ask(app, key, { url: url.replaceAll('=2024-', '=2023-') });
      t.notOk(earlier.status === 200 && hasCount(earlier.body), `and nothing a year earlier: ${earlier.text}`);
    } else if (kind === 'graphql') {
      const answer = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query: text } });
      t.equal(answer.body.errors, undefined, `${text} ${answer.text.slice(0, 200)}`);
      t.ok(answer.body.data.rows.length > 0, text);
    } else if (kind === 'json report') {
      const url = `/api/reporting/v1/orgs/${ACCOUNT}/chat_sessions`;
      const answer = await ask(app, key, { method: 'POST', url, payload: JSON.parse(text) });
      t.equal(answer.status, 200, answer.text.slice(0, 200));
      t.ok(answer.body.data.length > 0, text);
    }
  }
});

/** Operations whose answer has no number to look for. */
const countless = [
  ...['sendEvents', 'Analytics_Echo', 'getMe', 'getHealth', 'getReadiness', 'getCatalogue'],
  ...['listKeys', 'createKey', 'revokeKey', 'listLinks', 'createLink', 'deleteLink', 'readLink'],
  ...['listSources', 'getSource', 'putSource', 'deleteSource', 'receiveHook'],
  ...['eraseUser', 'exportUser', 'getErasure', 'listAudit'],
];

t.test('the first example of every operation in Swagger UI counts something on the samples', async (t) => {
  const { app, key } = await withSamples(await world(t));
  let tried = 0;
  for (const { method, path, operation } of operationsOf(readContract().document as Document)) {
    if (countless.includes(operation.operationId)) continue;
    const parameters = operation.parameters ?? [];
    const exampleOf = (name: string) => String(parameters.find((one) => one.name === name)?.example);
    const query = new URLSearchParams(
      parameters
        .filter(({ in: place, example }) => place === 'query' && example !== undefined)
        .map(({ name }): [string, string] => [name, exampleOf(name)]),
    );
    const url = path
      .replace('{organization_id}', ACCOUNT)
      .replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(exampleOf(name)));
    const { example, examples = {} } = operation.requestBody?.content['application/json'] ?? {};
    const payload = (Object.values(examples)[0]?.value ?? example) as object | undefined;
    const answer =
      method === 'get'
        ? await ask(app, key, { url: `${url}?${query}` })
        : await ask(app, key, { method: 'POST', url, payload: payload ?? {} });
    tried++;
    t.equal(answer.status, 200, `${operation.operationId}: ${answer.text.slice(0, 300)}`);
    t.ok(hasCount(answer.body), `${operation.operationId} counts something: ${answer.text.slice(0, 500)}`);
  }
  t.ok(tried >= 20, `${tried} operations`);
});

t.test('every example of GraphiQL answers rows on the samples', async (t) => {
  const { app, key } = await withSamples(await world(t));
  const page = readFileSync(join(root, 'public/graphiql/page.js'), 'utf8');
  const examples = [...page.matchAll(/^ {2}`([\s\S]*?)`,$/gm)].map(([, text]) => text as string);
  t.ok(examples.length >= 4, `${examples.length} examples`);
  for (const query of examples) {
    const { body } = await ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query } });
    t.equal(body.errors, undefined, JSON.stringify(body.errors));
    t.ok(body.data?.rows.length > 0 && hasCount(body.data.rows), query);
  }
});

/** Whether a body holds a positive number: digits in times, ids and other texts are none. */
function hasCount(value: unknown): boolean {
  if (typeof value === 'number') return value > 0;
  return typeof value === 'object' && value !== null && Object.values(value).some(hasCount);
}

/** The datasets of the catalogue that have no dimension or no measure. */
function emptyDatasets({ datasets }: { datasets: { name: string; dimensions: object[]; measures: object[] }[] }) {
  if (datasets.length === 0) return ['all'];
  return datasets.filter((one) => one.dimensions.length === 0 || one.measures.length === 0).map(({ name }) => name);
}

t.test('the worked timeline of the metrics is what a conversation gets', async (t) => {
  const w = await world(t);
  const [app, key] = [await w.app({ now: NOW }), await w.key()];
  const table = readFileSync(join(root, 'docs/metrics.md'), 'utf8');
  const lines = [...table.matchAll(/^\| (09:\d\d:\d\d) \| (user|bot|agent|closed)(?:: [^|]*)? \| (?:(\d+) s)? ?\|/gm)];
  t.equal(lines.length, 10);
  const events = lines.map(([, time, who], n) => ({
    id: String(n),
    time: `2024-01-08T${time}Z`,
    conversation_id: 'worked',
    ...(who === 'closed' ? { type: 'conversation.closed' } : { type: 'message', sender: who }),
  }));
  await ask(app, key, { method: 'POST', url: '/v1/events', payload: { events } });
  const { body } = await ask(app, key, { url: '/v1/conversations/worked' });
  const expected = lines
    .filter(([, , who]) => who !== 'closed')
    .map(([, , , seconds]) => (seconds ? Number(seconds) : null));
  t.strictSame(
    body.messages.map((message: { response_time_seconds: number | null }) => message.response_time_seconds ?? null),
    expected,
  );
  t.equal(body.first_response_seconds, 180);
  t.equal(body.resolution_seconds, 360);
});

t.test('the table of settings is what the schema of the configuration says', async (t) => {
  const page = readFileSync(settingsPage, 'utf8');
  t.ok(page.includes('| `DATABASE_URL` |'));
  t.equal(page, withSettings(page), 'npm run docs writes it');
});

t.test('the table of events has every type and names every field that one needs', async (t) => {
  const rows = [...textOf('README.md').matchAll(/^\| `([a-z.]+)` \| [^|]* \| (.*) \|$/gm)];
  t.strictSame(rows.map(([, type]) => type).sort(), Object.keys(eventTypes).sort());
  for (const [, type, fields = ''] of rows) {
    const known = eventTypes[type as string] ?? {};
    const named = [...fields.replace(/`\{[^`]*`|\([^)]*\)/g, '').matchAll(/`(\w+)`/g)].map(
      ([, name]) => name as string,
    );
    t.strictSame(
      named.filter((name) => !(name in known) && name !== 'conversation'),
      [],
      `${type}: every named field is one`,
    );
    const bold = [...fields.matchAll(/\*\*`(\w+)`\*\*/g)].map(([, name]) => name);
    const needed = Object.keys(known).filter((name) => known[name]?.needed);
    t.strictSame(bold.sort(), needed.sort(), `${type}: required fields are bold`);
  }
});

t.test('every link between the pages leads to a file and a heading that is there', async (t) => {
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    for (const [, to = ''] of textOf(page).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(to)) continue;
      const [file = '', anchor] = to.split('#');
      const path = file === '' ? page : relative(root, resolve(root, dirname(page), file));
      t.ok(existsSync(join(root, path)), `${page} links to ${to}`);
      if (anchor !== undefined) t.ok(anchorsOf(path).includes(anchor), `${page} links to ${to}: no such heading`);
    }
  }
});

/** The anchors that GitHub makes of the headings of a page. */
const anchorsOf = (page: string) =>
  [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );

t.test('the dashboard for Grafana asks what the service answers, in columns that are there', async (t) => {
  const { app, key } = await withSamples(await world(t));
  const { panels } = JSON.parse(readFileSync(join(root, 'samples/grafana/conversations.json'), 'utf8')) as {
    panels: { title: string; targets: Target[] }[];
  };
  t.ok(panels.length >= 5);
  for (const { title, targets } of panels) {
    for (const { url, url_options: options, columns } of targets) {
      const range = { __from: Date.UTC(2024, 0, 8), __to: Date.UTC(2024, 0, 15), url: '' };
      const filledIn = (text: string) => text.replace(/\$\{(\w+)\}/g, (_, name) => String(range[name as 'url']));
      const payload = JSON.parse(filledIn(options.data)) as object;
      const answer = await ask(app, key, { method: options.method, url: filledIn(url), payload });
      t.equal(answer.status, 200, `${title}: ${answer.text}`);
      const [head = '', ...rows] = answer.text.trim().split('\r\n');
      t.strictSame(
        head.split(','),
        columns.map(({ selector }) => selector),
        title,
      );
      t.ok(rows.length > 0 && /,?\d/.test(rows.join()), `${title} has numbers`);
    }
  }
});

/** What a panel asks by the Infinity data source. */
interface Target {
  url: string;
  url_options: { method: 'POST'; data: string };
  columns: { selector: string }[];
}
