import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { Faults } from '../http/faults.js';
import { strict } from '../http/parameters.js';
import { whatKeyMay } from './keys/schema.js';

const Me = Type.Object({
  account_id: Type.String({ description: 'The account that the key belongs to' }),
  ...whatKeyMay,
});

/** `GET /v1/me` returns the key of the request with its permissions. Every key may use it. */
export async function meRoutes(app: FastifyInstance): Promise<void> {
  app.get(
    '/v1/me',
    { attachValidation: true, schema: { querystring: strict({}), response: { 200: Me } } },
    async (request, reply): Promise<Static<typeof Me>> => {
      new Faults(request).check();
      reply.header('cache-control', 'private').header('vary', 'authorization');
      const { account_id, key_id, name, permissions, team_ids, bot_ids } = request.principal;
      return { account_id, key_id, name, permissions, team_ids, bot_ids };
    },
  );
}
