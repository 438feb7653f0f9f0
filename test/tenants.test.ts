import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { buildApp } from '../src/app.js';
import { readContract } from '../src/contract.js';
import { openPool } from '../src/database/database.js';
import { distributed } from '../src/database/placement.js';
import { parseTimeouts, type Timeouts } from '../src/queries/timeouts.js';
import { root } from '../src/root.js';
import { type Document, operationsOf } from './contract/document.js';
import type { Event } from './fold/fold.js';
import { ACCOUNT, world } from './harness.js';
import { load } from './tools/load.js';

/**
 * Every statement that a request sends about facts names the account of its key, for each table that it reads, and the teams of
 * a narrowed key. The requests are the contract's own examples, and every function of the GraphQL schema.
 */

const TEAMS = ['blue'];
/** Tables whose rows belong to a conversation, and so to a team and a bot. */
const ofConversations = ['conversations', 'events', 'participations', 'orders', 'agent_cells'];
/** Statements that may leave the teams out, and why. */
const withoutTeams: [pattern: RegExp, because: string][] = [
  [/from conversation_segments/, 'rows of segments are filtered as they arrive; isolation.test.ts asks both roads'],
  [/^\s*with revisions as materialized/, 'the bodies of events that the statement before it has found for this key'],
  [/json_to_recordset\(.*join events e/s, 'counts repeats in a batch that ingest has just taken from this key'],
];

interface Statement {
  text: string;
  parameters: readonly unknown[];
}

/** What a statement lacks for a key of this account that is narrowed to these teams; null if nothing. */
export function lackOf({ text, parameters }: Statement, account: string, teams: string[]): string | null {
  const at = (place: string | undefined) => parameters[Number(place) - 1];
  const named = new RegExp(
    `\\b(?:from|join|into|update)\\s+(${distributed.join('|')})\\b(?:\\s+(?:as\\s+)?(\\w+))?`,
    'gi',
  );
  const words = ['where', 'group', 'order', 'limit', 'join', 'left', 'cross', 'on', 'union', 'values', 'set', 'using'];
  const mentions = [...text.matchAll(named)].map(([, table = '', alias = '']) => ({
    table,
    alias: words.includes(alias.toLowerCase()) ? '' : alias,
  }));
  const isIngest = /\bingest\(/.test(text);
  if (mentions.length === 0 && !isIngest) return null;
  if (isIngest) return at('1') === account && same(at('4'), teams) ? null : 'ingest for another account, or any team';
  for (const [, place] of text.matchAll(/\baccount_id = \$(\d+)/g)) {
    if (at(place) !== account) return `the account ${at(place)}`;
  }
  for (const { table, alias } of mentions) {
    const owner = alias === '' ? '(?<![.\\w])' : `\\b${alias}\\.`;
    const bound = new RegExp(`${owner}account_id = (?:\\$\\d+|\\w+\\.account_id)`);
    if (!bound.test(text)) return `no account for ${table} ${alias}`;
  }
  if (!mentions.some(({ table }) => ofConversations.includes(table))) return null;
  if (withoutTeams.some(([pattern]) => pattern.test(text))) return null;
  const lists = [...text.matchAll(/\bteam_id = any\(\$(\d+)/g)].map(([, place]) => at(place));
  return lists.some((list) => same(list, teams)) ? null : 'no teams of the key';
}

/** Whether a parameter, which the driver may have written as text, is this list. */
const same = (value: unknown, list: string[]) =>
  JSON.stringify(value) === JSON.stringify(list) || value === `{"${list.join('","')}"}`;

const document = readContract().document as Document;

t.test('every statement about facts names the account and the teams of the key', async (t) => {
  const w = await world(t);
  // The contract's examples answer on the samples, here all of one team.
  const samples = readFileSync(join(root, 'samples/events.ndjson'), 'utf8').trim().split('\n');
  const events = samples.map((line) => JSON.parse(line) as Event & { conversation?: object });
  await load(
    w.db,
    events.map((one) => ({ ...one, conversation: { ...one.conversation, team_id: 'blue' } }) as Event),
  );
  const sent: Statement[] = [];
  const db = openPool(w.target, {
    ...{ max: 4, statementTimeout: 60_000, synchronousCommit: 'off' },
    observe: (text, parameters) => sent.push({ text, parameters: [...parameters] }),
  });
  const now = Date.UTC(2024, 0, 15, 12);
  const app = await buildApp({ db, timeouts: parseTimeouts('24h') as Timeouts, now: () => now });
  t.teardown(async () => {
    await app.close();
    await db.close();
  });

  /** Sends all requests with a key, and gives the statements of each. */
  async function asked(key: string): Promise<{ name: string; status: number; statements: Statement[] }[]> {
    const all = [];
    for (const { method, url, payload } of await requests(key)) {
      sent.length = 0;
      const answer = await app.inject({
        method,
        url,
        headers: { authorization: key },
        ...(payload ? { payload } : {}),
      });
      all.push({ name: `${method} ${url}`, status: answer.statusCode, statements: [...sent] });
    }
    return all;
  }

  /** The requests of the contract's examples, and one of each GraphQL function. */
  async function requests(key: string) {
    type Request = { method: 'GET' | 'POST'; url: string; payload?: object };
    const all: Request[] = [];
    for (const { method, path, operation } of operationsOf(document)) {
      const id = operation.operationId;
      if (!['get', 'post'].includes(method) || /Key|Link|Source|Hook|Health|Readiness/.test(id)) continue;
      const query = new URLSearchParams();
      let url = path;
      for (const one of operation.parameters ?? []) {
        const value = String(one.example ?? (one.schema.enum as string[] | undefined)?.[0] ?? 'x');
        if (one.in === 'path')
          url = url.replace(`{${one.name}}`, encodeURIComponent(one.name === 'organization_id' ? ACCOUNT : value));
        else if (one.in === 'query' && one.required) query.set(one.name, value);
      }
      const media = operation.requestBody?.content['application/json'];
      const bodies = Object.values(media?.examples ?? {}).map(({ value }) => value as object);
      if (media?.example !== undefined) bodies.push(media.example as object);
      const target = query.size === 0 ? url : `${url}?${query}`;
      if (method === 'get') all.push({ method: 'GET', url: target });
      for (const payload of method === 'post' ? bodies : []) all.push({ method: 'POST', url: target, payload });
    }
    const schema = await app.inject({
      ...{ method: 'POST', url: '/v1/graphql', headers: { authorization: key } },
      payload: { query: '{ __schema { types { name fields { name } inputFields { name } } } }' },
    });
    type Named = { name: string };
    const types = schema.json().data.__schema.types as (Named & {
      fields: Named[] | null;
      inputFields: Named[] | null;
    })[];
    const given: Record<string, string> = {
      start_time: '2024-01-01',
      end_time: '2024-02-01',
      session_id: 'c-1',
      bot_id: 'shop',
      account_id: ACCOUNT,
    };
    for (const { name } of types.find((one) => one.name === 'query_root')?.fields ?? []) {
      const inputs = types.find((one) => one.name === `${name}_args`)?.inputFields ?? [];
      const args = inputs.flatMap((input) =>
        input.name in given ? `${input.name}: ${JSON.stringify(given[input.name])}` : [],
      );
      const columns = (types.find((one) => one.name === name)?.fields ?? []).map((one) => one.name).join(' ');
      all.push({
        method: 'POST',
        url: '/v1/graphql',
        payload: { query: `{ ${name}(args: {${args.join(', ')}}) { ${columns} } }` },
      });
    }
    return all;
  }

  const narrow = await w.key({ team_ids: TEAMS, permissions: ['admin'] });
  const found = await asked(narrow);
  const lacking = (all: typeof found) =>
    all.flatMap(({ name, statements }) =>
      statements.flatMap((one) => {
        const lack = lackOf(one, ACCOUNT, TEAMS);
        return lack === null ? [] : [`${name}: ${lack}\n${one.text}`];
      }),
    );
  const about = (all: typeof found) =>
    all.filter(({ statements }) => statements.some(({ text }) => /conversation|events/.test(text)));
  t.comment(`${found.length} requests, ${about(found).length} of them about facts`);
  t.ok(about(found).length > 40, `${about(found).length} requests ask about facts`);
  t.strictSame(lacking(found), []);

  // The controls: a scope that is forgotten, and one of another account.
  const forgotten = lacking(await asked(await w.key()));
  t.ok(forgotten.length > 20, `without the teams, ${forgotten.length} statements are found out`);
  const other = '00000000-0000-4000-8000-00000000000b';
  const strayed = lacking(await asked(await w.key({ account_id: other, team_ids: TEAMS })));
  t.ok(strayed.length > 40, `for another account, ${strayed.length} are`);
});
