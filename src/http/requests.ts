import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { type ConnectionError, type FastifyInstance, type FastifyRequest, LogController } from 'fastify';
import type { Principal } from '../auth/principal.js';
import type { Meter } from '../database/meter.js';
import type { Shed } from '../errors.js';
import { whenAnswered } from './answered.js';
import { problemOf } from './problem.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** The error behind an answer with status 500 or above, for the log. */
    failure: unknown;
    /** The limit or failure that the request ran into, for metrics. */
    shed: Shed | null;
    /** What became of the events of the request, for metrics. */
    ingested: Ingested | null;
    /** Where the numbers of the report came from, for metrics. */
    road: Meter['road'];
  }
}

/** What became of the events of one request. */
export interface Ingested {
  accepted: number;
  duplicates: number;
  /** Events of a batch, or of a delivery, that was refused. */
  refused: number;
  /** Seconds from the newest of the stored events to now; null where nothing was stored. */
  lag: number | null;
}

/** What came of one request. It names nobody: the route is a template, and there is no key in it. */
export interface Answered {
  method: string;
  /** Null where no route matches. */
  route: string | null;
  /** Null if the client went before it was answered. */
  status: number | null;
  seconds: number;
  shed: Shed | null;
  ingested: Ingested | null;
  road: Meter['road'];
}

/** Hears of requests. */
export interface Observer {
  began(): void;
  answered(answered: Answered): void;
  /** Something that never became a request: bytes that are not HTTP, endless headers, one connection too many. */
  unreadable(reason: Unreadable): void;
}

/** Why something never became a request. */
export type Unreadable = 'timeout' | 'headers' | 'invalid' | 'expectation' | 'connections';

/** Fastify options that {@link traceRequests} needs. */
export const requestOptions = (observer?: Observer) => ({
  genReqId: () => randomUUID(),
  logController: new LogController({ disableRequestLogging: true, requestIdLogLabel: 'request_id' }),
  clientErrorHandler(this: FastifyInstance, error: ConnectionError, socket: Socket) {
    answerUnreadable(this, error, socket, observer);
  },
});

/**
 * Sends the request id with every answer and logs one line per request. It logs the route and not the URL, because
 * paths and queries may contain names and texts of people.
 */
export function traceRequests(app: FastifyInstance, observer?: Observer): void {
  app.decorateRequest('failure', null);
  app.decorateRequest('shed', null);
  app.decorateRequest('ingested', null);
  app.decorateRequest('road', null);
  app.addHook('onRequest', (request, reply, done) => {
    const started = performance.now();
    reply.header('x-request-id', request.id);
    observer?.began();
    whenAnswered(reply, (sent) => {
      const ms = performance.now() - started;
      logRequest(request, reply.statusCode, sent, ms);
      const { method, shed, ingested, road } = request;
      const route = request.routeOptions.url ?? null;
      const status = sent ? reply.statusCode : null;
      observer?.answered({ method, route, status, seconds: ms / 1_000, shed, ingested, road });
    });
    done();
  });
  noteDrops(app, observer);
}

/** Milliseconds between two lines about dropped connections. */
const DROPS_EVERY = 10_000;

/** Logs and counts connections beyond the maximum. Under a flood one line stands for many. */
function noteDrops(app: FastifyInstance, observer?: Observer): void {
  let dropped = 0;
  let told = Number.NEGATIVE_INFINITY;
  app.server.on('drop', () => {
    dropped++;
    observer?.unreadable('connections');
    if (performance.now() - told < DROPS_EVERY) return;
    told = performance.now();
    app.log.warn({ dropped, connections: app.server.maxConnections }, 'connections beyond the maximum are dropped');
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

const unreadable: Partial<Record<string, [status: number, detail: string, reason: Unreadable]>> = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'the request took too long to arrive', 'timeout'],
  HPE_HEADER_OVERFLOW: [431, 'the headers of the request, including its URL, are longer than 16 KiB', 'headers'],
};

/** Answers, logs and counts input that never became a request: bytes that are not HTTP, endless headers. */
function answerUnreadable(app: FastifyInstance, error: ConnectionError, socket: Socket, observer?: Observer): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  const id = randomUUID();
  const [status, detail, reason] = unreadable[error.code] ?? [400, 'the request is not HTTP', 'invalid'];
  observer?.unreadable(reason);
  app.log.info({ request_id: id, method: null, route: null, status, code: error.code }, 'request');
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
export function answerExpectations(app: FastifyInstance, observer?: Observer): void {
  app.server.on('checkExpectation', ({ headers }: IncomingMessage, response: ServerResponse) => {
    const id = randomUUID();
    observer?.unreadable('expectation');
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
