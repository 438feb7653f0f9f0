import type { FastifyInstance } from 'fastify';
import { type Answer, ask } from '../harness.js';

/** Sends a document to the GraphQL endpoint. */
export const post = (app: FastifyInstance, key: string | null, query: string, variables?: object): Promise<Answer> =>
  ask(app, key, { method: 'POST', url: '/v1/graphql', payload: { query, ...(variables ? { variables } : {}) } });

/** The rows of a query's field `rows`, or of its only one. Throws when there are errors. */
export async function rowsOf(app: FastifyInstance, key: string, query: string, variables?: object) {
  const answer = await post(app, key, query, variables);
  if (answer.status !== 200 || answer.body.errors !== undefined) throw new Error(answer.text);
  return Object.values(answer.body.data)[0] as Record<string, unknown>[];
}

/** The only row of a query's only field. */
export async function rowOf(app: FastifyInstance, key: string, query: string, variables?: object) {
  const [row, ...others] = await rowsOf(app, key, query, variables);
  if (row === undefined || others.length > 0) throw new Error(`not one row: ${query}`);
  return row;
}

/** Path and code of each error of an answer, as one text each. */
export const errorsOf = ({ body }: Answer): string[] =>
  (body.errors ?? []).map(
    ({ extensions }: { extensions: { path: string; code: string } }) => `${extensions.code} ${extensions.path}`,
  );
