import type { Faults } from '../../http/faults.js';
import { byCodePoint } from '../../queries/order.js';
import type { Order, Row } from './definition.js';

/** The directions of `order_by`, with where missing values go. */
export const directions: Record<string, Omit<Order, 'column'>> = {
  asc: { direction: 'asc', nulls: 'last' },
  asc_nulls_first: { direction: 'asc', nulls: 'first' },
  asc_nulls_last: { direction: 'asc', nulls: 'last' },
  desc: { direction: 'desc', nulls: 'first' },
  desc_nulls_first: { direction: 'desc', nulls: 'first' },
  desc_nulls_last: { direction: 'desc', nulls: 'last' },
};

/** Rows in an order: rows that it leaves equal stay as they were. */
export const sorted = (rows: Row[], order: Order[]): Row[] =>
  rows.toSorted((a, b) => {
    for (const { column, direction, nulls } of order) {
      const [x, y] = [a[column] ?? null, b[column] ?? null];
      if (x === null && y === null) continue;
      if (x === null || y === null) return (x === null) === (nulls === 'first') ? -1 : 1;
      const compared = typeof x === 'string' ? byCodePoint(x, String(y)) : Number(x) - Number(y);
      if (compared !== 0) return direction === 'asc' ? compared : -compared;
    }
    return 0;
  });

/** What stands beside a function's `args`. */
export interface Page {
  limit?: number | null;
  offset?: number | null;
  order_by?: Record<string, string | null>[] | null;
}

/** The part of the rows that a client wants, in its order; `faults` takes what is wrong, under `args`. */
export function parsePage({ limit, offset, order_by }: Page, faults: Faults): (rows: Row[]) => Row[] {
  for (const [name, count] of Object.entries({ limit, offset })) {
    if (count != null && count < 0) faults.add(`args.${name}`, 'must not be negative');
  }
  const order = (order_by ?? []).flatMap((item, place): Order[] => {
    const [[column, direction] = ['', null], ...others] = Object.entries(item).filter(([, value]) => value != null);
    if (others.length > 0) {
      const list = '[{first: asc}, {second: desc}]';
      faults.add(`args.order_by[${place}]`, `must name one column, so that their order is said: ${list}`);
    }
    const known = directions[direction ?? ''];
    return known === undefined ? [] : [{ column, ...known }];
  });
  const start = offset ?? 0;
  return (rows) => sorted(rows, order).slice(start, limit == null ? undefined : start + limit);
}
