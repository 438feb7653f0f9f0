import { parseWindow } from '../../http/window.js';
import type { Dataset, DimensionOf } from '../../queries/catalogue.js';
import { everything, type Value } from '../../queries/filter.js';
import type { Cell } from '../../queries/measure.js';
import type { FilterOf, MeasureOf, Query, Table } from '../../queries/query.js';
import { run } from '../../queries/run.js';
import type { Bucket } from '../../queries/time/bucket.js';
import { formatInstant } from '../../queries/time/instant.js';
import type { Window } from '../../queries/time/window.js';
import { type FilterName, filterTypes, parseFilters, rangeTypes, timesOf, timeZoneType } from './arguments.js';
import { ARGS, type Definition, type FunctionCall, type Order, type ResultRow, type Typed } from './definition.js';
import { sorted } from './order.js';

/** A column of a report: the start of the bucket, a dimension, a measure, or an argument of the request. */
export type Column<D extends Dataset> = Typed &
  (
    | { bucket: true /** How the start is formatted; default: local to the zone. */; form?: (text: string) => string }
    | { dimension: DimensionOf<D> }
    | { measure: MeasureOf<D> /** Divisor for the value. */; unit?: number }
    | { measure: MeasureOf<D> /** The value is epoch milliseconds and shown as a time. */; isTime: true }
    | { echo: string }
  );

/** A function that runs one query of the core. */
export interface ReportDefinition<D extends Dataset> {
  description: string;
  dataset: D;
  filters: readonly (FilterName<D> & FilterName)[];
  columns: Record<string, Column<D>>;
  /** The order of the rows; rows that compare equal stay in order of their buckets. */
  order?: Order[];
  /** A condition on the rows besides the filters. */
  where?: FilterOf<D>;
  /** A fixed bucket, if it is not an argument of the function. `range` adjusts the range to count. */
  steps?: { bucket: Bucket; range?(window: Window, faults: FunctionCall['faults']): Window };
  /** Additional arguments and their filter. */
  own?: { args: Record<string, Typed>; filter(call: FunctionCall): FilterOf<D> };
}

const DAY: Bucket = { unit: 'day', count: 1 };

/**
 * Builds the definition of a report. With a column for the start of the bucket, both ends of the range are required,
 * empty buckets are rows, and the function takes `interval_span` unless its bucket is fixed.
 */
export function report<D extends Dataset>(of: ReportDefinition<D>): Definition {
  const { description, dataset, filters, columns, order = [], where = everything, steps, own } = of;
  const all = Object.entries(columns);
  const isInterval = all.some(([, column]) => 'bucket' in column);
  const hasSpan = isInterval && steps === undefined;
  const groupBy = all.flatMap(([, column]) => ('dimension' in column ? [column.dimension] : []));
  const measures = all.flatMap(([, column]) => ('measure' in column ? [column.measure] : []));

  async function rows(call: FunctionCall): Promise<ResultRow[]> {
    const { args, db, scope, asOf, faults } = call;
    const sent = parseWindow(timesOf(args), faults, { prefix: ARGS, mayBeEmpty: steps?.range !== undefined });
    if (isInterval) {
      for (const name of ['start_time', 'end_time']) {
        if (args[name] == null) faults.add(ARGS + name, 'is required: intervals are counted between two ends');
      }
    }
    const span = steps?.bucket ?? (args.interval_span as Bucket | null | undefined) ?? DAY;
    const conditions = [where, parseFilters<D>(filters, call), ...(own === undefined ? [] : [own.filter(call)])];
    const window = steps?.range?.(sent, faults) ?? sent;
    faults.check();
    const bucket = isInterval ? span : null;
    const asking = { dataset, scope, window, bucket, measures, groupBy, where: { op: 'and', of: conditions } };
    const limited = hasSpan ? `${ARGS}interval_span` : `${ARGS}end_time`;
    const table = await run(db, asking as unknown as Query, asOf, { bucket: limited, groups: limited }); // of D
    return sorted(shape(table, window.zone, args), order);
  }

  const shape = ({ edges, rows }: Table, zone: string, args: FunctionCall['args']): ResultRow[] =>
    rows
      .toSorted((a, b) => a.bucket - b.bucket)
      .map(({ bucket, keys, cells }) => {
        const [nextKey, nextCell] = [keys.values(), cells.values()];
        return Object.fromEntries(
          all.map(([name, column]): [string, Value] => {
            if ('bucket' in column) {
              const text = formatInstant(edges[bucket] as number, zone, 'local');
              return [name, column.form?.(text) ?? text];
            }
            if ('dimension' in column) return [name, nextKey.next().value ?? null];
            if ('echo' in column) return [name, (args[column.echo] as Value | undefined) ?? null];
            const cell = nextCell.next().value ?? null;
            if ('isTime' in column) return [name, cell === null ? null : formatInstant(Number(cell), zone, 'local')];
            return [name, numberOf(cell, column.unit)];
          }),
        );
      });

  return {
    description,
    args: {
      ...rangeTypes,
      ...(hasSpan ? { interval_span: { type: 'interval', description: 'Length of an interval; default 1 day' } } : {}),
      ...filterTypes(filters),
      ...own?.args,
      time_zone: timeZoneType,
    },
    columns: Object.fromEntries(all.map(([name, { type, description }]) => [name, { type, description }])),
    rows,
  };
}

const numberOf = (cell: Cell, unit = 1): number | null => (cell === null ? null : Number(cell) / unit);
