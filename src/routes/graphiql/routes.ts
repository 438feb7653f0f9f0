import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { refuseQuery } from '../../http/body.js';
import { securePages } from '../../http/headers.js';
import { root } from '../../root.js';

/** `/graphiql`: a page for queries by hand, from our own files. It needs no key; the queries that it sends do. */
export async function graphiqlPage(app: FastifyInstance): Promise<void> {
  await securePages(app);
  app.addHook('onRequest', refuseQuery);
  await app.register(fastifyStatic, {
    // The page, and what the build put there of the packages that it is made with.
    root: [join(root, 'public/graphiql'), join(root, 'dist/graphiql')],
    prefix: '/graphiql/',
  });
  app.get('/graphiql', (_request, reply) => reply.sendFile('index.html'));
}
