import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Contract } from '../contract.js';

/** All that Swagger UI needs: its own files, images that it carries within them, and the service itself. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/openapi.yaml` and `/openapi.json`, the contract as it is written; `/docs`, Swagger UI on it. All without a key. */
export async function docsRoutes(app: FastifyInstance, { yaml, document }: Contract): Promise<void> {
  const json = JSON.stringify(document);

  app.get('/openapi.yaml', (_request, reply) => reply.type('application/yaml; charset=utf-8').send(yaml));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  app.get('/', (_request, reply) => reply.redirect('/docs'));

  await app.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    staticCSP: policy,
    theme: { title: 'Conversation Reports' },
    uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true },
  });
}
