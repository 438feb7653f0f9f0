import type { FastifyInstance } from 'fastify';
import { NotFound } from '../../errors.js';
import { type Reports, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import { conversationFlow } from '../../queries/lookups/flow.js';
import { activityRoutes } from './activity.js';
import { countRoutes } from './counts.js';
import { flowRoutes } from './flows.js';
import { measuresOf, shapeInsights } from './insights.js';
import { dimensionOf, parseBucket, parseFields, parseFilters } from './parse.js';
import { rankedRoutes } from './ranked.js';
import * as schema from './schema.js';
import { shapeFlow, shapeSeries, tableOfFlow, tableOfSeries } from './shape.js';
import { runOf } from './subject.js';
import { voiceRoutes } from './voice.js';

/** The dialect of Chatlayer's clients: time series of a bot or a team, and the flow of a conversation. */
export async function seriesRoutes(app: FastifyInstance, reports: Reports): Promise<void> {
  const { db } = reports;

  countRoutes(app, reports);
  activityRoutes(app, reports);
  rankedRoutes(app, reports);
  flowRoutes(app, reports);
  voiceRoutes(app, reports);

  serve(app, reports, {
    method: 'GET',
    url: '/v1/bots/:bot_id/conversations',
    params: schema.BotParams,
    querystring: schema.ConversationsQuery,
    response: schema.SeriesAnswer,
    parse({ params, query, now }, faults) {
      const window = parseWindow(query, faults, { now });
      return {
        subject: { bot_id: params.bot_id, version: query.version },
        window,
        bucket: parseBucket(query.bucket, window, faults),
        fields: query.group_by === undefined ? [] : [query.group_by],
        filters: parseFilters(query, faults),
      };
    },
    async answer({ subject, fields, ...asked }, caller) {
      const counted = { ...asked, dataset: 'conversations' as const, measures: [{ aggregate: 'count' as const }] };
      const query = { ...counted, groupBy: fields.map(dimensionOf) };
      const table = await runOf(db, caller, subject, query, { bucket: 'bucket', groups: 'group_by' });
      return { data: shapeSeries(table, 'conversations', fields, asked.window.zone) };
    },
    table: ({ data }, { fields }) => tableOfSeries(data, fields),
  });

  serve(app, reports, {
    method: 'GET',
    url: '/v1/bots/:bot_id/conversations/insights',
    params: schema.BotParams,
    querystring: schema.InsightsQuery,
    response: schema.SeriesAnswer,
    parse({ params, query, now }, faults) {
      const window = parseWindow(query, faults, { now });
      return {
        subject: { bot_id: params.bot_id, version: query.version },
        window,
        bucket: parseBucket(undefined, window, faults),
        stat: query.stat,
        filters: parseFilters(query, faults),
      };
    },
    async answer({ subject, stat, ...asked }, caller) {
      const query = { ...asked, dataset: 'conversations' as const, measures: measuresOf(stat), groupBy: [] };
      const table = await runOf(db, caller, subject, query, { bucket: 'end_time', groups: 'end_time' });
      return { data: shapeInsights(table, stat, asked.window.zone) };
    },
    table: ({ data }) => tableOfSeries(data, []),
  });

  serve(app, reports, {
    method: 'GET',
    url: '/v1/bots/:bot_id/conversations/:conversation_id/flow',
    params: schema.FlowParams,
    querystring: schema.FlowQuery,
    response: schema.FlowAnswer,
    parse: ({ params, query, now }, faults) => ({
      ...params,
      version: query.version,
      window: parseWindow(query, faults, { now }),
      message: query.message_id,
    }),
    async answer({ message, ...wanted }, { scope }) {
      const flow = await conversationFlow(db, scope, wanted);
      if (flow === null) throw new NotFound('no such conversation of this bot and version started in the range');
      const { bot_id, conversation_id, window } = wanted;
      return shapeFlow({ bot_id, conversation_id }, flow, message, window.zone);
    },
    table: tableOfFlow,
  });

  serve(app, reports, {
    method: 'GET',
    url: '/v1/teams/:team_id/conversations',
    params: schema.TeamParams,
    querystring: schema.TeamQuery,
    response: schema.SeriesAnswer,
    parse({ params, query, now }, faults) {
      const window = parseWindow(query, faults, { now });
      return {
        subject: params,
        window,
        bucket: parseBucket(query.bucket, window, faults),
        fields: parseFields(query.group_by, faults),
        filters: parseFilters(query, faults),
      };
    },
    async answer({ subject, fields, ...asked }, caller) {
      const counted = { ...asked, dataset: 'conversations' as const, measures: [{ aggregate: 'count' as const }] };
      const query = { ...counted, groupBy: fields.map(dimensionOf) };
      const table = await runOf(db, caller, subject, query, { bucket: 'bucket', groups: 'group_by' });
      return { data: shapeSeries(table, 'conversations', fields, asked.window.zone) };
    },
    table: ({ data }, { fields }) => tableOfSeries(data, fields),
  });
}
