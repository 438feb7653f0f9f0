import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { countKeys, createKey, listKeysWithin, revokeKeyWithin } from '../../auth/keys.js';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import type { Database } from '../../database/database.js';
import { Forbidden, LimitExceeded, NotFound } from '../../errors.js';
import { takeJson } from '../../http/body.js';
import { Faults } from '../../http/faults.js';
import { readBody } from '../../http/json.js';
import { strict } from '../../http/parameters.js';
import { beyond, parseNewKey } from './parse.js';
import { CreatedKey, KeyParams, KeysAnswer } from './schema.js';

/** The most active keys of an account that are created over HTTP, and the most keys that a list shows. */
const MOST = 1_000;

/**
 * Keys of clients over HTTP. A key with `admin` creates, lists and revokes keys that see no more than itself; others do
 * not exist for it.
 */
export async function keyRoutes(app: FastifyInstance, db: Database): Promise<void> {
  takeJson(app, 64 * 1024);

  const listed = { querystring: strict({}), response: { 200: KeysAnswer } };
  app.get('/v1/keys', { attachValidation: true, schema: listed }, async (request, reply): Promise<KeysAnswer> => {
    new Faults(request).check();
    const scope = scopeFor(request.principal, 'admin');
    const found = await listKeysWithin(db, scope, MOST + 1);
    if (found.length > MOST) reply.header('report-notice', `there are more keys than the ${MOST} shown`);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return { keys: found.slice(0, MOST).map(({ account_id: _, ...key }) => key) };
  });

  const created = { querystring: strict({}), response: { 201: CreatedKey } };
  // Not compressed: a length would tell of a secret beside a text that others may choose.
  const options = { attachValidation: true, schema: created, onRequest: requires('admin'), compress: false as const };
  app.post('/v1/keys', options, async (request, reply): Promise<CreatedKey> => {
    const faults = new Faults(request);
    const wanted = parseNewKey(readBody(request.body, faults), faults);
    faults.check();
    const scope = scopeFor(request.principal, 'admin');
    const over = beyond(wanted, scope);
    if (over.length > 0) throw new Forbidden('a key cannot create one that sees more than itself', over);
    if ((await countKeys(db, scope.account)) >= MOST) {
      throw new LimitExceeded([{ path: '$', message: `the account has ${MOST} active keys: revoke some first` }]);
    }
    const { key_id, secret, created_at } = await createKey(
      db,
      { ...wanted, account_id: scope.account },
      actorOf(request),
    );
    reply.code(201).header('cache-control', 'no-store');
    return { key_id, ...wanted, created_at, revoked_at: null, key: `${key_id}:${secret}` };
  });

  const revoked = { params: KeyParams, querystring: strict({}), response: { 204: Type.Null() } };
  app.delete('/v1/keys/:key_id', { attachValidation: true, schema: revoked }, async (request, reply) => {
    new Faults(request).check();
    const { key_id } = request.params as { key_id: string };
    const scope = scopeFor(request.principal, 'admin');
    if (key_id === request.principal.key_id) {
      throw new Forbidden('a key does not revoke itself: use another key with admin, or the command "keys revoke"');
    }
    if (!(await revokeKeyWithin(db, scope, key_id, actorOf(request)))) throw new NotFound(`there is no key ${key_id}`);
    return reply.code(204).send();
  });
}

const actorOf = ({ principal }: FastifyRequest) => ({ by: 'key' as const, key_id: principal.key_id });
