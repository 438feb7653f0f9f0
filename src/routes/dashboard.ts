import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { refuseQuery } from '../http/body.js';
import { securePages } from '../http/headers.js';
import { root } from '../root.js';

/**
 * `/` serves the dashboard from what `web/build.mjs` made of `web/`. The page needs no key; what it asks the API does. The
 * names of its files change with what is in them, so browsers may keep them; the page itself they must ask for.
 */
export async function dashboardPage(app: FastifyInstance): Promise<void> {
  await securePages(app);
  app.addHook('onRequest', refuseQuery);
  await app.register(fastifyStatic, {
    root: join(root, 'dist/web/dashboard'),
    prefix: '/dashboard/',
    index: false,
    preCompressed: true,
    immutable: true,
    maxAge: '1y',
  });
  app.get('/', (_request, reply) =>
    reply.sendFile('index.html', join(root, 'dist/web'), { cacheControl: false }).header('cache-control', 'no-cache'),
  );
}
