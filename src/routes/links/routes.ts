import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { countLinks, createLink, deleteLink, type Link, listLinks, type Owner } from '../../auth/links.js';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import { InvalidRequest, LimitExceeded, NotFound } from '../../errors.js';
import { takeJson } from '../../http/body.js';
import { Faults } from '../../http/faults.js';
import { readBody } from '../../http/json.js';
import type { ReportContext } from '../../http/operation.js';
import { strict } from '../../http/parameters.js';
import type { Reports } from '../../http/reports.js';
import { parseNewLink, wantedBy } from './parse.js';
import { CreatedLink, LinkParams, LinksAnswer, SharedParams, SharedQuery } from './schema.js';

/** The most links of an account, and of a list. */
const MOST = 1_000;

/** Links: secret addresses that read one report without a key. Here their owners create, list and delete them. */
export async function linkRoutes(
  app: FastifyInstance,
  { db, asOfNow, reports }: ReportContext & { reports: Reports },
): Promise<void> {
  takeJson(app, 1024 * 1024);

  const listed = { querystring: strict({}), response: { 200: LinksAnswer } };
  app.get('/v1/links', { attachValidation: true, schema: listed }, async (request, reply): Promise<LinksAnswer> => {
    new Faults(request).check();
    const found = await listLinks(db, ownerOf(request), asOfNow().now, MOST + 1);
    if (found.length > MOST) reply.header('report-notice', `there are more links than the ${MOST} shown`);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return { links: found.slice(0, MOST).map(shapeLink) };
  });

  const created = { querystring: strict({}), response: { 201: CreatedLink } };
  // Not compressed, like a new key.
  const options = { attachValidation: true, schema: created, onRequest: requires('read'), compress: false as const };
  app.post('/v1/links', options, async (request, reply): Promise<CreatedLink> => {
    const faults = new Faults(request);
    const { name, expires, shared } = parseNewLink(readBody(request.body, faults), asOfNow().now, faults);
    faults.check();
    await reports.check(wantedBy(shared), request).catch((error) => {
      throw error instanceof InvalidRequest ? within(shared.report === null, error) : error;
    });
    const { account } = scopeFor(request.principal, 'read');
    if ((await countLinks(db, account)) >= MOST) {
      throw new LimitExceeded([{ path: '$', message: `the account has ${MOST} links: delete some first` }]);
    }
    const { token, ...made } = await createLink(db, request.principal, { name, expires, ...shared });
    reply.code(201).header('cache-control', 'no-store');
    const link = { ...made, ...shared, name, key_id: request.principal.key_id, is_active: true };
    return { ...shapeLink(link), path: `/v1/shared/${token}` };
  });

  const deleted = { params: LinkParams, querystring: strict({}), response: { 204: Type.Null() } };
  app.delete('/v1/links/:link_id', { attachValidation: true, schema: deleted }, async (request, reply) => {
    new Faults(request).check();
    const { link_id } = request.params as { link_id: string };
    if (!(await deleteLink(db, ownerOf(request), link_id))) throw new NotFound(`there is no link ${link_id}`);
    return reply.code(204).send();
  });
}

/** `GET /v1/shared/{token}` answers the report of a link. The key of its request is the one that made the link. */
export async function sharedRoutes(app: FastifyInstance, reports: Reports): Promise<void> {
  app.addHook('onSend', async (_request, reply) => {
    reply.removeHeader('link'); // the next page of a list needs a key
    reply.header('x-robots-tag', 'noindex');
  });
  const schema = { params: SharedParams, querystring: SharedQuery };
  app.get('/v1/shared/:token', { attachValidation: true, schema }, async (request, reply): Promise<FastifyReply> => {
    new Faults(request).check();
    if (request.shared === null) throw new Error('a link without a report');
    const wanted = wantedBy(request.shared);
    const given = new URLSearchParams(wanted.url.split('?')[1]);
    const query = { format: given.get('format') ?? 'csv', ...(request.query as object) };
    return await reports.answer({ ...wanted, query }, request, reply);
  });
}

function ownerOf({ principal }: FastifyRequest): Owner {
  const isAdmin = principal.permissions.includes('admin');
  return { key_id: principal.key_id, scope: scopeFor(principal, 'read'), isAdmin };
}

const shapeLink = ({ query, ...link }: Link) => ({ ...link, query: query === null ? null : JSON.parse(query) });

/** The faults of a report as those of the body that names it. */
const within = (isQuery: boolean, { faults }: InvalidRequest) =>
  new InvalidRequest(
    faults.map(({ path, message }) =>
      isQuery ? { path: path.replace('$', '$.query'), message } : { path: '$.report', message: `${path} ${message}` },
    ),
  );
