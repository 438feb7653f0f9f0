import swagger, { type StaticDocumentSpec } from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import type { Contract } from '../contract.js';
import { refuseQuery } from '../http/body.js';
import { securePages } from '../http/headers.js';

/** `/openapi.yaml` and `/openapi.json` serve the contract, `/docs` Swagger UI. None of them needs a key. */
export async function docsRoutes(app: FastifyInstance, contract: Contract, basePath: string): Promise<void> {
  const { yaml, document } = basePath === '' ? contract : under(basePath, contract);
  const json = JSON.stringify(document);
  app.get('/openapi.yaml', { onRequest: refuseQuery }, (_request, reply) =>
    reply.type('application/yaml; charset=utf-8').send(yaml),
  );
  app.get('/openapi.json', { onRequest: refuseQuery }, (_request, reply) =>
    reply.type('application/json; charset=utf-8').send(json),
  );

  await app.register(async (pages) => {
    await securePages(pages);
    pages.addHook('onRequest', refuseQuery); // of its files too: Swagger UI asks for none of them with a query
    await pages.register(swagger, { mode: 'static', specification: { document } as StaticDocumentSpec });
    await pages.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: basePath,
      theme: { title: 'Conversation Reports' },
      uiConfig: { layout: 'BaseLayout', tryItOutEnabled: true, requestInterceptor: asOwnAccount as never },
    });
  });
}

/** The contract of a service whose paths begin with a base path. */
function under(basePath: string, { yaml, document }: Contract): Contract {
  const server = { url: basePath, description: 'This service' };
  return { yaml: yaml.replace(/^( {2}- url: )\/$/m, `$1${basePath}`), document: { ...document, servers: [server] } };
}

/**
 * Runs in the page, so it must not use anything of this module. Replaces the account of the examples by the caller's.
 */
async function asOwnAccount(request: { url: string; headers: Record<string, string> }) {
  const example = '8a6e0804-2bd0-4672-b79d-d97027f9071a';
  const authorization = request.headers.Authorization;
  if (authorization === undefined || !request.url.includes(`/orgs/${example}/`)) return request;
  const { location } = globalThis as unknown as { location: { pathname: string } };
  const base = location.pathname.replace(/\/docs(\/.*)?$/, '');
  const answer = await fetch(`${base}/v1/me`, { headers: { authorization } });
  if (answer.ok) {
    const { account_id } = (await answer.json()) as { account_id: string };
    request.url = request.url.replace(example, account_id);
  }
  return request;
}
