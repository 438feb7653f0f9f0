import { InvalidRequest } from '../../errors.js';
import { UNKNOWN } from '../../http/lists.js';
import type { Transition } from '../../queries/lookups/flow.js';
import { byCodePoint } from '../../queries/order.js';
import type { Table } from '../../queries/query.js';
import { MAX_CELLS, tooManyCells } from '../../queries/run.js';
import { formatInstant } from '../../queries/time/instant.js';
import type { FlowAnswer, SeriesData } from './schema.js';

export const MAX_SERIES = 1_000;

/**
 * One series for each group of a table with a single measure, with zeros for empty buckets. `label` is the label of the
 * only series of a table without groups.
 */
export function shapeSeries(table: Table, label: string, fields: string[], zone: string): SeriesData {
  const points = table.edges.length - 1;
  const groups = new Map<string, { labels: string[]; values: number[] }>();
  if (fields.length === 0) groups.set('[]', { labels: [], values: new Array(points).fill(0) });
  for (const { bucket, keys, cells } of table.rows) {
    const labels = keys.map((key) => (key === null ? UNKNOWN : String(key)));
    const id = JSON.stringify(labels);
    let group = groups.get(id);
    if (group === undefined) {
      if (groups.size === MAX_SERIES) throw tooManySeries();
      if ((groups.size + 1) * points > MAX_CELLS) throw tooManyCells('group_by');
      group = { labels, values: new Array(points).fill(0) };
      groups.set(id, group);
    }
    group.values[bucket] = (group.values[bucket] ?? 0) + Number(cells[0]);
  }
  const series = [...groups.values()].map(({ labels, values }) => ({
    label: fields.length === 0 ? label : labels.join(', '),
    serie: serieOf(values, Object.fromEntries(fields.map((field, n) => [field, labels[n] as string]))),
  }));
  series.sort((a, b) => b.serie.sum - a.serie.sum || byCodePoint(a.label, b.label));
  return {
    series: series.map(({ serie }) => serie),
    series_labels: series.map(({ label }) => label),
    x_values: xValues(table, zone),
  };
}

/** Values with their sum, mean (rounded half up), minimum and maximum. */
export function serieOf(values: number[], labels: Record<string, string>): SeriesData['series'][number] {
  const sum = values.reduce((total, value) => total + value, 0);
  return {
    values,
    mean: roundedMean(BigInt(sum), BigInt(values.length)),
    max: values.reduce((a, b) => Math.max(a, b)),
    min: values.reduce((a, b) => Math.min(a, b)),
    sum,
    labels,
  };
}

/** The formatted start of each bucket. */
export const xValues = (table: Table, zone: string): string[] =>
  table.edges.slice(0, -1).map((edge) => formatInstant(edge, zone, 'series'));

/** sum / count, rounded half up in integer arithmetic; 0 if the count is 0. Neither may be negative. */
export const roundedMean = (sum: bigint, count: bigint): number =>
  count === 0n ? 0 : Number((2n * sum + count) / (2n * count));

const tooManySeries = () =>
  new InvalidRequest([
    {
      path: 'group_by',
      message: 'would give more than 1,000 series: add filters, or group by fewer or coarser fields',
    },
  ]);

/** The same numbers as a table: one row per point, series by series. */
export const tableOfSeries = (data: SeriesData, fields: readonly string[]) => ({
  columns: ['time', ...fields, 'value'],
  rows: data.series.flatMap(({ labels, values }) =>
    values.map((value, n) => [data.x_values[n], ...fields.map((field) => labels[field]), value]),
  ),
});

/** The flow of a conversation; with a message id, only the transitions of that message. */
export function shapeFlow(
  of: { bot_id: string; conversation_id: string },
  flow: { user_id: string | null; transitions: Transition[] },
  message: string | undefined,
  zone: string,
): FlowAnswer {
  const wanted = flow.transitions.filter(({ message_id }) => message === undefined || message_id === message);
  return {
    ...of,
    ...(flow.user_id === null ? {} : { user_id: flow.user_id }),
    transitions: wanted.map(({ id, from_step, to_step, depth, time }) => ({
      id,
      from_step,
      to_step,
      depth,
      timestamp: formatInstant(time, zone, 'series'),
    })),
  };
}

/** The same transitions as a table. */
export const tableOfFlow = ({ transitions }: FlowAnswer) => ({
  columns: ['id', 'from_step_id', 'from_step_type', 'to_step_id', 'to_step_type', 'depth', 'timestamp'],
  rows: transitions.map(({ id, from_step, to_step, depth, timestamp }) => [
    id,
    from_step.id,
    from_step.type,
    to_step.id,
    to_step.type,
    depth,
    timestamp,
  ]),
});
