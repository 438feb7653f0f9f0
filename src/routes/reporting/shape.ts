import { fieldOf } from '../../queries/catalogue.js';
import type { Value } from '../../queries/filter.js';
import { byCodePoint } from '../../queries/order.js';
import type { Table, TableRow } from '../../queries/query.js';
import { formatInstant } from '../../queries/time/instant.js';
import type { ReportRequest } from './parse.js';
import type { ReportAnswer } from './schema.js';

/** The answer of a report: one row per bucket without groups, else one per group and bucket with data, in order. */
export function shapeReport(table: Table, { query, groups, metrics }: ReportRequest): ReportAnswer {
  const isNumber = query.groupBy.map((name) => fieldOf(query.dataset, name)?.type === 'number');
  const rows = table.rows.toSorted(inOrder(isNumber));
  const times = table.edges.map((edge) => formatInstant(edge, query.window.zone, 'reporting'));
  return {
    fields: [
      ...['start_time', ...groups].map((name) => ({ name, type: 'dimension' as const })),
      ...metrics.map((name) => ({ name, type: 'metric' as const })),
    ],
    data: rows.map(({ bucket, keys, cells }) => [
      times[bucket] as string,
      ...keys.map((key, n) => (isNumber[n] ? toNumber(key) : (key as string | null))),
      ...cells.map(toNumber),
    ]),
  };
}

/** Numbers come from the core as such or as exact decimal text; the answer shows the nearest double. */
const toNumber = (value: Value): number | null => (value === null ? null : Number(value));

/** By time, then by each group: texts by code point, numbers by value, nulls last. */
function inOrder(isNumber: boolean[]): (a: TableRow, b: TableRow) => number {
  return (a, b) => {
    let order = a.bucket - b.bucket;
    for (let n = 0; order === 0 && n < isNumber.length; n++) {
      const [x, y] = [a.keys[n] ?? null, b.keys[n] ?? null];
      if (x === null || y === null) order = Number(x === null) - Number(y === null);
      else order = (isNumber[n] ? Number(x) - Number(y) : 0) || byCodePoint(String(x), String(y));
    }
    return order;
  };
}

/** The same rows as a table. */
export const tableOfReport = ({ fields, data }: ReportAnswer) => ({
  columns: fields.map(({ name }) => name),
  rows: data,
});
