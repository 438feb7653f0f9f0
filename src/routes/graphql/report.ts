import { parseWindow } from '../../http/window.js';
import type { Dataset, Measure, Query, Table, Value } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { formatInstant } from '../../queries/time/instant.js';
import { type FilterName, filterTypes, parseFilters, timesOf, timeZoneType } from './arguments.js';
import { ARGS, type Asked, type Definition, type Order, type Row, type Typed } from './definition.js';
import { sorted } from './order.js';

/** A column of a report: the start of the bucket, the value of a dimension, or a number. */
export type Column = Typed &
  (
    | { bucket: true }
    | { dimension: string }
    /** `when`: over the rows of which a dimension has this value, alone. */
    | { measure: Measure; when?: { dimension: string; value: Value } }
  );

export interface Report {
  means: string;
  dataset: Dataset;
  filters: FilterName[];
  columns: Record<string, Column>;
  order: Order[];
}

const DAY: Bucket = { unit: 'day', count: 1 };

/**
 * A function that counts over the core. One that has a column for the start of the bucket takes `interval_span` and needs
 * both ends of the range; its empty buckets are rows, with 0.
 */
export function report({ means, dataset, filters, columns, order }: Report): Definition {
  const all = Object.entries(columns);
  const isInterval = all.some(([, column]) => 'bucket' in column);
  const keys = all.flatMap(([, column]) => ('dimension' in column ? [column.dimension] : []));
  const splits = new Set(
    all.flatMap(([, column]) => ('measure' in column && column.when ? [column.when.dimension] : [])),
  );
  const groupBy = [...keys, ...splits];
  const measures = all.flatMap(([, column]) => ('measure' in column ? [column.measure] : []));

  async function rows(asked: Asked): Promise<Row[]> {
    const { args, db, scope, moment, faults } = asked;
    const window = parseWindow(timesOf(args), faults, ARGS);
    if (isInterval) {
      for (const name of ['start_time', 'end_time']) {
        if (args[name] == null) faults.add(ARGS + name, 'is needed: intervals are counted between two ends');
      }
    }
    const bucket = isInterval ? ((args.interval_span as Bucket | null | undefined) ?? DAY) : null;
    const where = parseFilters(filters, asked);
    faults.check();
    const query: Query = { dataset, scope, window, bucket, measures, groupBy, where };
    const table = await run(db, query, moment, { bucket: `${ARGS}interval_span`, groups: `${ARGS}interval_span` });
    return sorted(shape(table, window.zone), order);
  }

  function shape(table: Table, zone: string): Row[] {
    const found = new Map<string, Row>();
    const rowOf = (bucket: number, values: Value[]): Row => {
      const id = JSON.stringify([bucket, values]);
      const row = found.get(id) ?? emptyRow(table, bucket, values, zone);
      found.set(id, row);
      return row;
    };
    if (isInterval && keys.length === 0) {
      for (let bucket = 0; bucket < table.edges.length - 1; bucket++) rowOf(bucket, []);
    }
    for (const { bucket, keys: values, cells } of table.rows.toSorted((a, b) => a.bucket - b.bucket)) {
      const row = rowOf(bucket, values.slice(0, keys.length));
      let place = 0;
      for (const [name, column] of all) {
        if (!('measure' in column)) continue;
        const cell = cells[place++] ?? null;
        if (isOf(column, values)) row[name] = cell === null ? null : Number(cell);
      }
    }
    return [...found.values()];
  }

  /** Whether a number of a column is over these rows of the table. */
  function isOf({ when }: { when?: { dimension: string; value: Value } }, values: Value[]): boolean {
    return when === undefined || values[groupBy.indexOf(when.dimension)] === when.value;
  }

  function emptyRow(table: Table, bucket: number, values: Value[], zone: string): Row {
    let place = 0;
    return Object.fromEntries(
      all.map(([name, column]) => {
        if ('bucket' in column) return [name, formatInstant(table.edges[bucket] as number, zone, 'local')];
        if ('dimension' in column) return [name, values[place++] ?? null];
        return [name, column.measure.aggregate === 'count' || column.measure.aggregate === 'sum' ? 0 : null];
      }),
    );
  }

  const interval: Record<string, Typed> = isInterval
    ? { interval_span: { type: 'interval', means: 'Step of the intervals; default 1 day' } }
    : {};
  return {
    means,
    args: {
      start_time: { type: 'timestamp', means: 'Start of the range' },
      end_time: { type: 'timestamp', means: 'End of the range, exclusive' },
      ...interval,
      ...filterTypes(filters),
      time_zone: timeZoneType,
    },
    columns: Object.fromEntries(all.map(([name, { type, means }]) => [name, { type, means }])),
    rows,
  };
}
