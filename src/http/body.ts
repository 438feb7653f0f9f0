import type { FastifyInstance, FastifyRequest } from 'fastify';
import { InvalidRequest, Unsupported } from '../errors.js';
import { unknownParameter } from './faults.js';

/**
 * Hooks for routes that take a body and no query parameters. They refuse query parameters, and bodies with an
 * unsupported type or encoding; the error lists the supported ones. `encodings` are those that the route decodes.
 */
export function expectBody(app: FastifyInstance, types: readonly string[], encodings: readonly string[] = []): void {
  app.addHook('preParsing', async (request) => {
    const { 'content-type': type, 'content-encoding': encoding = 'identity' } = request.headers;
    const media = type?.split(';')[0]?.trim().toLowerCase();
    const reads = `is not supported here: send ${types.join(' or ')}`;
    if (media === undefined) {
      const hasBody =
        request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length']) > 0;
      if (hasBody) throw new Unsupported(`a body without Content-Type ${reads}`);
    } else if (!types.includes(media)) throw new Unsupported(`Content-Type ${media.slice(0, 100)} ${reads}`);
    if (encoding !== 'identity' && !encodings.includes(encoding.toLowerCase())) {
      const plain = [...encodings, 'plain'].join(', or ');
      throw new Unsupported(`Content-Encoding ${encoding.slice(0, 100)} is not supported here: send ${plain}`);
    }
  });
}

/**
 * Makes the routes of `app` take JSON bodies of up to `limit` bytes. They arrive as bytes: `readBody` parses them, and the
 * parser of the operation names every fault by its path.
 */
export function takeJson(app: FastifyInstance, limit: number): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: limit }, (_request, body, done) =>
    done(null, body),
  );
  expectBody(app, ['application/json']);
}

/** An `onRequest` hook for a route without query parameters. */
export async function refuseQuery(request: FastifyRequest): Promise<void> {
  const names = Object.keys(request.query as object).slice(0, 100);
  if (names.length === 0) return;
  throw new InvalidRequest(names.map((name) => ({ path: name.slice(0, 64), message: unknownParameter(name, []) })));
}
