import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectionError, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Principal } from '../auth/principal.js';
import { whenAnswered } from './answered.js';
import { problemOf } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The error behind an answer from 500 on, for the log. */
    failure: unknown;
  }
}

/** The options of a Fastify instance whose requests {@link traceRequests} logs. */
export const requestOptions = {
  genReqId: () => randomUUID(),
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
  clientErrorHandler: answerUnreadable,
};

/**
 * Gives every answer the id of its request, and every request one line in the log: its route rather than its URL, since
 * paths and queries may hold what people are called or said.
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
  request.log[level](line, sent ? 'request' : 'request given up by its client');
}

const unreadable: Partial<Record<string, [status: number, detail: string]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request, its URL among them, are longer than 16 KiB'],
};

/** Answers and logs what never became a request: bytes that are not HTTP, headers without an end. */
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

/** Answers an `Expect` that is none of ours with a problem; Node would do so without a body. */
export function answerExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const id = randomUUID();
    app.log.info({ request_id: id, method: null, route: null, status: 417 }, 'request');
    const expected = String(headers.expect).slice(0, 100);
    const body = problemOf(417, `Expect: ${expected} is not met here; 100-continue alone is`, [], id);
    response.writeHead(417, {
      'content-type': 'application/problem+json; charset=utf-8',
      'x-request-id': id,
      'x-content-type-options': 'nosniff',
      connection: 'close',
    });
    response.end(JSON.stringify(body));
  });
}
