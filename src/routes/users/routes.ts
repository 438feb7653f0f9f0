import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import type { Database } from '../../database/database.js';
import { Forbidden, NotFound } from '../../errors.js';
import { Faults } from '../../http/faults.js';
import { strict } from '../../http/parameters.js';
import { findErasure, requestErasure } from '../../queries/erasure/erasures.js';
import { exported, personOf } from '../../queries/erasure/export.js';
import type { Person } from '../../queries/erasure/person.js';
import { ErasureAnswer, ErasureParams, ExportAnswer, UserParams } from './schema.js';

/** What an account holds of a person: to hand it out, and to erase it. */
export async function userRoutes(app: FastifyInstance, db: Database): Promise<void> {
  const nothing = strict({});

  const erased = { params: UserParams, querystring: nothing, response: { 202: ErasureAnswer } };
  app.delete('/v1/users/:user_id', { attachValidation: true, schema: erased }, async (request, reply) => {
    const account = wholeAccount(request);
    const { user_id } = request.params as { user_id: string };
    const erasure = await requestErasure(db, account, request.principal.key_id, user_id);
    reply.code(202).header('location', `/v1/erasures/${erasure.erasure_id}`);
    reply.header('cache-control', 'no-store');
    return erasure satisfies ErasureAnswer;
  });

  const shown = { params: ErasureParams, querystring: nothing, response: { 200: ErasureAnswer } };
  app.get('/v1/erasures/:erasure_id', { attachValidation: true, schema: shown }, async (request, reply) => {
    const account = wholeAccount(request);
    const { erasure_id } = request.params as { erasure_id: string };
    const found = await findErasure(db, account, erasure_id);
    if (found === null) throw new NotFound(`there is no erasure ${erasure_id}`);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return found satisfies ErasureAnswer;
  });

  const handed = { params: UserParams, querystring: nothing, response: { 200: ExportAnswer } };
  const options = { attachValidation: true, schema: handed, onRequest: requires('admin') };
  app.get('/v1/users/:user_id/export', options, async (request, reply) => {
    const account = wholeAccount(request);
    const { user_id } = request.params as { user_id: string };
    const person = await personOf(db, account, request.principal.key_id, user_id);
    reply.header('content-type', 'application/json; charset=utf-8').header('cache-control', 'no-store');
    return reply.send(Readable.from(textOf(db, account, person), { highWaterMark: 1 }));
  });
}

/**
 * The account of a key that sees all of it. A person may stand in any conversation, and a key that sees some would erase or
 * hand out a part: it is refused.
 */
function wholeAccount(request: FastifyRequest): string {
  new Faults(request).check();
  const { account, teams, bots } = scopeFor(request.principal, 'admin');
  if (teams !== null || bots !== null) {
    throw new Forbidden(
      'this key is restricted to teams or bots, and a person may stand in conversations that it does not see: use a key with admin that has no restriction',
    );
  }
  return account;
}

/** The text of an export, an event a line. A failure on the way breaks the connection, so that nothing looks complete. */
async function* textOf(db: Database, account: string, person: Person): AsyncGenerator<string> {
  const { user_id, strong, weak, names } = person;
  const identifiers = [...strong.filter((one) => one !== user_id), ...weak];
  const head = JSON.stringify({ user_id, identifiers, names } satisfies Omit<ExportAnswer, 'events' | 'conversations'>);
  yield `${head.slice(0, -1)},"events":[`;
  let separator = '\n';
  for await (const part of exported(db, account, person)) {
    if ('conversations' in part) yield `\n],"conversations":${part.conversations}}\n`;
    else {
      yield separator + part.events.map((event) => JSON.stringify(event)).join(',\n');
      separator = ',\n';
    }
  }
}
