import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import type { Database } from '../../database/database.js';
import { NotFound } from '../../errors.js';
import { sendReport } from '../../http/csv.js';
import { Faults } from '../../http/faults.js';
import { gatherLists } from '../../http/lists.js';
import { parseWindow } from '../../http/window.js';
import { isKnown, isVersionSeen } from '../../queries/known.js';
import { conversationFlow } from '../../queries/lookups/flow.js';
import type { Filter, Moment, Query, Table } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import type { Scope } from '../../queries/scope.js';
import { measuresOf, shapeInsights } from './insights.js';
import { dimensionOf, parseBucket, parseFields, parseFilters } from './parse.js';
import * as schema from './schema.js';
import { shapeFlow, shapeSeries, tableOfFlow, tableOfSeries } from './shape.js';

/** The dialect of Chatlayer's clients: time series of a bot's or a team's conversations, and the flow of one. */
export async function seriesRoutes(instance: FastifyInstance, db: Database, moment: () => Moment): Promise<void> {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.addHook('preValidation', async (request) => {
    request.query = gatherLists(request.query as Record<string, unknown>);
  });

  /**
   * Runs a query over a bot's conversations of one version; 404 for a bot that is unknown to the scope. `limited` is the
   * parameter to blame for an answer over a limit.
   */
  async function ofBot(
    reply: FastifyReply,
    bot: string,
    version: string,
    query: Omit<Query, 'dataset' | 'where'> & { filters: Filter[]; limited: string },
  ): Promise<Table> {
    const { filters, limited, ...rest } = query;
    const own = (dimension: string, value: string): Filter => ({ op: 'in', dimension, values: [value] });
    const where: Filter = { op: 'and', of: [own('bot_id', bot), own('bot_version', version), ...filters] };
    const [known, table] = await Promise.all([
      isKnown(db, query.scope, 'bot', bot),
      run(db, { ...rest, dataset: 'conversations', where }, moment(), { bucket: limited, groups: 'group_by' }),
    ]);
    if (!known) throw new NotFound(`no bot ${bot} is known here`);
    if (table.rows.length === 0) await noticeVersion(reply, query.scope, bot, version);
    return table;
  }

  async function noticeVersion(reply: FastifyReply, scope: Scope, bot: string, version: string): Promise<void> {
    if (await isVersionSeen(db, scope, bot, version)) return;
    reply.header('report-notice', `no conversation of this bot carries the version ${encodeURIComponent(version)} now`);
  }

  app.get(
    '/v1/bots/:bot_id/conversations',
    {
      attachValidation: true,
      schema: {
        params: schema.BotParams,
        querystring: schema.ConversationsQuery,
        response: { 200: schema.SeriesAnswer },
      },
    },
    async (request, reply) => {
      const { params, query } = request;
      const faults = new Faults(request);
      const window = parseWindow(query, faults);
      const bucket = parseBucket(query.bucket, window, faults);
      const filters = parseFilters(query, faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const fields = query.group_by === undefined ? [] : [query.group_by];
      const groupBy = fields.map(dimensionOf);
      const measures = [{ aggregate: 'count' as const }];
      const table = await ofBot(reply, params.bot_id, query.version, {
        scope,
        window,
        bucket,
        measures,
        groupBy,
        filters,
        limited: 'bucket',
      });
      const answer: schema.SeriesAnswer = { data: shapeSeries(table, fields, window.zone) };
      return sendReport(request, reply, answer, ({ data }) => tableOfSeries(data, fields));
    },
  );

  app.get(
    '/v1/bots/:bot_id/conversations/insights',
    {
      attachValidation: true,
      schema: { params: schema.BotParams, querystring: schema.InsightsQuery, response: { 200: schema.SeriesAnswer } },
    },
    async (request, reply) => {
      const { params, query } = request;
      const faults = new Faults(request);
      const window = parseWindow(query, faults);
      const filters = parseFilters(query, faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const bucket = parseBucket(undefined, window, faults);
      const measures = measuresOf(query.stat);
      const table = await ofBot(reply, params.bot_id, query.version, {
        scope,
        window,
        bucket,
        measures,
        groupBy: [],
        filters,
        limited: 'end_time',
      });
      const answer: schema.SeriesAnswer = { data: shapeInsights(table, query.stat, window.zone) };
      return sendReport(request, reply, answer, ({ data }) => tableOfSeries(data, []));
    },
  );

  app.get(
    '/v1/bots/:bot_id/conversations/:conversation_id/flow',
    {
      attachValidation: true,
      schema: { params: schema.FlowParams, querystring: schema.FlowQuery, response: { 200: schema.FlowAnswer } },
    },
    async (request, reply) => {
      const { params, query } = request;
      const faults = new Faults(request);
      const window = parseWindow(query, faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const flow = await conversationFlow(db, scope, { ...params, version: query.version, window });
      if (flow === null) throw new NotFound('no such conversation of this bot and version started in the range');
      return sendReport(request, reply, shapeFlow(params, flow, query.message_id, window.zone), tableOfFlow);
    },
  );

  app.get(
    '/v1/teams/:team_id/conversations',
    {
      attachValidation: true,
      schema: { params: schema.TeamParams, querystring: schema.TeamQuery, response: { 200: schema.SeriesAnswer } },
    },
    async (request, reply) => {
      const { params, query } = request;
      const faults = new Faults(request);
      const window = parseWindow(query, faults);
      const bucket = parseBucket(query.bucket, window, faults);
      const fields = parseFields(query.group_by, faults);
      const filters = parseFilters(query, faults);
      faults.check();

      const scope = scopeFor(request.principal, 'read');
      const asked: Query = {
        dataset: 'conversations',
        scope,
        window,
        bucket,
        measures: [{ aggregate: 'count' }],
        groupBy: fields.map(dimensionOf),
        where: { op: 'and', of: [{ op: 'in', dimension: 'team_id', values: [params.team_id] }, ...filters] },
      };
      const [known, table] = await Promise.all([
        isKnown(db, scope, 'team', params.team_id),
        run(db, asked, moment(), { bucket: 'bucket', groups: 'group_by' }),
      ]);
      if (!known) throw new NotFound(`no team ${params.team_id} is known here`);
      const answer: schema.SeriesAnswer = { data: shapeSeries(table, fields, window.zone) };
      return sendReport(request, reply, answer, ({ data }) => tableOfSeries(data, fields));
    },
  );
}
