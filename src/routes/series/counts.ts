import type { FastifyInstance } from 'fastify';
import { parseSharedFilters } from '../../http/filters/shared.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import { datasets } from '../../queries/catalogue.js';
import type { FilterOf, MeasureOf } from '../../queries/query.js';
import { parseBucket } from './parse.js';
import * as schema from './schema.js';
import { shapeSeries, tableOfSeries } from './shape.js';
import { runOf, subjectOf } from './subject.js';

interface Owner {
  params: typeof schema.BotParams | typeof schema.TeamParams;
  querystring: typeof schema.BotSeriesQuery | typeof schema.TeamSeriesQuery;
}

const bot: Owner = { params: schema.BotParams, querystring: schema.BotSeriesQuery };
const team: Owner = { params: schema.TeamParams, querystring: schema.TeamSeriesQuery };

/** A series of one measure of messages, at their own time. */
interface Count {
  owner: Owner;
  url: string;
  label: string;
  measure: MeasureOf<'messages'>;
  where: FilterOf<'messages'>[];
}

const isGiven = (dimension: 'intent' | 'collection_id'): FilterOf<'messages'> => ({
  op: 'not',
  of: { op: 'in', dimension, values: [null] },
});

const { messages, users } = datasets.messages.measures;
const answered = { label: 'knowledge_base', measure: messages.measure, where: [isGiven('collection_id')] };

const counts: Count[] = [
  { owner: bot, url: '/v1/bots/:bot_id/messages', label: 'messages', measure: messages.measure, where: [] },
  { owner: bot, url: '/v1/bots/:bot_id/users', label: 'users', measure: users.measure, where: [] },
  {
    owner: bot,
    url: '/v1/bots/:bot_id/intents/insights',
    label: 'intents',
    measure: messages.measure,
    where: [isGiven('intent')],
  },
  { owner: bot, url: '/v1/bots/:bot_id/knowledge_base', ...answered },
  { owner: team, url: '/v1/teams/:team_id/knowledge_base', ...answered },
];

/** Operations that count messages over time. */
export function countRoutes(app: FastifyInstance, context: ReportContext): void {
  for (const { owner, url, label, measure, where } of counts) {
    serve(app, context, {
      method: 'GET',
      url,
      ...owner,
      response: schema.SeriesAnswer,
      parse({ params, query, now }, faults) {
        const window = parseWindow(query, faults, { now });
        const filters = [...parseSharedFilters(query, faults), ...where];
        const bucket = parseBucket(query.bucket, window, faults);
        return { subject: subjectOf(params, query), window, bucket, filters };
      },
      async answer({ subject, ...parsed }, caller) {
        const query = { ...parsed, dataset: 'messages' as const, measures: [measure], groupBy: [] };
        const table = await runOf(context.db, caller, subject, query, { bucket: 'bucket', groups: 'bucket' });
        return { data: shapeSeries(table, label, [], parsed.window.zone) };
      },
      table: ({ data }) => tableOfSeries(data, []),
    });
  }
}
