import type { FastifyInstance } from 'fastify';
import { type Reports, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import { datasets } from '../../queries/catalogue.js';
import type { FilterOf, MeasureOf } from '../../queries/query.js';
import { parseBucket, parseFilters } from './parse.js';
import * as schema from './schema.js';
import { shapeSeries, tableOfSeries } from './shape.js';
import { runOf } from './subject.js';

/** A series of one measure of messages, at their own time. */
interface Count {
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

const ofBots: Count[] = [
  { url: '/v1/bots/:bot_id/messages', label: 'messages', measure: messages.measure, where: [] },
  { url: '/v1/bots/:bot_id/users', label: 'users', measure: users.measure, where: [] },
  { url: '/v1/bots/:bot_id/intents/insights', label: 'intents', measure: messages.measure, where: [isGiven('intent')] },
  {
    url: '/v1/bots/:bot_id/knowledge_base',
    label: 'knowledge_base',
    measure: messages.measure,
    where: [isGiven('collection_id')],
  },
];

const ofTeams: Count[] = [
  {
    url: '/v1/teams/:team_id/knowledge_base',
    label: 'knowledge_base',
    measure: messages.measure,
    where: [isGiven('collection_id')],
  },
];

/** Operations that count messages over time. */
export function countRoutes(app: FastifyInstance, reports: Reports): void {
  for (const { url, label, measure, where } of ofBots) {
    serve(app, reports, {
      method: 'GET',
      url,
      params: schema.BotParams,
      querystring: schema.BotSeriesQuery,
      response: schema.SeriesAnswer,
      parse({ params, query, now }, faults) {
        const window = parseWindow(query, faults, { now });
        const filters = [...parseFilters(query, faults), ...where];
        const bucket = parseBucket(query.bucket, window, faults);
        return { subject: { bot_id: params.bot_id, version: query.version }, window, bucket, filters };
      },
      async answer({ subject, ...asked }, caller) {
        const query = { ...asked, dataset: 'messages' as const, measures: [measure], groupBy: [] };
        const table = await runOf(reports.db, caller, subject, query, { bucket: 'bucket', groups: 'bucket' });
        return { data: shapeSeries(table, label, [], asked.window.zone) };
      },
      table: ({ data }) => tableOfSeries(data, []),
    });
  }

  for (const { url, label, measure, where } of ofTeams) {
    serve(app, reports, {
      method: 'GET',
      url,
      params: schema.TeamParams,
      querystring: schema.TeamSeriesQuery,
      response: schema.SeriesAnswer,
      parse({ params, query, now }, faults) {
        const window = parseWindow(query, faults, { now });
        const filters = [...parseFilters(query, faults), ...where];
        return { subject: params, window, bucket: parseBucket(query.bucket, window, faults), filters };
      },
      async answer({ subject, ...asked }, caller) {
        const query = { ...asked, dataset: 'messages' as const, measures: [measure], groupBy: [] };
        const table = await runOf(reports.db, caller, subject, query, { bucket: 'bucket', groups: 'bucket' });
        return { data: shapeSeries(table, label, [], asked.window.zone) };
      },
      table: ({ data }) => tableOfSeries(data, []),
    });
  }
}
