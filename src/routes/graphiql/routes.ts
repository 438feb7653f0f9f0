import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance } from 'fastify';
import { root } from '../../root.js';

/** Nothing from elsewhere, and no script or style within the page. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/graphiql`: a page for queries by hand, from our own files. It needs no key; the queries that it sends do. */
export async function graphiqlPage(app: FastifyInstance): Promise<void> {
  await app.register(fastifyStatic, {
    // The page, and what the build put there of the packages that it is made with.
    root: [join(root, 'public/graphiql'), join(root, 'dist/graphiql')],
    prefix: '/graphiql/',
    setHeaders: (reply) => {
      reply.header('content-security-policy', POLICY);
      reply.header('x-content-type-options', 'nosniff');
      reply.header('referrer-policy', 'no-referrer');
    },
  });
  app.get('/graphiql', (_request, reply) => reply.sendFile('index.html'));
}
