import type { FastifyInstance } from 'fastify';
import { Forbidden, NotFound } from '../../errors.js';
import { expectBody } from '../../http/body.js';
import { readBody } from '../../http/json.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { isAccount } from '../../queries/accounts.js';
import { everything } from '../../queries/filter.js';
import { noticesOf } from '../../queries/notices.js';
import type { FilterOf, QueryOf } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import { parseReport } from './parse.js';
import { OrganizationParams, ReportAnswer, ReportQuery } from './schema.js';
import { shapeReport, tableOfReport } from './shape.js';

const MAX_BYTES = 1024 * 1024;

/** The dialect of giosg's clients: queries over the participations of accounts, teams and agents in conversations. */
export async function reportingRoutes(app: FastifyInstance, context: ReportContext): Promise<void> {
  // The body arrives as bytes: parse.ts validates it and names every fault by its path.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer', bodyLimit: MAX_BYTES }, (_request, body, done) =>
    done(null, body),
  );

  expectBody(app, ['application/json']);

  serve(app, context, {
    method: 'POST',
    url: '/api/reporting/v1/orgs/:organization_id/chat_sessions',
    params: OrganizationParams,
    querystring: ReportQuery,
    response: ReportAnswer,
    isPlain: true,
    parse: ({ params, body }, faults) => ({
      organization: params.organization_id,
      report: parseReport(readBody(body, faults), faults),
    }),
    async answer({ organization, report }, { scope, asOf, notice }) {
      const isOwn = organization.toLowerCase() === scope.account;
      // For an organization whose agents wrote in conversations that the caller sees, the report covers its own rows.
      const view: FilterOf<'participations'> = isOwn
        ? everything
        : { op: 'in', dimension: 'organization_ids', values: [organization] };
      const query: QueryOf<'participations'> = {
        ...report.query,
        scope,
        where: { op: 'and', of: [view, report.query.where] },
        presence: isOwn ? [] : [{ kind: 'organization', id: organization }],
      };
      const table = await run(context.db, query, asOf, report.paths);
      if (table.present.includes(false)) {
        if (!(await isAccount(context.db, organization)))
          throw new NotFound(`there is no organization ${organization}`);
        throw new Forbidden('this key may not read reports of that organization');
      }
      for (const text of noticesOf(query, table)) notice(text);
      return shapeReport(table, report);
    },
    table: tableOfReport,
    file: ({ report }) => ({ window: report.query.window }),
  });
}
