import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type Document, inline, operationsOf, type Response, type Schema } from './document.js';

/** An answer of the service, as far as the contract speaks of it. */
export interface Answered {
  status: number;
  headers: Record<string, unknown>;
  text: string;
}

export interface Contracted {
  /** What is wrong with an answer by the contract, or nothing. `url` may have a query. */
  faultsOf(method: string, url: string, answer: Answered): string[];
  /** What is wrong with a value by a schema whose references are resolved; its objects hold what they declare and no more. */
  faultsOfValue(schema: Schema, value: unknown): string[];
}

/** Pages and files for people and tools, which the contract does not describe. */
export const isPage = (path: string) => /^\/((docs|graphiql)(\/.*)?|openapi\.(yaml|json))?$/.test(path);

/** Holds answers to a contract. */
export function contracted(document: Document): Contracted {
  const ajv = new Ajv2020({ strict: true, strictTypes: false, strictRequired: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addVocabulary(['example', 'discriminator', 'components']);
  ajv.addSchema({ $id: 'contract', components: document.components }); // for schemas that lead into themselves
  const compiled = new Map<Schema, ValidateFunction>();
  const operations = operationsOf(document)
    .map((place) => ({ ...place, matches: pathPattern(place.path), places: place.path.split('{').length }))
    .sort((a, b) => a.places - b.places); // /bots/all is not a bot of that name
  const special = new Set(operations.flatMap(({ operation }) => Object.values(operation.responses).flatMap(headersOf)));
  const ofUnknownPaths = inline(document, unknownPath) as unknown as Record<string, Response>;

  function faultsOfValue(schema: Schema, value: unknown): string[] {
    const validate = compiled.get(schema) ?? ajv.compile(close(schema) as Schema);
    compiled.set(schema, validate);
    if (validate(value)) return [];
    return (validate.errors ?? []).map(
      ({ instancePath, message, params }) => `${instancePath || 'the value'} ${message} ${JSON.stringify(params)}`,
    );
  }

  function faultsOf(method: string, url: string, { status, headers, text }: Answered): string[] {
    const path = (url.split('?')[0] as string).replace(/(?<=.)\/$/, '');
    if (isPage(path) || method === 'OPTIONS' || method === 'HEAD') return [];
    const found = operations.find((one) => one.method === method.toLowerCase() && one.matches.test(path));
    const response = (found?.operation.responses ?? ofUnknownPaths)[status];
    if (response === undefined) return [`the status ${status} is not documented`];
    const declared = headersOf(response);
    const faults = Object.keys(headers)
      .filter((name) => special.has(name) && !declared.includes(name))
      .map((name) => `the header ${name} is not documented for ${status}`);
    if (response.content === undefined && text === '') return faults; // 204
    const type = String(headers['content-type'] ?? '').split(';')[0] as string;
    if (status === 304) return text === '' ? faults : [...faults, 'a 304 has a body'];
    const media = response.content?.[type];
    if (media === undefined) return [...faults, `the content type ${type} is not documented for ${status}`];
    const value = /[/+]json$/.test(type) ? JSON.parse(text) : text;
    return [...faults, ...faultsOfValue(media.schema, value)];
  }
  return { faultsOf, faultsOfValue };
}

const headersOf = ({ headers = {} }: { headers?: object }) => Object.keys(headers).map((name) => name.toLowerCase());

/** What a path that is no operation answers. */
const unknownPath = {
  400: { $ref: '#/components/responses/BadRequest' },
  404: { $ref: '#/components/responses/NotFound' },
  405: { $ref: '#/components/responses/NotFound' }, // a problem as well, with Allow
  503: { $ref: '#/components/responses/Unavailable' },
};

const pathPattern = (path: string) =>
  new RegExp(`^${path.replace(/[.*+?^$|()[\]\\]/g, '\\$&').replace(/\{[^}]+\}/g, '[^/]+')}$`);

/**
 * A schema whose objects allow only what they declare, unless they say what else. Parts of a composition are left open: the
 * whole of it is closed.
 */
function close(schema: unknown, isPart = false): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const closed: Schema = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (/^(allOf|anyOf|oneOf)$/.test(keyword)) closed[keyword] = (value as unknown[]).map((one) => close(one, true));
    else if (keyword === 'properties') {
      closed.properties = Object.fromEntries(Object.entries(value).map(([name, one]) => [name, close(one) as Schema]));
    } else if (keyword === '$ref') closed.$ref = `contract${value}`;
    else if (/^(items|additionalProperties)$/.test(keyword)) closed[keyword] = close(value);
    else closed[keyword] = value;
  }
  const isObject = closed.properties !== undefined || closed.type === 'object' || closed.allOf !== undefined;
  const isOpen = closed.additionalProperties === undefined && closed.unevaluatedProperties === undefined;
  const hasParts = closed.anyOf !== undefined || closed.oneOf !== undefined;
  if (!isPart && isOpen && (isObject || hasParts)) closed.unevaluatedProperties = false;
  return closed;
}
