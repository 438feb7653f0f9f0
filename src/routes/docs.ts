import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Contract } from '../contract.js';
import { securePages } from '../http/headers.js';

/** `/openapi.yaml` and `/openapi.json`, the contract as it is written; `/docs`, Swagger UI on it. All without a key. */
export async function docsRoutes(app: FastifyInstance, { yaml, document }: Contract): Promise<void> {
  const json = JSON.stringify(document);
  app.get('/openapi.yaml', (_request, reply) => reply.type('application/yaml; charset=utf-8').send(yaml));
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(json));
  app.get('/', (_request, reply) => reply.redirect('/docs'));

  await app.register(async (pages) => {
    await securePages(pages);
    await pages.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      theme: { title: 'Conversation Reports' },
      uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true },
    });
  });
}
