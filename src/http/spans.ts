import type { FastifyInstance } from 'fastify';
import { whenAnswered } from './answered.js';

/** The span of one request. */
export interface RequestSpan {
  /** Runs a part of the request, so that its statements become spans below this one. */
  run(part: () => void): void;
  /** `route` is a template, null where none matches; `status` is null if the client went first. */
  end(answered: { method: string; route: string | null; status: number | null }): void;
}

/** Begins the span of a request. Of its headers it reads those of the trace that the request belongs to. */
export type BeginSpan = (request: { id: string; headers: Record<string, unknown> }) => RequestSpan;

/** Makes a span of each request. */
export function spanRequests(app: FastifyInstance, begin: BeginSpan): void {
  const spans = new WeakMap<object, RequestSpan>();
  app.addHook('onRequest', (request, reply, done) => {
    const span = begin(request);
    spans.set(request, span);
    whenAnswered(reply, (sent) => {
      const route = request.routeOptions.url ?? null;
      span.end({ method: request.method, route, status: sent ? reply.statusCode : null });
    });
    span.run(done);
  });
  // Once more, as the events of a body do not belong to its request.
  app.addHook('preHandler', (request, _reply, done) => {
    const span = spans.get(request);
    if (span === undefined) done();
    else span.run(done);
  });
}
