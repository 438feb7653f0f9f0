import type { FastifyInstance } from 'fastify';
import { Unavailable } from '../errors.js';
import { whenAnswered } from './answered.js';

/** Milliseconds between two looks at whether the last request is answered. */
const SWEEP = 50;

/**
 * Lets `app.close()` finish the requests in flight and nothing else: a new one on an open connection is refused with 503,
 * each answer closes its connection, and connections on which no request is under way are dropped once the last is
 * answered. (Node closes those that idle between two requests by itself, but not those that have yet to send their first.)
 */
export function closeGracefully(app: FastifyInstance): void {
  let closing = false;
  let inFlight = 0;
  let sweep: NodeJS.Timeout | undefined;

  app.addHook('onRequest', (_request, reply, done) => {
    inFlight++;
    whenAnswered(reply, () => inFlight--);
    done(closing ? new Unavailable('the service is stopping') : undefined);
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
