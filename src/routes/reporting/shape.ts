import { fieldOf } from '../../queries/catalogue.js';
import type { Dimension } from '../../queries/datasets/dataset.js';
import type { Value } from '../../queries/filter.js';
import { groupPlaces } from '../../queries/group-order.js';
import type { Table, TableRow } from '../../queries/query.js';
import { formatInstant } from '../../queries/time/instant.js';
import type { ReportRequest } from './parse.js';
import type { ReportAnswer } from './schema.js';

/** The answer of a report: one row per bucket without groups, else one per group and bucket with data, in order. */
export function shapeReport(table: Table, { query, groups, metrics }: ReportRequest): ReportAnswer {
  const types = query.groupBy.map((name) => fieldOf(query.dataset, name)?.type ?? 'text');
  const times = table.edges.map((edge) => formatInstant(edge, query.window.zone, 'reporting'));
  return {
    fields: [
      ...['start_time', ...groups].map((name) => ({ name, type: 'dimension' as const })),
      ...metrics.map((name) => ({ name, type: 'metric' as const })),
    ],
    data: inOrder(table.rows, types).map(({ bucket, keys, cells }) => {
      const row: ReportAnswer['data'][number] = new Array(1 + keys.length + cells.length); // and no longer: there are many
      row[0] = times[bucket] as string;
      for (const [n, key] of keys.entries())
        row[1 + n] = types[n] === 'number' ? toNumber(key) : (key as string | null);
      for (const [n, cell] of cells.entries()) row[1 + keys.length + n] = toNumber(cell);
      return row;
    }),
  };
}

/** Numbers come from the core as such or as exact decimal text; the answer shows the nearest double. */
const toNumber = (value: Value): number | null => (value === null ? null : Number(value));

/** By time, then by group. */
function inOrder(rows: readonly TableRow[], types: readonly Dimension['type'][]): TableRow[] {
  const { places, count } = groupPlaces(
    rows.map(({ keys }) => keys),
    types,
  );
  return rows
    .map((row, n) => ({ row, place: row.bucket * count + (places[n] as number) }))
    .sort((a, b) => a.place - b.place)
    .map(({ row }) => row);
}

/** The same rows as a table. */
export const tableOfReport = ({ fields, data }: ReportAnswer) => ({
  columns: fields.map(({ name }) => name),
  rows: data,
});
