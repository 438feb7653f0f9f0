import accepts from '@fastify/accepts';
import cors from '@fastify/cors';
import fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify';
import { authenticate } from './auth/authenticate.js';
import type { Database } from './database/database.js';
import { NotFound } from './errors.js';
import type { Timeouts } from './queries/timeouts.js';
import { eventRoutes } from './routes/events/routes.js';
import { healthRoutes } from './routes/health.js';
import { sendProblem } from './routes/problem.js';
import { reportingRoutes } from './routes/reporting/routes.js';
import { seriesRoutes } from './routes/series/routes.js';

export interface AppOptions {
  db: Database;
  timeouts: Timeouts;
  /** Epoch milliseconds; tests set the clock. */
  now?: () => number;
  /** Origins whose pages may call the service; none unless named. */
  corsOrigins?: string[];
  logger?: FastifyBaseLogger;
}

/** The service without its socket: what production listens with is what tests inject into. */
export async function buildApp({
  db,
  timeouts,
  now = Date.now,
  corsOrigins = [],
  logger,
}: AppOptions): Promise<FastifyInstance> {
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    // An id of 200 characters, each up to 4 bytes, percent-encoded.
    routerOptions: { maxParamLength: 2_400, ignoreTrailingSlash: true },
    // Refuse, never guess: an unknown parameter is a fault, and all faults are told at once.
    ajv: { customOptions: { removeAdditional: false, allErrors: true, coerceTypes: 'array' } },
  });

  app.setErrorHandler((error: Error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request) => {
    throw new NotFound(`there is no ${request.method} ${request.url.split('?')[0]}`);
  });
  await app.register(accepts);
  if (corsOrigins.length > 0) {
    await app.register(cors, { origin: corsOrigins, exposedHeaders: ['report-notice', 'retry-after'] }); // answers preflights, without a key
  }
  const moment = () => ({ now: now(), timeouts });

  await healthRoutes(app, db);
  await app.register(async (guarded) => {
    await authenticate(guarded, db);
    await guarded.register((scope) => eventRoutes(scope, db));
    await guarded.register((scope) => seriesRoutes(scope, db, moment));
    await guarded.register((scope) => reportingRoutes(scope, db, moment));
  });
  return app;
}
