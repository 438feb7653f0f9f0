import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import type { Database } from '../../database/database.js';
import { NotFound } from '../../errors.js';
import { isKnown, isVersionSeen } from '../../queries/known.js';
import type { Moment, Query } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import { sendReport } from '../csv.js';
import { Faults } from '../faults.js';
import { dimensionOf, parseBucket, parseFilters, parseWindow } from './parse.js';
import { BotParams, ConversationsQuery, SeriesAnswer } from './schema.js';
import { shapeSeries, tableOfSeries } from './shape.js';

/** The dialect of Chatlayer's clients: time series of a bot's or a team's conversations. */
export async function seriesRoutes(instance: FastifyInstance, db: Database, moment: () => Moment): Promise<void> {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.get(
    '/v1/bots/:bot_id/conversations',
    {
      attachValidation: true,
      schema: { params: BotParams, querystring: ConversationsQuery, response: { 200: SeriesAnswer } },
    },
    async (request, reply) => {
      const faults = new Faults(request.validationError);
      const { query } = request;
      const window = parseWindow(query, faults);
      const bucket = parseBucket(query.bucket, window, faults);
      const filters = parseFilters(query, faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const { bot_id } = request.params;
      const { version } = query;
      const fields = query.group_by === undefined ? [] : [query.group_by];
      const asked: Query = {
        dataset: 'conversations',
        scope,
        window,
        bucket,
        measures: [{ aggregate: 'count' }],
        groupBy: fields.map(dimensionOf),
        where: {
          op: 'and',
          of: [
            { op: 'in', dimension: 'bot_id', values: [bot_id] },
            { op: 'in', dimension: 'bot_version', values: [version] },
            ...filters,
          ],
        },
      };
      const [known, table] = await Promise.all([
        isKnown(db, scope, 'bot', bot_id),
        run(db, asked, moment(), { bucket: 'bucket', groups: 'group_by' }),
      ]);
      if (!known) throw new NotFound(`no bot ${bot_id} is known here`);
      if (table.rows.length === 0 && !(await isVersionSeen(db, scope, bot_id, version))) {
        reply.header(
          'report-notice',
          `no conversation of this bot carries the version ${encodeURIComponent(version)} now`,
        );
      }
      const answer: SeriesAnswer = { data: shapeSeries(table, fields, window.zone) };
      return sendReport(request, reply, answer, ({ data }) => tableOfSeries(data, fields));
    },
  );
}
