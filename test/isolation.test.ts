import type { FastifyInstance } from 'fastify';
import t from 'tap';
import { readContract } from '../src/contract.js';
import { participationNames } from '../src/queries/datasets/participations.js';
import { attributes, eventTypes } from '../src/queries/ingest/fields.js';
import * as kind from '../src/queries/ingest/kinds.js';
import { type Document, operationsOf, type Parameter, type Place } from './contract/document.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, ask, world } from './harness.js';
import { inForm, isTimed } from './tools/form.js';
import { load } from './tools/load.js';

/**
 * Whether an answer ever depends on what its key may not see. The requests come from the contract, from `GET /v1/catalogue`
 * and from the GraphQL schema, so that a new operation, dimension or function is asked without a line added here.
 */

const OTHER = '00000000-0000-4000-8000-00000000000b';
const NOBODY = '00000000-0000-4000-8000-00000000000c';
const [FOREIGN, HIDDEN, UNKNOWN, OWN] = ['zzforeign', 'zzhidden', 'zzunknown', 'zzown'];
const NOW = Date.parse('2024-02-01T00:00:00Z');
const ever = { start_time: '2000-01-01', end_time: '2100-01-01' };
/** Operations that store, or that ask nothing of the database. */
const skipped = [
  'sendEvents',
  'createKey',
  'revokeKey',
  'createLink',
  'deleteLink',
  'putSource',
  'deleteSource',
  'receiveHook',
  'eraseUser',
  'exportUser', // is noted in the audit trail
  'getHealth',
  'getReadiness',
];
/** Parameters whose values events know under another name. */
const alias: Record<string, string> = { channel_type: 'channel', version: 'bot_version', q: 'user_name' };
const named = (name: string, mark: string) => `${alias[name] ?? name}-${mark}`;

/** A value for a field of an event, every text in it with the mark; undefined where the kind is a closed list or a time. */
function sampleOf(name: string, of: kind.Kind, mark: string): unknown {
  const text = named(name, mark);
  if (of === kind.shortText || of === kind.longText) return text;
  if (of === kind.texts || of === kind.union || of === kind.anyList) return [text];
  if (of === kind.object || of === kind.textMap) return { [`key-${mark}`]: text };
  if (of === kind.step) return { id: `step_id-${mark}`, type: `${name}_type-${mark}` };
  if (of === kind.int32 || of === kind.stars || of === kind.seconds) return 2;
  if (of === kind.share) return 0.5;
  if (of === kind.decimal) return '3.5';
  return undefined;
}

const valuesOf = (fields: Record<string, kind.Kind>, mark: string) =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([name, of]) => {
      const value = sampleOf(name, of, mark);
      return value === undefined ? [] : [[name, value]];
    }),
  );

/** A conversation with events of every type, all their texts marked but the names that `shared` gives. */
function conversation(mark: string, id: string, shared: object): Event[] {
  const ofType = (type: string, more: object) => {
    const kinds = Object.fromEntries(Object.entries(eventTypes[type] ?? {}).map(([name, field]) => [name, field.kind]));
    return { ...valuesOf(kinds, mark), type, ...more };
  };
  const said = { conversation: { ...valuesOf(attributes, mark), ...shared } };
  const events = [
    ofType('message', { id: 'm1', sender: 'user', sender_id: `user_id-${mark}`, ...said }),
    ofType('message', { id: 'm2', sender: 'bot' }),
    ofType('message', { id: 'm3', sender: 'agent', sender_id: `agent_id-${mark}` }),
    ...Object.keys(eventTypes)
      .filter((type) => type !== 'message' && type !== 'message.deleted')
      .map((type) =>
        ofType(type, { id: `${type}-${mark}`, ...(type === 'message.edited' ? { message_id: 'm1' } : {}) }),
      ),
    ofType('rating', { id: `bot-rating-${mark}`, target: 'bot' }),
    ofType('step', { id: `entry-${mark}`, from_step: null }),
    ofType('message', { id: 'm4', sender: 'user', sender_id: `user_id-${mark}` }),
    ofType('message.deleted', { id: 'd4', message_id: 'm4' }),
  ];
  const began = Date.parse('2024-01-09T10:00:00Z');
  return events.map((event, n) => ({
    ...event,
    time: new Date(began + n * 1_000).toISOString(),
    conversation_id: id,
  })) as Event[];
}

const live = { bot_version: 'LIVE' };
const shop = { ...live, bot_id: 'shop', team_id: 'blue' };
const helper = { ...live, bot_id: 'helper', team_id: 'green' };
const own = [...conversation(OWN, 'c-1', shop), ...conversation(OWN, 'c-2', helper)];
const hidden = [
  ...conversation(HIDDEN, `other-${HIDDEN}`, { ...live, bot_id: 'shop', team_id: 'green' }), // beside what each key sees
  ...conversation(HIDDEN, `conversation_id-${HIDDEN}`, live),
];
const foreign = [
  ...conversation(FOREIGN, 'c-1', shop), // the same names in another account
  ...conversation(FOREIGN, 'c-2', helper),
  ...conversation(FOREIGN, `conversation_id-${FOREIGN}`, live),
];

interface Reader {
  name: string;
  turn: number;
  key: string;
  /** The names that the key sees, for the parameters of the contract. */
  names: Record<string, string>;
  /** What no answer to it may contain. */
  secrets: string[];
}

/**
 * Each reader has every sixth of something in the short form, every third in the long one, and the readers take turns; with
 * TIMES each has all.
 */
const some = <Item>(all: Item[], { turn }: Reader): Item[] => {
  const step = isTimed ? 1 : inForm(6, 3);
  return all.filter((_, n) => n % step === turn % step);
};

interface Request {
  method: 'GET' | 'POST';
  url: string;
  payload?: object;
}

/** A question and, where it names what the key may not see, its twin that names what is not there. */
interface Cell {
  request: Request;
  twin?: Request;
}

const get = (url: string, query: Record<string, string>): Request => {
  const text = new URLSearchParams(query).toString();
  return { method: 'GET', url: text === '' ? url : `${url}?${text}` };
};
const post = (url: string, payload: object): Request => ({ method: 'POST', url, payload });
const both = (make: (mark: string) => Request, secrets: string[]): Cell[] =>
  secrets.map((secret) => ({ request: make(secret), twin: make(UNKNOWN) }));

/** The requests of one operation: its examples, each choice of each parameter, and each text named after a secret. */
function ofOperation({ method, path, operation }: Place, { names, secrets }: Reader): Cell[] {
  const parameters = operation.parameters ?? [];
  const start = ({ name, example }: Parameter) => names[name] ?? String(example ?? named(name, OWN));
  const base = Object.fromEntries(
    parameters.filter((one) => one.in === 'path' || one.required).map((one) => [one.name, start(one)]),
  );
  const media = operation.requestBody?.content['application/json'];
  const bodies = Object.values(media?.examples ?? {}).map(({ value }) => value);
  if (media?.example !== undefined) bodies.push(media.example);
  const make = (given: Record<string, string>, body: unknown): Request => {
    const query = { ...given };
    let url = path;
    for (const { name } of parameters.filter((one) => one.in === 'path')) {
      url = url.replace(`{${name}}`, encodeURIComponent(query[name] ?? ''));
      delete query[name];
    }
    return { ...get(url, query), ...(method === 'post' ? post(get(url, query).url, body as object) : {}) };
  };
  return (method === 'post' ? bodies : [undefined]).flatMap((body): Cell[] => [
    { request: make(base, body) },
    ...parameters.flatMap((one): Cell[] => {
      const values = (one.schema.enum as string[] | undefined)?.map(String);
      const choices = values ?? (one.example === undefined || one.in === 'path' ? [] : [String(one.example)]);
      const told = choices.map((value) => ({ request: make({ ...base, [one.name]: value }, body) }));
      const isText = values === undefined && one.schema.type !== 'integer';
      return [
        ...told,
        ...(isText ? both((mark) => make({ ...base, [one.name]: named(one.name, mark) }, body), secrets) : []),
      ];
    }),
  ]);
}

/** Every dimension of every dataset: as groups with every measure, and as a filter with a value of it that is a secret. */
async function ofCatalogue(app: FastifyInstance, seen: Record<string, string>, reader: Reader): Promise<Cell[]> {
  const { key, secrets } = reader;
  type Named = { name: string };
  type Dataset = Named & { dimensions: Named[]; measures: Named[] };
  const { body } = await ask(app, key, { url: '/v1/catalogue' });
  const cells: Cell[] = [];
  for (const { name: dataset, dimensions, measures } of body.datasets as Dataset[]) {
    const names = measures.map(({ name }) => name);
    const parts = Array.from({ length: Math.ceil(names.length / 20) }, (_, n) => names.slice(n * 20, n * 20 + 20));
    for (const { name } of some(dimensions, reader)) {
      for (const measures of parts) {
        const request = post('/v1/query', { dataset, ...ever, measures, group_by: [name] });
        cells.push({ request });
        for (const secret of secrets) {
          // Of the account that has it, a value of the dimension that has the mark.
          const answer = await ask(app, seen[secret] as string, request);
          const value = answer.text.match(new RegExp(`[\\w.-]+-${secret}`))?.[0];
          if (value === undefined) continue;
          const filter = (mark: string) => ({ type: 'selector', dimension: name, value: value.replace(secret, mark) });
          cells.push(
            ...both((mark) => post('/v1/query', { dataset, ...ever, measures, filter: filter(mark) }), [secret]),
          );
        }
      }
    }
  }
  return cells;
}

interface Type {
  kind: string;
  name: string | null;
  ofType: Type | null;
}

/** Every function of the GraphQL schema with every column, over all time, and each text argument named after a secret. */
async function ofSchema(app: FastifyInstance, { key, names, secrets }: Reader): Promise<Cell[]> {
  const type = 'type { kind name ofType { kind name } }';
  const query = `{ __schema { types { name fields { name } inputFields { name ${type} } } } }`;
  const { body } = await ask(app, key, post('/v1/graphql', { query }));
  type Found = { name: string; fields: { name: string }[] | null; inputFields: { name: string; type: Type }[] | null };
  const types = new Map((body.data.__schema.types as Found[]).map((one) => [one.name, one]));
  return (types.get('query_root')?.fields ?? []).flatMap(({ name }) => {
    const columns = (types.get(name)?.fields ?? []).map((one) => one.name).join(' ');
    const inputs = types.get(`${name}_args`)?.inputFields ?? [];
    const has = (input: string) => inputs.some((one) => one.name === input);
    const make = (more: Record<string, string>) => {
      const all = { ...ever, account_id: ACCOUNT, ...more };
      const args = Object.entries(all).filter(([input]) => has(input));
      const said = args.map(([input, value]) => `${input}: ${JSON.stringify(value)}`).join(', ');
      return post('/v1/graphql', { query: `{ ${name}(args: {${said}}) { ${columns} } }` });
    };
    const isNeeded = ({ type }: { type: Type }) => type.kind === 'NON_NULL';
    const session = String(names.conversation_id);
    const needed: Record<string, string> =
      inputs.some((one) => one.name === 'session_id' && isNeeded(one)) || !has('start_time')
        ? { session_id: session }
        : {};
    const texts = inputs.filter(({ type }) => ['String', '_text'].includes((type.ofType ?? type).name ?? ''));
    const value = (input: string, mark: string) =>
      input === 'session_id' ? named('conversation_id', mark) : named(input.replace(/s$/, ''), mark);
    return [
      { request: make(needed) },
      ...(has('session_id') ? [{ request: make({ session_id: session }) }] : []),
      ...(has('account_id')
        ? [{ request: make({ ...needed, account_id: OTHER }), twin: make({ ...needed, account_id: NOBODY }) }]
        : []),
      ...texts.flatMap((one) => both((mark) => make({ ...needed, [one.name]: value(one.name, mark) }), secrets)),
    ];
  });
}

const document = readContract().document as Document;
const operations = operationsOf(document).filter(({ operation }) => !skipped.includes(operation.operationId));

/** Every dimension that the reporting dialect groups by. */
function ofReporting({ secrets }: Reader): Cell[] {
  const url = (organization: string) => `/api/reporting/v1/orgs/${organization}/chat_sessions`;
  const interval = { start: ever.start_time, end: ever.end_time };
  const body = (group_by: string[]) => ({ interval, granularity: 'all', group_by, aggregations: [{ type: 'count' }] });
  const cells = Object.keys(participationNames).map((name): Cell => ({ request: post(url(ACCOUNT), body([name])) }));
  return [...cells, ...both((mark) => post(url(named('organization_id', mark)), body([])), secrets)];
}

/** The operations that answer CSV, which links can read. */
const tables = operations.filter(({ operation }) => operation.responses['200']?.content?.['text/csv'] !== undefined);

/** The reports and queries that a reader can share: those of its cells that are good. */
const shareable = (reader: Reader): object[] =>
  tables.flatMap((place) => {
    if (place.path !== '/v1/query' && place.method !== 'get') return [];
    return ofOperation(place, { ...reader, secrets: [] }).map(({ request: { url, payload } }) =>
      payload === undefined ? { report: url } : { query: payload },
    );
  });

interface SharedLink {
  link_id: string;
  path: string;
  /** What its key gets by the request that it stands for. */
  direct: Request;
}

/** Makes a link of each report that a reader can share. */
async function shareAll(app: FastifyInstance, reader: Reader): Promise<SharedLink[]> {
  const links: SharedLink[] = [];
  for (const what of some(shareable(reader), reader) as { report?: string; query?: object }[]) {
    const { status, body } = await ask(app, reader.key, post('/v1/links', what));
    if (status !== 201) continue;
    const url = new URL(what.report ?? '/v1/query', 'http://localhost');
    if (!url.searchParams.has('format')) url.searchParams.set('format', 'csv');
    const direct = `${url.pathname}${url.search}`;
    links.push({ ...body, direct: what.query ? post(direct, what.query) : { method: 'GET', url: direct } });
  }
  return links;
}

/** All that a request sent, taken out of an answer, and the number under which the log knows it. */
function heard(request: Request, answer: { status: number; text: string; headers: object }): string {
  const sent = decodeURIComponent(`${request.url} ${JSON.stringify(request.payload ?? '')}`);
  const told = { ...answer.headers } as Record<string, unknown>;
  const kept = JSON.stringify([told['report-notice'], told.link]);
  let text = `${answer.status} ${answer.text} ${decodeURIComponent(kept)}`;
  const marks = sent.match(new RegExp(`[\\w.-]*(${FOREIGN}|${HIDDEN}|${UNKNOWN})|${OTHER}|${NOBODY}`, 'g')) ?? [];
  for (const mark of marks) text = text.replaceAll(mark, '<sent>');
  return text.replace(/"request_id":"[^"]*"/, '"request_id":""');
}

interface Swept {
  cells: number;
  good: number;
  showing: number;
  leaks: string[];
  differences: string[];
  answers: Map<string, string>;
}

/** Asks every cell. `leaks` are answers with a secret, `differences` answers that tell a secret's name from an unknown one. */
async function sweep(app: FastifyInstance, reader: Reader, cells: Cell[], withTwins = true): Promise<Swept> {
  const swept: Swept = { cells: 0, good: 0, showing: 0, leaks: [], differences: [], answers: new Map() };
  for (const { request, twin } of cells) {
    const answer = await ask(app, reader.key, request);
    const text = heard(request, answer);
    const name = `${reader.name}: ${request.method} ${request.url} ${JSON.stringify(request.payload ?? '')}`;
    swept.cells++;
    if (answer.status === 200 && answer.body?.errors === undefined) swept.good++;
    if (text.includes(OWN)) swept.showing++;
    swept.answers.set(name, text);
    if ([...reader.secrets, OTHER].some((secret) => text.includes(secret))) swept.leaks.push(`${name}\n${text}`);
    if (twin !== undefined && withTwins) {
      const other = heard(twin, await ask(app, reader.key, twin));
      if (text !== other) swept.differences.push(`${name}\n${text}\n${other}`);
    }
  }
  return swept;
}

t.test('no answer depends on another account, nor on what a narrowed key does not see', async (t) => {
  const w = await world(t);
  const app = await w.app({ now: NOW });
  const otherKey = await w.key({ account_id: OTHER });
  const ofShop = { bot_id: 'shop', team_id: 'blue', conversation_id: 'c-1', organization_id: ACCOUNT };
  const ofHelper = { bot_id: 'helper', team_id: 'green', conversation_id: 'c-2', organization_id: ACCOUNT };
  const whole = { name: 'whole', turn: 0, key: await w.key(), names: ofShop, secrets: [FOREIGN] };
  const team = {
    name: 'team',
    turn: 1,
    key: await w.key({ team_ids: ['blue'] }),
    names: ofShop,
    secrets: [FOREIGN, HIDDEN],
  };
  const bot = {
    name: 'bot',
    turn: 2,
    key: await w.key({ bot_ids: ['helper'] }),
    names: ofHelper,
    secrets: [FOREIGN, HIDDEN],
  };
  const readers: Reader[] = [whole, team, bot];

  // The requests are made where everything is there, and asked first where only what the keys see is there.
  const full = await world(t);
  await load(full.db, [...own, ...hidden]);
  await load(full.db, foreign, OTHER);
  const fullApp = await full.app({ now: NOW });
  const seen = { [FOREIGN]: await full.key({ account_id: OTHER }), [HIDDEN]: await full.key() };
  const cellsOf = async (reader: Reader) => {
    const there = { ...reader, key: seen[HIDDEN] as string };
    return [
      ...some(
        operations.flatMap((place) => ofOperation(place, reader)),
        reader,
      ),
      ...(await ofCatalogue(fullApp, seen, there)),
      ...some(await ofSchema(fullApp, there), reader),
      ...some(ofReporting(there), reader),
    ];
  };
  const cells = new Map<Reader, Cell[]>();
  for (const reader of readers) cells.set(reader, await cellsOf(reader));
  const asked = (reader: Reader, withTwins = true) => sweep(app, reader, cells.get(reader) as Cell[], withTwins);

  const before = new Map<Reader, Swept>();
  await load(w.db, own);
  before.set(team, await asked(team, false));
  before.set(bot, await asked(bot, false));
  await load(w.db, hidden);
  before.set(whole, await asked(whole, false));
  await load(w.db, foreign, OTHER);

  let total = 0;
  for (const reader of readers) {
    const { leaks, differences, answers, ...counts } = await asked(reader);
    total += counts.cells;
    const changed = [...answers].filter(([name, text]) => before.get(reader)?.answers.get(name) !== text);
    t.strictSame(leaks, [], `${reader.name}: no answer holds what the key may not see`);
    t.strictSame(differences, [], `${reader.name}: what the key may not see is answered like what is not there`);
    t.strictSame(changed, [], `${reader.name}: no answer changes when others' conversations arrive`);
    t.ok(counts.good > counts.cells / 2, `${reader.name}: most requests are good ones: ${JSON.stringify(counts)}`);
    t.ok(counts.showing > inForm(15, 33), `${reader.name}: its own conversations show: ${JSON.stringify(counts)}`);
    say(`${reader.name}: ${JSON.stringify(counts)}`);
  }
  say(`${total} cells`);
  t.ok(total >= inForm(300, 667), `${total} cells`);

  // Links, read without a key: each answers what its key gets, and dead ones answer alike.
  const links = new Map<Reader, SharedLink[]>();
  for (const reader of readers) links.set(reader, await shareAll(app, reader));
  const readLink = async ({ path }: SharedLink) =>
    heard({ method: 'GET', url: '' }, await ask(app, null, { url: path }));
  for (const reader of readers) {
    const own = links.get(reader) as SharedLink[];
    t.ok(own.length > inForm(10, 20), `${reader.name}: ${own.length} links`);
    const others: string[] = [];
    const leaks: string[] = [];
    for (const link of own) {
      const text = await readLink(link);
      const direct = heard({ method: 'GET', url: '' }, await ask(app, reader.key, link.direct));
      if (text !== direct.replace(/,"?<[^>]*>; rel=[^\]]*/, ',null'))
        others.push(`${link.direct.url}\n${text}\n${direct}`);
      if ([...reader.secrets, OTHER].some((secret) => text.includes(secret))) leaks.push(`${link.direct.url}\n${text}`);
    }
    t.strictSame(others, [], `${reader.name}: a link answers what its key gets`);
    t.strictSame(leaks, [], `${reader.name}: and nothing that its key may not see`);
  }
  const [first, second, third] = links.get(whole) as [SharedLink, SharedLink, SharedLink];
  const [live = ''] = [await readLink(first)];
  t.match(live, /^200 /);
  for (const reader of [team, bot]) {
    const answer = await ask(app, reader.key, { method: 'DELETE', url: `/v1/links/${first.link_id}` });
    t.equal(answer.status, 404, `${reader.name}: a link of a wider key is none of its`);
    t.notMatch((await ask(app, reader.key, { url: '/v1/links' })).text, first.link_id);
  }
  await ask(app, whole.key, { method: 'DELETE', url: `/v1/links/${first.link_id}` });
  await w.sql`update links set expires_at = ${new Date(NOW)} where link_id = ${second.link_id}`;
  const altered = { ...third, path: third.path.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')) };
  const ofTeam = (links.get(team) as SharedLink[])[0] as SharedLink;
  await ask(app, whole.key, { method: 'DELETE', url: `/v1/keys/${idOf(team.key)}` });
  const unknown = await readLink({ ...third, path: `/v1/shared/${'x'.repeat(43)}` });
  t.match(unknown, /^404 /);
  for (const [name, link] of Object.entries({ deleted: first, ended: second, altered, 'of a revoked key': ofTeam })) {
    t.equal(await readLink(link), unknown, name);
  }
  t.match(await readLink(third), /^200 /, 'the others go on');

  // A link sees what its key sees when it is read.
  const ofBots = (links.get(bot) as SharedLink[]).filter(({ direct }) => direct.url.startsWith('/v1/bots?'));
  const sees = async () => (await Promise.all(ofBots.map(readLink))).join('\n');
  t.notMatch(await sees(), 'shop');
  await w.sql`update keys set bot_ids = '{shop}' where key_id = ${idOf(bot.key)}`;
  t.match(await sees(), 'shop', 'with another reach');
  t.notMatch(await sees(), 'helper', 'and no more the former one');

  // The control: keys of the same words whose account, teams and bots became others.
  const swept = async (key: string, reader: Reader) => {
    return await sweep(app, { ...reader, key }, cells.get(reader) as Cell[]);
  };
  const stray = await w.key();
  await w.sql`update keys set account_id = ${OTHER}::uuid where key_id = ${idOf(stray)}`;
  const strayed = await swept(stray, whole);
  const wide = await w.key({ team_ids: ['blue'] });
  await w.sql`update keys set team_ids = null where key_id = ${idOf(wide)}`;
  const widened = await swept(wide, team);
  for (const [name, { leaks, differences, answers }, reader] of [
    ['account', strayed, whole],
    ['team', widened, team],
  ] as const) {
    const changed = [...answers].filter(([cell, text]) => before.get(reader)?.answers.get(cell) !== text);
    say(`control of ${name}: ${leaks.length} leaks, ${differences.length} differences, ${changed.length} changes`);
    t.ok(leaks.length > inForm(10, 26), `without the condition on the ${name}, ${leaks.length} answers leak`);
    t.ok(differences.length > inForm(7, 20), `and ${differences.length} tell names apart`);
    t.ok(changed.length > inForm(35, 80), `and ${changed.length} change`);
  }
  t.equal((await ask(app, otherKey, { url: '/v1/bots' })).text.includes(FOREIGN), true, 'the other account has them');
});

/** The figures, as the runner shows them. */
const say = (figures: string) => process.stderr.write(`isolation: ${figures}\n`);

const idOf = (key: string) => String(Buffer.from(key.replace('Basic ', ''), 'base64')).split(':')[0] as string;
