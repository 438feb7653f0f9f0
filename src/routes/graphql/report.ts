import { parseWindow } from '../../http/window.js';
import type { Dataset, DimensionOf } from '../../queries/catalogue.js';
import type { Value } from '../../queries/filter.js';
import type { Cell } from '../../queries/measure.js';
import type { MeasureOf, Query, Table } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { formatInstant } from '../../queries/time/instant.js';
import { type FilterName, filterTypes, parseFilters, timesOf, timeZoneType } from './arguments.js';
import { ARGS, type Asked, type Definition, type Order, type Row, type Typed } from './definition.js';
import { sorted } from './order.js';

/** A column of a report: the start of the bucket, the value of a dimension, or a number. */
export type Column<D extends Dataset> = Typed &
  (
    | { bucket: true }
    | { dimension: DimensionOf<D> }
    | { measure: MeasureOf<D> /** How many of it make one. */; unit?: number }
  );

export interface Report<D extends Dataset> {
  means: string;
  dataset: D;
  filters: FilterName[];
  columns: Record<string, Column<D>>;
  order: Order[];
}

const DAY: Bucket = { unit: 'day', count: 1 };

/**
 * A function that counts over the core. One that has a column for the start of the bucket takes `interval_span` and needs
 * both ends of the range; its empty buckets are rows, with 0.
 */
export function report<D extends Dataset>({ means, dataset, filters, columns, order }: Report<D>): Definition {
  const all = Object.entries(columns);
  const isInterval = all.some(([, column]) => 'bucket' in column);
  const groupBy = all.flatMap(([, column]) => ('dimension' in column ? [column.dimension] : []));
  const measures = all.flatMap(([, column]) => ('measure' in column ? [column.measure] : []));

  async function rows(asked: Asked): Promise<Row[]> {
    const { args, db, scope, moment, faults } = asked;
    const window = parseWindow(timesOf(args), faults, { prefix: ARGS });
    if (isInterval) {
      for (const name of ['start_time', 'end_time']) {
        if (args[name] == null) faults.add(ARGS + name, 'is needed: intervals are counted between two ends');
      }
    }
    const bucket = isInterval ? ((args.interval_span as Bucket | null | undefined) ?? DAY) : null;
    const where = parseFilters(filters, asked);
    faults.check();
    const query = { dataset, scope, window, bucket, measures, groupBy, where } as Query; // of the dataset D
    const table = await run(db, query, moment, { bucket: `${ARGS}interval_span`, groups: `${ARGS}interval_span` });
    return sorted(shape(table, window.zone), order);
  }

  const shape = ({ edges, rows }: Table, zone: string): Row[] =>
    rows
      .toSorted((a, b) => a.bucket - b.bucket)
      .map(({ bucket, keys, cells }) => {
        const [nextKey, nextCell] = [keys.values(), cells.values()];
        return Object.fromEntries(
          all.map(([name, column]): [string, Value] => {
            if ('bucket' in column) return [name, formatInstant(edges[bucket] as number, zone, 'local')];
            if ('dimension' in column) return [name, nextKey.next().value ?? null];
            return [name, numberOf(nextCell.next().value ?? null, column.unit)];
          }),
        );
      });

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

const numberOf = (cell: Cell, unit = 1): number | null => (cell === null ? null : Number(cell) / unit);
