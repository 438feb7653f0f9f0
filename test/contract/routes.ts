import swagger from '@fastify/swagger';
import fastify, { type RouteOptions } from 'fastify';
import type { Document } from './document.js';

/** What `@fastify/swagger` reads out of the schemas of routes: an OpenAPI document that nobody wrote. */
export async function describeRoutes(routes: RouteOptions[]): Promise<Document> {
  const app = fastify();
  await app.register(swagger, { openapi: { openapi: '3.1.0' } });
  for (const { method, url, schema } of routes) {
    app.route({ method, url, exposeHeadRoute: false, ...(schema ? { schema } : {}), handler: async () => {} });
  }
  await app.ready();
  const document = JSON.parse(JSON.stringify(app.swagger()));
  await app.close();
  return document;
}
