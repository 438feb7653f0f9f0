import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { parse, stringify } from 'lossless-json';

/** The longest JSON that is indented, in characters: it is for eyes, and is parsed once more for it. */
const LONGEST = 1_000_000;

/**
 * How answers are written: compressed for who accepts it, and JSON indented for a browser that opens it as a page. `Vary`
 * says so on every answer, also on those that are too short to be compressed.
 */
export async function encodeAnswers(app: FastifyInstance): Promise<void> {
  app.addHook('onSend', async (request, reply, payload) => {
    const isJson = /[/+]json\b/.test(String(reply.getHeader('content-type')));
    // What has not changed has no type, and varies as the answer did.
    vary(reply, isJson || reply.statusCode === 304 ? ['accept', 'accept-encoding'] : ['accept-encoding']);
    return isJson && isPage(request) && typeof payload === 'string' ? indented(payload) : payload;
  });
  await app.register(compress, {
    encodings: ['br', 'gzip'],
    customTypes: /^text\/|[/+](json|xml|yaml|javascript)\b/,
    globalDecompression: false,
    // Each part of a stream is sent when it is there: otherwise a slow one would be held until its end.
    brotliOptions: { flush: constants.BROTLI_OPERATION_FLUSH },
    zlibOptions: { flush: constants.Z_SYNC_FLUSH },
  });
}

/** Whether a browser opens an answer as a page: it asks for HTML first. A script in a page does not. */
const isPage = ({ headers: { accept = '' } }: FastifyRequest) => /^text\/html\b/i.test(accept);

/** The same JSON on several lines, its numbers as they were written. */
function indented(json: string): string {
  if (json.length > LONGEST) return json;
  return `${stringify(parse(json), undefined, 2)}\n`;
}

function vary(reply: FastifyReply, names: string[]): void {
  const there = String(reply.getHeader('vary') ?? '');
  const missing = names.filter((name) => !there.toLowerCase().split(/, */).includes(name));
  if (missing.length > 0) reply.header('vary', [...(there === '' ? [] : [there]), ...missing].join(', '));
}
