import type { Content, Operation, Parameter, Schema } from './document.js';
import { normalize } from './normal.js';

export interface Options {
  /** The body is checked by other means than the route's schema, which therefore says nothing of it. */
  ownBody?: boolean;
  /** So are the answers that succeed. */
  ownAnswer?: boolean;
}

/**
 * Where an operation of the contract and the description of its route differ: parameters, body, and the answers that the
 * route declares, which must be all that succeed. A line a difference; none when they say the same.
 */
export function differences(contract: Operation, route: Operation, options: Options = {}): string[] {
  return compare(sidesOf(contract, route, options), sidesOf(route, route, options), '');
}

/** What is compared of an operation: of its answers those that the route declares, and those in JSON that succeed. */
function sidesOf(
  { parameters = [], requestBody, responses }: Operation,
  route: Operation,
  { ownBody = false, ownAnswer = false }: Options,
) {
  const statuses = Object.keys(responses).filter((status) => status in route.responses || status.startsWith('2'));
  return {
    parameters: Object.fromEntries(parameters.map((one) => [`${one.in} ${one.name}`, parameterOf(one)])),
    body: ownBody || !requestBody ? null : { required: requestBody.required ?? false, ...jsonOf(requestBody.content) },
    responses: ownAnswer
      ? null
      : Object.fromEntries(statuses.map((status) => [status, jsonOf(responses[status]?.content)])),
  };
}

/** A list as a query parameter is repeated, unless it says otherwise: what OpenAPI takes for granted is left out. */
function parameterOf({ required = false, schema, style, explode }: Parameter) {
  return {
    required,
    schema: normalize(schema),
    ...(style === undefined || style === 'form' || style === 'simple' ? {} : { style }),
    ...(explode === false ? { explode } : {}),
  };
}

const jsonOf = (content: Content = {}): { json?: Schema } => {
  const schema = content['application/json']?.schema;
  return schema === undefined ? {} : { json: normalize(schema) };
};

function compare(contract: unknown, route: unknown, path: string): string[] {
  if (contract === route) return [];
  if (isObject(contract) && isObject(route)) {
    const names = new Set([...Object.keys(contract), ...Object.keys(route)]);
    return [...names].flatMap((name) => compare(contract[name], route[name], path === '' ? name : `${path}.${name}`));
  }
  const [ours, theirs] = [JSON.stringify(contract), JSON.stringify(route)];
  return ours === theirs ? [] : [`${path}: the contract says ${ours ?? 'nothing'}, the route ${theirs ?? 'nothing'}`];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
