import type { MeasureOf, Table } from '../../queries/query.js';
import type { SeriesData } from './schema.js';
import { roundedMean, shapeSeries, xValues } from './shape.js';

/** The number of the catalogue behind each stat, and the divisor for its unit. */
const stats = {
  duration_seconds: { of: 'duration_ms', unit: 1_000n },
  num_messages: { of: 'messages', unit: 1n },
} as const;

export type Stat = keyof typeof stats | 'num_conversations';

/** The measures behind a stat. */
export const measuresOf = (stat: Stat): MeasureOf<'conversations'>[] =>
  stat === 'num_conversations'
    ? [{ aggregate: 'count' }]
    : [
        { aggregate: 'count' },
        ...(['sum', 'min', 'max'] as const).map((aggregate) => ({ aggregate, of: stats[stat].of })),
      ];

/**
 * One series: the mean per conversation in each bucket, and mean, min, max and sum over all conversations of the range.
 * Sums are exact; values are rounded half up at the end. `num_conversations` counts the conversations of a bucket.
 */
export function shapeInsights(table: Table, stat: Stat, zone: string): SeriesData {
  if (stat === 'num_conversations') return shapeSeries(table, stat, [], zone);
  const { unit } = stats[stat];
  const values: number[] = new Array(table.edges.length - 1).fill(0);
  let count = 0n;
  let sum = 0n;
  let min: bigint | null = null;
  let max = 0n;
  for (const { bucket, cells } of table.rows) {
    const [rows, total, least, most] = cells.map((cell) => BigInt(cell ?? 0)) as [bigint, bigint, bigint, bigint];
    if (rows === 0n) continue;
    values[bucket] = roundedMean(total, rows * unit);
    count += rows;
    sum += total;
    if (min === null || least < min) min = least;
    if (most > max) max = most;
  }
  return {
    series: [
      {
        values,
        mean: roundedMean(sum, count * unit),
        max: roundedMean(max, unit),
        min: roundedMean(min ?? 0n, unit),
        sum: roundedMean(sum, unit),
        labels: {},
      },
    ],
    series_labels: [stat],
    x_values: xValues(table, zone),
  };
}
