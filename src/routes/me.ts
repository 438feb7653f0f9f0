import { type Static, Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import { permissions } from '../auth/keys.js';
import { Faults } from '../http/faults.js';
import { Choice, strict } from '../http/parameters.js';

const Ids = (description: string) => Type.Union([Type.Array(Type.String()), Type.Null()], { description });

const Me = Type.Object({
  account_id: Type.String({ description: 'The account that the key belongs to' }),
  key_id: Type.String({ description: 'The key, without its secret' }),
  name: Type.String({ description: 'The description of the key' }),
  permissions: Type.Array(Choice(permissions, 'A permission'), {
    description: 'The permissions of the key; `admin` includes the others',
  }),
  team_ids: Ids('The teams to which the key is restricted; null for all'),
  bot_ids: Ids('The bots to which the key is restricted; null for all'),
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
