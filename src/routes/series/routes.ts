import type { FastifyInstance } from 'fastify';
import type { Database } from '../../database/database.js';
import { NotFound } from '../../errors.js';
import { parseSharedFilters, type SharedFilter } from '../../http/filters/shared.js';
import { type Caller, type ReportContext, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import { conversationFlow } from '../../queries/lookups/flow.js';
import type { Bucket } from '../../queries/time/bucket.js';
import type { Window } from '../../queries/time/window.js';
import { activityRoutes } from './activity.js';
import { countRoutes } from './counts.js';
import { flowRoutes } from './flows.js';
import { measuresOf, shapeInsights } from './insights.js';
import { dimensionOf, parseBucket, parseFields, type SeriesField } from './parse.js';
import { rankedRoutes } from './ranked.js';
import * as schema from './schema.js';
import { shapeFlow, shapeSeries, tableOfFlow, tableOfSeries } from './shape.js';
import { runOf, type Subject } from './subject.js';
import { voiceRoutes } from './voice.js';

/** The dialect of Chatlayer's clients: time series of a bot or a team, and the flow of a conversation. */
export async function seriesRoutes(app: FastifyInstance, context: ReportContext): Promise<void> {
  const { db } = context;

  countRoutes(app, context);
  activityRoutes(app, context);
  rankedRoutes(app, context);
  flowRoutes(app, context);
  voiceRoutes(app, context);

  serve(app, context, {
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
        filters: parseSharedFilters(query, faults),
      };
    },
    answer: (parsed, caller) => countConversations(db, parsed, caller),
    table: ({ data }, { fields }) => tableOfSeries(data, fields),
  });

  serve(app, context, {
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
        filters: parseSharedFilters(query, faults),
      };
    },
    async answer({ subject, stat, ...parsed }, caller) {
      const query = { ...parsed, dataset: 'conversations' as const, measures: measuresOf(stat), groupBy: [] };
      const table = await runOf(db, caller, subject, query, { bucket: 'end_time', groups: 'end_time' });
      return { data: shapeInsights(table, stat, parsed.window.zone) };
    },
    table: ({ data }) => tableOfSeries(data, []),
  });

  serve(app, context, {
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

  serve(app, context, {
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
        filters: parseSharedFilters(query, faults),
      };
    },
    answer: (parsed, caller) => countConversations(db, parsed, caller),
    table: ({ data }, { fields }) => tableOfSeries(data, fields),
  });
}

interface ConversationCounts {
  subject: Subject;
  window: Window;
  bucket: Bucket;
  fields: SeriesField[];
  filters: SharedFilter[];
}

/** The conversations of a bot or a team over time, a series for each group. */
async function countConversations(db: Database, { subject, fields, ...rest }: ConversationCounts, caller: Caller) {
  const query = {
    ...rest,
    dataset: 'conversations' as const,
    measures: [{ aggregate: 'count' as const }],
    groupBy: fields.map(dimensionOf),
  };
  const table = await runOf(db, caller, subject, query, { bucket: 'bucket', groups: 'group_by' });
  return { data: shapeSeries(table, 'conversations', fields, rest.window.zone) };
}
