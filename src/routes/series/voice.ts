import type { FastifyInstance } from 'fastify';
import { parseSharedFilters, type SharedFilter } from '../../http/filters/shared.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import type { Table } from '../../queries/query.js';
import { parseBucket } from './parse.js';
import * as schema from './schema.js';
import { roundedMean, tableOfSeries, xValues } from './shape.js';
import { runOf } from './subject.js';

const MINUTE = 60_000n;

const voice: SharedFilter = { op: 'in', dimension: 'channel', values: ['voice', 'phone'] };

/** The minutes of a team's voice conversations. */
export function voiceRoutes(app: FastifyInstance, context: ReportContext): void {
  serve(app, context, {
    method: 'GET',
    url: '/v1/teams/:team_id/voice_minutes',
    params: schema.TeamParams,
    querystring: schema.VoiceQuery,
    response: schema.SeriesAnswer,
    parse({ params, query, now }, faults) {
      const window = parseWindow(query, faults, { now });
      const filters = [...parseSharedFilters(query, faults), voice];
      return { subject: params, window, bucket: parseBucket(query.bucket, window, faults), filters };
    },
    async answer({ subject, ...parsed }, caller) {
      const measures = [{ aggregate: 'sum' as const, of: 'duration_ms' as const }];
      const query = { ...parsed, dataset: 'conversations' as const, measures, groupBy: [] };
      const table = await runOf(context.db, caller, subject, query, { bucket: 'bucket', groups: 'bucket' });
      return { data: shapeMinutes(table, parsed.window.zone) };
    },
    table: ({ data }) => tableOfSeries(data, []),
  });
}

/**
 * Whole minutes, rounded half up. Sum, mean, minimum and maximum are computed from exact values and rounded at the end.
 */
function shapeMinutes(table: Table, zone: string): schema.SeriesData {
  const exact = table.rows.map(({ cells }) => BigInt(cells[0] ?? 0));
  const sum = exact.reduce((total, value) => total + value, 0n);
  const minutes = (milliseconds: bigint) => roundedMean(milliseconds, MINUTE);
  const values = exact.map(minutes); // rounding preserves their order
  return {
    series: [
      {
        values,
        mean: roundedMean(sum, MINUTE * BigInt(exact.length)),
        max: values.reduce((a, b) => Math.max(a, b)),
        min: values.reduce((a, b) => Math.min(a, b)),
        sum: minutes(sum),
        labels: {},
      },
    ],
    series_labels: ['voice_minutes'],
    x_values: xValues(table, zone),
  };
}
