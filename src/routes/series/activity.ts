import type { FastifyInstance } from 'fastify';
import { parseSharedFilters } from '../../http/filters/shared.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import type { FilterOf, Table } from '../../queries/query.js';

import * as schema from './schema.js';
import { serieOf, tableOfSeries } from './shape.js';
import { runOf } from './subject.js';

const days = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
const hours = Array.from({ length: 24 }, (_, hour) => `${String(hour).padStart(2, '0')}:00`);

const ofUsers: FilterOf<'messages'> = { op: 'in', dimension: 'sender', values: ['user'] };

/** User messages by local weekday and hour. */
export function activityRoutes(app: FastifyInstance, context: ReportContext): void {
  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/users/activity',
    params: schema.BotParams,
    querystring: schema.BotQuery,
    response: schema.SeriesAnswer,
    parse: ({ params, query, now }, faults) => ({
      subject: { bot_id: params.bot_id, version: query.version },
      window: parseWindow(query, faults, { now }),
      filters: [...parseSharedFilters(query, faults), ofUsers],
    }),
    async answer({ subject, ...parsed }, caller) {
      const table = await runOf(
        context.db,
        caller,
        subject,
        {
          ...parsed,
          dataset: 'messages' as const,
          bucket: null,
          measures: [{ aggregate: 'count' as const }],
          groupBy: ['day_of_week' as const, 'hour_of_day' as const],
        },
        { bucket: 'end_time', groups: 'end_time' },
      );
      return { data: shapeActivity(table) };
    },
    table: ({ data }) => tableOfSeries(data, ['day_of_week']),
  });
}

/** A series for each weekday, Monday first, with a value for each hour of the day. */
function shapeActivity({ rows }: Table): schema.SeriesData {
  const values = days.map(() => hours.map(() => 0));
  for (const { keys, cells } of rows) {
    const [day, hour] = keys as [number, number];
    (values[day - 1] as number[])[hour] = Number(cells[0]);
  }
  return {
    series: days.map((day_of_week, n) => serieOf(values[n] as number[], { day_of_week })),
    series_labels: days,
    x_values: hours,
  };
}
