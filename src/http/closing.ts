import type { FastifyInstance } from 'fastify';
import { Unavailable } from '../errors.js';
import { whenAnswered } from './answered.js';

/** Interval in milliseconds at which it checks whether the last request is answered. */
const SWEEP = 50;

/**
 * Makes `app.close()` finish the requests in flight and nothing else. A new request on an open connection is refused
 * with 503, each answer closes its connection, and connections without a request are dropped once the last answer is
 * sent. (Node itself closes connections that idle between requests, but not those that have not sent a request yet.)
 */
export function closeGracefully(app: FastifyInstance): void {
  let closing = false;
  let inFlight = 0;
  let sweep: NodeJS.Timeout | undefined;

  app.addHook('onRequest', (_request, reply, done) => {
    inFlight++;
    whenAnswered(reply, () => inFlight--);
    done(closing ? new Unavailable('the service is shutting down', { shed: 'stopping' }) : undefined);
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (closing) reply.header('connection', 'close');
    done();
  });
  app.addHook('preClose', (done) => {
    closing = true;
    sweep = setInterval(() => {
      if (inFlight === 0) app.server.closeAllConnections();
    }, SWEEP);
    done();
  });
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweep);
    done();
  });
}
