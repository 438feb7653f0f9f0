import { base } from './base.js';
import type { QueryBody } from './types.js';

/** A request of the public API. Everything that a page shows comes from one, and can be asked again without the page. */
export interface ApiRequest {
  method: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** Query parameters; a list repeats its name, undefined leaves it out. */
  query?: Record<string, string | string[] | undefined>;
  body?: object;
}

export const get = (path: string, query: ApiRequest['query'] = {}): ApiRequest => ({ method: 'GET', path, query });

/** A question in the query language. */
export const question = (body: QueryBody): ApiRequest => ({ method: 'POST', path: '/v1/query', body });

/** The same request, answered with CSV. */
export const asCsv = (request: ApiRequest): ApiRequest => ({ ...request, query: { ...request.query, format: 'csv' } });

/** Path and query, as they are sent. */
export function target({ path, query = {} }: ApiRequest): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of value === undefined ? [] : [value].flat()) parameters.append(name, one);
  }
  return parameters.size === 0 ? path : `${path}?${parameters}`;
}

/** The request as a command to copy; the key stays a variable of the shell. */
export function curl(request: ApiRequest): string {
  const parts = [`curl -u "$KEY" ${quoted(location.origin + base + target(request))}`];
  if (request.method !== 'GET' && !request.body) parts.push(`-X ${request.method}`);
  if (request.body) parts.push("-H 'Content-Type: application/json'", `-d ${quoted(JSON.stringify(request.body))}`);
  return parts.join(' \\\n  ');
}

/** A word of a POSIX shell. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
