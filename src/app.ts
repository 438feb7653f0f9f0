import accepts from '@fastify/accepts';
import cors from '@fastify/cors';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type RouteOptions } from 'fastify';
import { authenticate, authenticateHooks, authenticateLinks } from './auth/authenticate.js';
import { guesses } from './auth/guesses.js';
import { type Contract, readContract } from './contract.js';
import type { Database } from './database/database.js';
import { InvalidRequest, NotFound } from './errors.js';
import { admission, type Limits, usualLimits } from './http/admission.js';
import { ARRIVAL, type Arrival, arrivalOptions, boundArrival } from './http/arrival.js';
import { refuseQuery } from './http/body.js';
import { closeGracefully } from './http/closing.js';
import { encodeAnswers } from './http/encoding.js';
import { secureAnswers } from './http/headers.js';
import { KeptAnswers } from './http/kept-answers.js';
import { methods } from './http/methods.js';
import { sendProblem } from './http/problem.js';
import { Reports } from './http/reports.js';
import { answerExpectations, type Observer, requestOptions, traceRequests } from './http/requests.js';
import { type BeginSpan, spanRequests } from './http/spans.js';
import { keepAll, type Retention } from './queries/retention/days.js';
import { revisions } from './queries/revision/revision.js';
import type { Timeouts } from './queries/timeouts.js';
import { auditRoutes } from './routes/audit/routes.js';
import { dashboardPage } from './routes/dashboard.js';
import { docsRoutes } from './routes/docs.js';
import { echoRoutes } from './routes/echo.js';
import { eventRoutes } from './routes/events/routes.js';
import { graphiqlPage } from './routes/graphiql/routes.js';
import { graphqlRoutes } from './routes/graphql/routes.js';
import { healthRoutes } from './routes/health.js';
import { keyRoutes } from './routes/keys/routes.js';
import { linkRoutes, sharedRoutes } from './routes/links/routes.js';
import { lookupRoutes } from './routes/lookups/routes.js';
import { meRoutes } from './routes/me.js';
import { queryRoutes } from './routes/query/routes.js';
import { reportingRoutes } from './routes/reporting/routes.js';
import { seriesRoutes } from './routes/series/routes.js';
import { hookRoutes, sourceRoutes } from './routes/sources/routes.js';
import { userRoutes } from './routes/users/routes.js';

export interface AppOptions {
  db: Database;
  timeouts: Timeouts;
  /** How long conversations are kept; default: for ever. */
  retention?: Retention;
  /** Epoch milliseconds; tests set the clock. */
  now?: () => number;
  /** Origins whose pages may call the service; default: none. */
  corsOrigins?: string[];
  /** Limits of one key. */
  limits?: Limits;
  /** Wrong secrets a minute from one address, beyond which others from there are not looked up; default: no limit. */
  wrongSecrets?: number | null;
  /** A path that requests may begin with, as a proxy passes them on: /reports. */
  basePath?: string;
  /** Whether to take an address for a proxy of ours, and believe what it says of its clients; default: none is. */
  isProxy?: (address: string) => boolean;
  logger?: FastifyBaseLogger;
  /** The contract that `/docs` and `/openapi.*` show. */
  contract?: Contract;
  /** Limits on the arrival of requests and on connections. */
  arrival?: Partial<Arrival>;
  /** Hears of requests, for metrics. */
  observer?: Observer | undefined;
  /** Begins the span of a request, for traces. */
  beginSpan?: BeginSpan | undefined;
  /** Called for every route; tests compare the routes with the contract. */
  onRoute?: (route: RouteOptions) => void;
}

/** Builds the service without a socket. Production listens with it, and tests inject requests into it. */
export async function buildApp({
  db,
  timeouts,
  retention = keepAll,
  now = Date.now,
  corsOrigins = [],
  limits = usualLimits,
  wrongSecrets = null,
  basePath = '',
  isProxy = () => false,
  logger,
  contract = readContract(),
  arrival,
  observer,
  beginSpan,
  onRoute,
}: AppOptions): Promise<FastifyInstance> {
  const bounds = { ...ARRIVAL, ...arrival };
  const app = fastify({
    ...(logger ? { loggerInstance: logger } : { logger: false }),
    ...requestOptions(observer),
    ...arrivalOptions(bounds),
    trustProxy: (address) => isProxy(address),
    return503OnClosing: false, // closeGracefully refuses with a problem
    // Longer than any URL: the schema refuses a parameter that is too long, under its name.
    routerOptions: { maxParamLength: 100_000, ignoreTrailingSlash: true },
    rewriteUrl: ({ url = '/' }) => (isDecodable(url) ? withoutBase(url, basePath) : UNDECODABLE),
    // Refuse, never guess: unknown parameters are faults, and all faults are reported together.
    // With strictNumbers, Ajv would not compare infinity with a maximum, and 1e999 in a query is infinity.
    ajv: { customOptions: { removeAdditional: false, allErrors: true, coerceTypes: 'array', strictNumbers: false } },
  });

  const wrongMethod = methods(app);
  app.setErrorHandler((error: Error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request) => {
    const [path = ''] = request.originalUrl.split('?');
    if (request.url === UNDECODABLE) {
      throw new InvalidRequest([{ path: 'path', message: 'must be percent-encoded UTF-8' }]);
    }
    throw wrongMethod(path) ?? new NotFound(`there is no ${request.method} ${path}`);
  });
  if (onRoute) app.addHook('onRoute', onRoute);
  traceRequests(app, observer);
  if (beginSpan !== undefined) spanRequests(app, beginSpan);
  secureAnswers(app);
  if (basePath !== '') {
    // The links of the dashboard are relative to its address, which ends with a slash.
    app.get(basePath, { onRequest: refuseQuery }, (_request, reply) => reply.redirect(`${basePath}/`, 308));
  }
  closeGracefully(app);
  boundArrival(app, bounds);
  answerExpectations(app, observer);
  await app.register(accepts);
  await encodeAnswers(app);
  if (corsOrigins.length > 0) {
    await app.register(cors, {
      origin: corsOrigins,
      exposedHeaders: [
        'content-disposition',
        'report-notice',
        'retry-after',
        'x-request-id',
        'link',
        'etag',
        'server-timing',
      ],
    }); // answers preflight requests, without a key
  }
  const asOfNow = () => ({ now: now(), timeouts });
  const reports = new Reports();
  const context = { db, asOfNow, reports, revision: revisions(db) };
  const ofNumbers = { ...context, kept: new KeptAnswers() };
  const admit = admission(db, limits);
  const guarding = guesses(wrongSecrets, now);

  await healthRoutes(app, db);
  await docsRoutes(app, contract, basePath);
  await app.register((page) => graphiqlPage(page, basePath));
  await app.register(dashboardPage);
  await app.register(async (guarded) => {
    await authenticate(guarded, db, guarding);
    await admit(guarded);
    await guarded.register(meRoutes);
    await guarded.register((scope) => keyRoutes(scope, db));
    await guarded.register((scope) => eventRoutes(scope, db, now, retention));
    await guarded.register(echoRoutes);
    await guarded.register((scope) => seriesRoutes(scope, ofNumbers));
    await guarded.register((scope) => queryRoutes(scope, ofNumbers));
    await guarded.register((scope) => reportingRoutes(scope, ofNumbers));
    await guarded.register((scope) => graphqlRoutes(scope, context));
    await guarded.register((scope) => lookupRoutes(scope, context));
    await guarded.register((scope) => linkRoutes(scope, context));
    await guarded.register((scope) => sourceRoutes(scope, db));
    await guarded.register((scope) => userRoutes(scope, db));
    await guarded.register((scope) => auditRoutes(scope, db));
  });
  await app.register(async (linked) => {
    await authenticateLinks(linked, db, now, guarding);
    await admit(linked);
    await sharedRoutes(linked, reports);
  });
  await app.register(async (hooked) => {
    await authenticateHooks(hooked, db, guarding);
    await admit(hooked);
    await hookRoutes(hooked, db, now, retention);
  });
  return app;
}

/** The route for paths that cannot be decoded: Fastify would answer them itself, outside of all hooks. */
const UNDECODABLE = '/undecodable';

/** A URL without the base path. */
const withoutBase = (url: string, basePath: string) =>
  basePath !== '' && url.startsWith(`${basePath}/`) ? url.slice(basePath.length) : url;

function isDecodable(url: string): boolean {
  try {
    decodeURI(url.split('?')[0] as string);
    return true;
  } catch {
    return false;
  }
}
