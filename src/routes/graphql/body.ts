import type { FastifyRequest } from 'fastify';
import { InvalidRequest } from '../../errors.js';
import { Faults } from '../../http/faults.js';
import { decode } from '../../http/utf8.js';
import { isObject } from '../../queries/ingest/json.js';
import { afterBlanks, type Bounds, endOfValue, OverBounds } from '../../queries/ingest/scan.js';

/** Wide enough for long lists of ids in variables. */
const BOUNDS: Bounds = { levels: 100, values: 20_000 };

export interface GraphqlBody {
  query: string;
  variables: Record<string, unknown>;
  operationName: string | null;
}

/** Parses the body of a request. Unknown keys are ignored, because clients send extensions. Throws `InvalidRequest`. */
export function readBody({ body }: FastifyRequest): GraphqlBody {
  const sent = parse(Buffer.isBuffer(body) ? body : Buffer.alloc(0));
  const faults = new Faults();
  const fields = isObject(sent) ? sent : {};
  const { query, variables = null } = fields;
  const operationName = fields.operationName === '' ? null : (fields.operationName ?? null); // some clients send it for none
  if (!isObject(sent)) faults.add('$', 'must be an object {"query", "variables", "operationName"}, one per request');
  else if (typeof query !== 'string') faults.add('$.query', 'must be the text of a GraphQL document');
  if (variables !== null && !isObject(variables))
    faults.add('$.variables', 'must be an object with the names of variables as keys');
  if (operationName !== null && typeof operationName !== 'string') faults.add('$.operationName', 'must be a text');
  faults.check();
  return {
    query: query as string,
    variables: (variables ?? {}) as Record<string, unknown>,
    operationName: operationName as string | null,
  };
}

function parse(bytes: Buffer): unknown {
  const text = decode(bytes);
  if (text === null) throw refused('is not UTF-8');
  try {
    endOfValue(text, afterBlanks(text, 0), BOUNDS);
    return JSON.parse(text);
  } catch (error) {
    throw refused(error instanceof OverBounds ? error.message : 'is not JSON');
  }
}

const refused = (message: string) => new InvalidRequest([{ path: '$', message }]);
