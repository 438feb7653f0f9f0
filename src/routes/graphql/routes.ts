import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import { Forbidden, Unauthenticated } from '../../errors.js';
import { expectBody, refuseQuery } from '../../http/body.js';
import type { ReportContext } from '../../http/operation.js';
import { noteShed, sendProblem } from '../../http/problem.js';
import { measured, showTiming } from '../../http/timing.js';
import { validatorsOf, watched } from '../../http/validators.js';
import { readBody } from './body.js';
import { checkVariables, documents } from './documents.js';
import { type Answered, answerFieldErrors, answerRequestErrors, answerThrown, RequestErrors } from './errors.js';
import { executableSchema } from './executable.js';
import { functions } from './functions/index.js';
import type { Context } from './resolve.js';

const MAX_BYTES = 256 * 1024;

/**
 * The dialect of Moveo's clients: `POST /v1/graphql`. Faults in the document, its variables and arguments are answered
 * as errors with status 200.
 */
export async function graphqlRoutes(app: FastifyInstance, { db, asOfNow, revision }: ReportContext): Promise<void> {
  const schema = executableSchema(functions);
  const read = documents(schema);

  app.setErrorHandler((error: Error, request, reply) => {
    // The vendor reports an invalid key this way, and its clients expect it.
    const isVendors = error instanceof Unauthenticated && /^apikey\b/i.test(request.headers.authorization ?? '');
    // A key without read permission is refused before the document is parsed, but in the format of the dialect.
    return isVendors || error instanceof Forbidden
      ? reply.send({ errors: answerThrown(error, '$') })
      : sendProblem(error, request, reply);
  });

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  expectBody(app, ['application/json']);

  app.post(
    '/v1/graphql',
    { bodyLimit: MAX_BYTES, onRequest: [requires('read'), refuseQuery] },
    async (request, reply) => {
      const { query, variables, operationName } = readBody(request);
      try {
        const scope = scopeFor(request.principal, 'read');
        const operation = read(query, operationName);
        checkVariables(schema, operation, variables);
        const asOf = asOfNow();
        const { asOf: watching, isSeen } = watched(asOf);
        const context = { db, scope, asOf: watching, bytes: 0 } satisfies Context;
        const { data, errors } = await measured(async (meter) => {
          // Without it there is no ETag. A database that is away is the document's to tell, field by field.
          const found = await revision(scope.account, asOf).catch((error) => {
            request.log.warn({ err: error }, 'no ETag, as the revision could not be looked up');
            return null;
          });
          const result = await operation.run(null, context, variables);
          if (found !== null && result.errors === undefined) {
            const { timeouts } = asOf;
            const validators = validatorsOf(request, found, { scope, timeouts, parsed: null, wantsCsv: false });
            reply.header('etag', isSeen() ? validators.passing : validators.lasting);
          }
          showTiming(reply, meter);
          return result;
        });
        if (errors === undefined) return { data };
        const report = (error: unknown) => request.log.error({ err: error }, 'a GraphQL field failed');
        for (const { originalError } of errors) noteShed(originalError, request);
        return { data, errors: answerFieldErrors(errors, report) };
      } catch (error) {
        noteShed(error, request);
        return { errors: errorsOf(error) };
      }
    },
  );
}

function errorsOf(error: unknown): Answered[] {
  const answered = error instanceof RequestErrors ? answerRequestErrors(error) : answerThrown(error, '$');
  if (answered === null) throw error;
  return answered;
}
