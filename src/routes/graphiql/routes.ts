import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { refuseQuery } from '../../http/body.js';
import { securePages } from '../../http/headers.js';
import { root } from '../../root.js';

/** `/graphiql` serves the GraphiQL page from our own files. The page needs no key; the queries that it sends do. */
export async function graphiqlPage(app: FastifyInstance, basePath: string): Promise<void> {
  await securePages(app);
  app.addHook('onRequest', refuseQuery);
  await app.register(fastifyStatic, {
    // The page, and the files that the build copied from its packages.
    root: [join(root, 'public/graphiql'), join(root, 'dist/graphiql')],
    prefix: '/graphiql/',
  });
  // The page is at two addresses, so its links are whole paths.
  const page = readFileSync(join(root, 'public/graphiql/index.html'), 'utf8').replaceAll('"/', `"${basePath}/`);
  app.get('/graphiql', (_request, reply) => reply.type('text/html; charset=utf-8').send(page));
}
