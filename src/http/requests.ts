import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectionError, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Principal } from '../auth/principal.js';
import { whenAnswered } from './answered.js';
import { problemOf } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The error behind an answer with status 500 or above, for the log. */
    failure: unknown;
  }
}

/** Fastify options that {@link traceRequests} needs. */
export const requestOptions = {
  genReqId: () => randomUUID(),
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
  clientErrorHandler: answerUnreadable,
};

/**
 * Sends the request id with every answer and logs one line per request. It logs the route and not the URL, because
 * paths and queries may contain names and texts of people.
 */
export function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('failure', null);
  app.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    reply.header('x-request-id', request.id);
    whenAnswered(reply, (sent) => logRequest(request, reply.statusCode, sent, performance.now() - started));
    done();
  });
}

function logRequest(request: FastifyRequest, status: number, sent: boolean, ms: number): void {
  const { principal, failure } = request as { principal?: Principal; failure: unknown };
  const line = {
    method: request.method,
    route: request.routeOptions.url ?? null,
    status: sent ? status : null,
    ms: Math.round(ms * 10) / 10,
    ...(principal ? { key_id: principal.key_id, account_id: principal.account_id } : {}),
    ...(failure === null ? {} : { err: failure }),
  };
  const level = failure === null || !sent ? 'info' : status === 503 ? 'warn' : 'error';
  request.log[level](line, sent ? 'request' : 'request aborted by the client');
}

const unreadable: Partial<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request, including its URL, are longer than 16 KiB'],
};

/** Answers and logs input that never became a request: bytes that are not HTTP, endless headers. */
function answerUnreadable(this: FastifyInstance, error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const id = randomUUID();
  const [status, detail] = unreadable[error.code] ?? [400, 'the request is not HTTP'];
  this.log.info({ request_id: id, method: null, route: null, status, code: error.code }, 'request');
  const body = problemOf(status, detail, [], id);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${status} ${body.title}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    `X-Request-Id: ${id}`,
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  if (socket.writable) socket.write(`${head.join('\r\n')}\r\n\r\n${text}`);
  socket.destroySoon();
}

/** Answers an unsupported `Expect` header with a problem; Node would send no body. */
export function answerExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const id = randomUUID();
    app.log.info({ request_id: id, method: null, route: null, status: 417 }, 'request');
    const expected = String(headers.expect).slice(0, 100);
    const body = problemOf(417, `Expect: ${expected} is not supported; only 100-continue is`, [], id);
    response.writeHead(417, {
      'content-type': 'application/problem+json; charset=utf-8',
      'x-request-id': id,
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    response.end(JSON.stringify(body));
  });
}
