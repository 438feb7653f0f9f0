import { STATUS_CODES } from 'node:http';
import { type Static, Type } from '@sinclair/typebox';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { type Fault, Refusal, WrongMethod } from '../errors.js';

/** The body of every error (RFC 9457). */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'about:blank: the status is the kind of problem' }),
    title: Type.String({ description: 'The status in words' }),
    status: Type.Integer({ description: 'The HTTP status' }),
    detail: Type.String({ description: 'What is wrong, and what to do' }),
    errors: Type.Array(
      Type.Object({
        path: Type.String({ description: "A parameter's name, or a JSONPath into the body" }),
        message: Type.String({ description: 'What is wrong, and what is allowed' }),
      }),
      { description: 'The faults of the request; empty for errors of another kind' },
    ),
    request_id: Type.String({ description: 'The id of the request in the log of the service' }),
  },
  { $id: 'Problem' },
);
export type Problem = Static<typeof Problem>;

/**
 * The problem for an error. An unexpected error becomes a 500 without details, unless Fastify attributes it to the
 * request.
 */
function describe(error: FastifyError | Error): { status: number; detail: string; errors: readonly Fault[] } {
  if (error instanceof Refusal) return { status: error.status, detail: error.message, errors: error.faults };
  const status = (error as FastifyError).statusCode ?? 500;
  if (status >= 400 && status < 500) return { status, detail: error.message, errors: [] };
  return { status: 500, detail: 'internal error; the log of the service has it under this request_id', errors: [] };
}

/** Answers a request with the problem for an error. */
export function sendProblem(error: FastifyError | Error, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { status, detail, errors } = describe(error);
  if (status >= 500) request.failure = error;
  noteShed(error, request);
  if (status === 401) reply.header('www-authenticate', challenge(request));
  if (error instanceof WrongMethod) reply.header('allow', error.allowed.join(', '));
  if (error instanceof Refusal && error.retryAfter !== null) reply.header('retry-after', String(error.retryAfter));
  const faults = errors.map(({ path, message }) => ({ path: withoutSecrets(path), message: withoutSecrets(message) }));
  const body = problemOf(status, withoutSecrets(detail), faults, request.id);
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

/**
 * A text without what looks like a secret of ours: 32 random bytes. Errors repeat what was wrong with a request, people paste
 * errors into tickets, and a key may stand where a name should.
 */
export const withoutSecrets = (text: string): string => text.replace(/(?<![\w-])[\w-]{43}(?![\w-])/g, '[hidden]');

/** Notes the limit or failure that a request ran into, for metrics. */
export function noteShed(error: unknown, request: FastifyRequest): void {
  if (error instanceof Refusal && error.shed !== null) request.shed = error.shed;
}

export const problemOf = (status: number, detail: string, errors: readonly Fault[], request_id: string): Problem => ({
  type: 'about:blank',
  title: STATUS_CODES[status] ?? 'Error',
  status,
  detail,
  errors: [...errors],
  request_id,
});

/** Requests from scripts do not get a Basic challenge: the browser would open its own dialog over the page. */
function challenge(request: FastifyRequest): string {
  const mode = request.headers['sec-fetch-mode'];
  const isScript = mode !== undefined && mode !== 'navigate';
  return isScript ? 'Bearer realm="conversation-reports"' : 'Basic realm="conversation-reports", charset="UTF-8"';
}
