import type { Static, TSchema } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest, FastifySchema } from 'fastify';
import { scopeFor } from '../auth/principal.js';
import type { Database } from '../database/database.js';
import type { Moment } from '../queries/query.js';
import type { Scope } from '../queries/scope.js';
import { type CsvTable, sendReport } from './csv.js';
import { Faults } from './faults.js';

/** What every operation that reports is given. */
export interface Reports {
  db: Database;
  moment: () => Moment;
}

/** Who asks, and when. */
export interface Caller {
  scope: Scope;
  /** One for the whole request. */
  moment: Moment;
  request: FastifyRequest;
  reply: FastifyReply;
  /** Adds a sentence to the header `Report-Notice`; each is said once. */
  notice(text: string): void;
}

/** An operation that reads a request and answers it with a report, as JSON or as the CSV table of the same numbers. */
export interface Operation<Params extends TSchema, Query extends TSchema, Answer extends TSchema, Asked> {
  method: 'GET' | 'POST';
  url: string;
  params?: Params;
  querystring: Query;
  response: Answer;
  /** Reads the request. Faults go into `faults`; with any, the request is refused before it is answered. */
  parse(sent: { params: Static<Params>; query: Static<Query>; body: unknown }, faults: Faults): Asked;
  answer(asked: Asked, caller: Caller): Promise<Static<Answer>>;
  table(answer: Static<Answer>, asked: Asked): CsvTable;
}

/**
 * Serves an operation: faults of the request first, all of them at once, then what the key may do, then the answer. No
 * operation can leave a step out.
 */
export function serve<Params extends TSchema, Query extends TSchema, Answer extends TSchema, Asked>(
  app: FastifyInstance,
  { moment }: Reports,
  operation: Operation<Params, Query, Answer, Asked>,
): void {
  const { method, url, params, querystring, response } = operation;
  async function handle(request: FastifyRequest, reply: FastifyReply) {
    const faults = new Faults(request);
    const { params, query, body } = request as { params: Static<Params>; query: Static<Query>; body: unknown };
    const asked = operation.parse({ params, query, body }, faults);
    faults.check();
    const caller = { ...callerOf(request, reply), moment: moment() };
    const answer = await operation.answer(asked, caller);
    return sendReport(request, reply, answer, (body) => operation.table(body, asked));
  }

  const schema: FastifySchema = {
    ...(params === undefined ? {} : { params }),
    querystring,
    response: { 200: response },
  };
  app.route({ method, url, attachValidation: true, schema, handler: handle });
}

function callerOf(request: FastifyRequest, reply: FastifyReply): Omit<Caller, 'moment'> {
  const notices = new Set<string>();
  return {
    scope: scopeFor(request.principal, 'read'),
    request,
    reply,
    notice(text) {
      notices.add(text);
      reply.header('report-notice', [...notices].join('; '));
    },
  };
}
