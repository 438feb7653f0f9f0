import type { Document, Media, Operation, Parameter, Schema } from '../contract/document.js';
import { operationsOf } from '../contract/document.js';
import { graphqlQuery, type Types } from './graphql.js';
import type { Chance } from './random.js';

/** A request of the attack. */
export interface Attack {
  /** The operation, and of GraphQL the function, that it is of. */
  of: string;
  method: 'GET' | 'POST';
  url: string;
  payload?: string;
  type?: string;
}

/** The account of the contract's examples. */
export const ACCOUNT = '8a6e0804-2bd0-4672-b79d-d97027f9071a';

/** How likely each part of a request is to be a hostile one. */
type Spite = number;

export const hostile = [
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

export const ranges = [
  ['2024-01-08', '2024-01-11'],
  ['2024-01-01', '2024-02-01'],
  ['2024-01-01T00:00:00Z', '2024-03-04T00:00:00Z'],
  ['2024-01-07T00:00:00+02:00', '2024-04-01T00:00:00+03:00'],
] as const;

/** Values of parameters that have no example in the contract, or several. */
const known: Record<string, readonly string[]> = {
  channel_type: ['web', 'web,sms', 'unknown'],
  language: ['en', 'fi,en'],
  user_id: ['ann'],
  agent_id: ['bob'],
  intent: ['greeting'],
  message_id: ['1'],
  path: ['menu'],
  q: ['ann', 'C-'],
  limit: ['1', '50', '200'],
  first: ['1', '100'],
  group_by: ['channel_type', 'language'],
  team_id: ['blue'],
  version: ['LIVE'],
  bot_id: ['shop'],
};

/** Parameters that make no sense beside each other, or without an answer that came before. */
const alone = new Set(['after', 'before', 'last', 'cursor']);

/** Requests of a contract's operations: `spite` 0 gives such as should be answered, more bends their parts. */
export function requestsOf(document: Document, types: Types, chance: Chance) {
  const operations = operationsOf(document);
  const more = operations.filter(({ method }) => method === 'post'); // they are the rich ones
  return (spite: Spite): Attack => requestOf(chance.pick(chance.is(0.5) ? more : operations), spite);

  function requestOf(
    { method, path, operation }: { method: string; path: string; operation: Operation },
    spite: Spite,
  ): Attack {
    const range = chance.pick(ranges);
    const text = (one: Parameter) => encodeURIComponent(textFor(one, range, spite));
    const given = (operation.parameters ?? []).filter(
      (one) => one.in === 'path' || one.required || (chance.is(0.25) && (spite > 0 || !alone.has(one.name))),
    );
    const url = given
      .filter((one) => one.in === 'path')
      .reduce((to, one) => to.replace(`{${one.name}}`, text(one) || '%20'), path);
    const query = given.filter((one) => one.in === 'query').map((one) => `${one.name}=${text(one)}`);
    const attack = {
      of: `${method.toUpperCase()} ${path}`,
      method: method.toUpperCase() as 'GET' | 'POST',
      url: query.length === 0 ? url : `${url}?${query.join('&')}`,
    };
    const content = Object.entries(operation.requestBody?.content ?? {});
    if (content.length === 0) return attack;
    if (path === '/v1/graphql') {
      const { name, query } = graphqlQuery(types, chance, spite);
      return { ...attack, of: `${attack.of} ${name}`, payload: JSON.stringify({ query }), type: 'application/json' };
    }
    const [type, media] = chance.pick(content);
    return { ...attack, payload: bodyFor(path, type, media, spite), type };
  }

  function textFor({ name, schema, example }: Parameter, range: readonly [string, string], spite: Spite): string {
    if (chance.is(spite)) return chance.pick(hostile);
    if (name === 'start_time') return range[0];
    if (name === 'end_time') return range[1];
    if (Array.isArray(schema.enum)) return String(chance.pick(schema.enum as unknown[]));
    if (name in known) return chance.pick(known[name] as string[]);
    if (example !== undefined) return String(example);
    return schema.type === 'integer' ? String(1 + chance.below(200)) : 'a';
  }

  function bodyFor(path: string, type: string, { schema, example, examples }: Media, spite: Spite): string {
    if (path === '/v1/events') return batchFor(type, schema, spite);
    const shown = [
      ...(example === undefined ? [] : [example]),
      ...Object.values(examples ?? {}).map((one) => one.value),
    ];
    if (chance.is(0.4)) return JSON.stringify(valueFor('', schema, Math.max(spite, 0.02)));
    const value = chance.pick(shown);
    return JSON.stringify(spite > 0 ? bent(value) : value);
  }

  /** The contract has no schema for NDJSON: its lines are the events of the JSON body. */
  function batchFor(type: string, schema: Schema | undefined, spite: Spite): string {
    const sample = (schema?.properties?.events?.items ?? eventSchema()) as Schema;
    const events = Array.from({ length: 1 + chance.below(4) }, () => valueFor('', sample, spite));
    if (type === 'application/json') return JSON.stringify({ events });
    return `${events.map((event) => JSON.stringify(event)).join('\n')}\n`;
  }

  function eventSchema(): Schema {
    const sends = operations.find((one) => one.path === '/v1/events')?.operation.requestBody?.content;
    return sends?.['application/json']?.schema.properties?.events?.items as unknown as Schema;
  }

  /** A JSON value with one of its leaves, or a part, made into something hostile. */
  function bent(value: unknown): unknown {
    if (typeof value !== 'object' || value === null || chance.is(0.15))
      return chance.pick<unknown>([...hostile, null, [], {}, 1e15, -1, true]);
    const entries = Object.entries(value);
    const at = chance.below(entries.length);
    const changed = entries.map(([key, item], n) => [key, n === at ? bent(item) : item] as const);
    return Array.isArray(value) ? changed.map(([, item]) => item) : Object.fromEntries(changed);
  }

  /** A JSON value by a schema, or now and then by spite. */
  function valueFor(name: string, schema: Schema | undefined, spite: Spite, level = 0): unknown {
    if (schema === undefined || level > 8 || chance.is(spite))
      return chance.pick<unknown>([...hostile, null, [], {}, 1e15, -1, true]);
    if (schema.const !== undefined) return schema.const;
    if (Array.isArray(schema.enum)) return chance.pick(schema.enum as unknown[]);
    if (/time$|^(start|end)$/.test(name)) return timeFor();
    const choices = (schema.oneOf ?? schema.anyOf) as Schema[] | undefined;
    if (choices !== undefined) return valueFor(name, chance.pick(choices), spite, level + 1);
    const parts = [schema, ...((schema.allOf ?? []) as Schema[])];
    const properties: Record<string, Schema> = {};
    for (const [key, own] of parts.flatMap((part) => Object.entries(part.properties ?? {})))
      properties[key] = { ...properties[key], ...own }; // one part may name what another describes
    const required = parts.flatMap((part) => part.required ?? []);
    const { type: types, ...bounds }: Schema = Object.assign({}, ...parts);
    if (types === 'null') return null;
    const type = [types].flat().find((one) => one !== 'null');
    if (Object.keys(properties).length > 0) {
      const names = Object.keys(properties).filter((key) => required.includes(key) || chance.is(0.3));
      return Object.fromEntries(names.map((key) => [key, valueFor(key, properties[key], spite, level + 1)]));
    }
    if (type === 'array')
      return Array.from({ length: 1 + chance.below(3) }, (_, n) => {
        const item = valueFor('', bounds.items as Schema, spite, level + 1);
        return typeof item === 'string' && item.length < 20 ? `${item}${n}` : item; // each once
      });
    if (type === 'integer' || type === 'number') {
      const [least, most] = [Number(bounds.minimum ?? 0), Number(bounds.maximum ?? 5)];
      return type === 'number' && most <= 1 ? chance.next() : least + chance.below(Math.min(5, most - least) + 1);
    }
    if (type === 'boolean') return chance.is(0.5);
    if (type === 'object') return { a: '1' };
    return wordFor(name);
  }

  function timeFor(): string {
    return new Date(Date.UTC(2024, 0, 7) + chance.below(40 * 86_400) * 1_000).toISOString();
  }

  function wordFor(name: string): string {
    if (name === 'id') return `e${chance.below(1e9)}`;
    if (name === 'conversation_id') return `c${chance.below(60)}`;
    if (name === 'amount') return '12.50';
    if (name === 'currency') return 'EUR';
    return known[name] === undefined ? chance.pick(['ann', 'bob', 'eve']) : (known[name]?.[0] as string);
  }
}
