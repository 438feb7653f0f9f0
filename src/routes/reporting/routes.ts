import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import type { Database } from '../../database/database.js';
import { Forbidden, NotFound } from '../../errors.js';
import { expectBody } from '../../http/body.js';
import { sendReport } from '../../http/csv.js';
import { Faults } from '../../http/faults.js';
import { isAccount, takesPart } from '../../queries/known.js';
import { everything, type Filter, type Moment, type Query } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import type { Scope } from '../../queries/scope.js';
import { readBody } from './json.js';
import { noticeOf } from './notices.js';
import { parseReport } from './parse.js';
import { OrganizationParams, ReportAnswer, ReportQuery } from './schema.js';
import { shapeReport, tableOfReport } from './shape.js';

const MAX_BYTES = 1024 * 1024;

/** The dialect of giosg's clients: one query language over conversations as accounts, teams and agents see them. */
export async function reportingRoutes(instance: FastifyInstance, db: Database, moment: () => Moment): Promise<void> {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();
  // The body is read by parse.ts, which names every fault by its path; so it comes as bytes.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );

  expectBody(app, ['application/json']);

  app.post(
    '/api/reporting/v1/orgs/:organization_id/chat_sessions',
    {
      attachValidation: true,
      onRequest: requires('read'),
      schema: { params: OrganizationParams, querystring: ReportQuery, response: { 200: ReportAnswer } },
    },
    async (request, reply) => {
      const faults = new Faults(request);
      const report = parseReport(readBody(request.body, faults), faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const view = await viewOf(db, scope, request.params.organization_id);
      const query: Query = { ...report.query, scope, where: { op: 'and', of: [view, report.query.where] } };
      const table = await run(db, query, moment(), report.places);
      const notice = noticeOf(query, table);
      if (notice !== null) reply.header('report-notice', notice);
      return sendReport(request, reply, shapeReport(table, report), tableOfReport);
    },
  );
}

/**
 * Which rows a report about an organization has: all, when it is the caller's account; its own, when its agents wrote in
 * conversations that the caller sees. Throws `Forbidden` for another account and `NotFound` for anything else.
 */
async function viewOf(db: Database, scope: Scope, organization: string): Promise<Filter> {
  if (organization.toLowerCase() === scope.account) return everything;
  if (await takesPart(db, scope, organization)) {
    return { op: 'in', dimension: 'organization_ids', values: [organization] };
  }
  if (await isAccount(db, organization)) throw new Forbidden('this key may not read reports of that organization');
  throw new NotFound(`no organization ${organization} is known here`);
}
