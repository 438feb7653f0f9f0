import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { refuseQuery } from '../../http/body.js';
import { securePages } from '../../http/headers.js';
import { root } from '../../root.js';

/** `/graphiql` serves the GraphiQL page from our own files. The page needs no key; the queries that it sends do. */
export async function graphiqlPage(app: FastifyInstance): Promise<void> {
  await securePages(app);
  app.addHook('onRequest', refuseQuery);
  await app.register(fastifyStatic, {
    // The page, and the files that the build copied from its packages.
    root: [join(root, 'public/graphiql'), join(root, 'dist/graphiql')],
    prefix: '/graphiql/',
  });
  app.get('/graphiql', (_request, reply) => reply.sendFile('index.html'));
}
