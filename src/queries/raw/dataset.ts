import type { Fragment, Sql } from '../../database/connect.js';
import type { Dataset, DimensionOf, NumberOf } from '../catalogue.js';
import type { AsOf, QueryOf } from '../query.js';
import { clockOf } from '../time/clock.js';
import type { Window } from '../time/window.js';

/** What a column may depend on besides its row. `window` spans all rows of the query. */
export interface Context {
  asOf: AsOf;
  window: Window;
}

/** The SQL of a value of a row `c`. Texts compare bytewise. */
export type Column = (sql: Sql, context: Context) => Fragment;

/** How the raw road computes the values of a dataset. */
export interface RawDataset<D extends Dataset> {
  /** The rows within the scope and a window as a source named `c`, without withdrawn conversations. */
  rows(sql: Sql, query: QueryOf<D>, window: Window): Fragment;
  /** The time at which a row counts. */
  time: Column;
  dimensions: Record<DimensionOf<D>, Column>;
  numbers: Record<NumberOf<D>, Column>;
  /** For sums of money: the sorted currencies of the orders behind it; null if they name none. */
  currencies?: Partial<Record<NumberOf<D>, Column>>;
}

export const iso = (instant: number): string => new Date(instant).toISOString();

/** The condition that a time lies in a window. */
export const within = (sql: Sql, time: Fragment, { from, to }: Window): Fragment =>
  sql`${time} >= ${iso(from)}::timestamptz and ${time} < ${iso(to)}::timestamptz`;

/**
 * The hour and weekday of a time in the time zone of the query. The offsets come from our own clock, because the
 * database may use another release of the tz database.
 */
export const clockColumns = (time: Column) => ({
  hour_of_day: (sql: Sql, context: Context) =>
    sql`extract(hour from ${localTime(sql, time(sql, context), context.window)})::integer`,
  day_of_week: (sql: Sql, context: Context) =>
    sql`extract(isodow from ${localTime(sql, time(sql, context), context.window)})::integer`,
});

function localTime(sql: Sql, time: Fragment, { from, to, zone }: Window): Fragment {
  const utc = sql`(${time} at time zone 'UTC')`;
  if (zone === 'UTC') return utc;
  const stretches = clockOf(zone).stretches(from, to);
  const [first, ...later] = stretches.map(({ offset }) => String(offset));
  if (later.length === 0) return sql`(${utc} + ${first as string}::text::integer * interval '1 millisecond')`;
  const starts = stretches.slice(1).map((stretch) => iso(stretch.from));
  const offsets = stretches.map(({ offset }) => String(offset));
  // Inside a subquery the list is cast once, not for every row.
  const place = sql`width_bucket(${time}, (select ${starts}::text[]::timestamptz[])) + 1`;
  return sql`(${utc} + (select ${offsets}::text[]::integer[])[${place}] * interval '1 millisecond')`;
}
