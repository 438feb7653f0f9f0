import { LimitExceeded } from '../../errors.js';
import type { Faults } from '../../http/faults.js';
import { byCodePoint } from '../../queries/order.js';
import { MAX_ROWS, type Order, type Page, type ResultRow } from './definition.js';

/** The directions of `order_by`, with the position of nulls. */
export const directions: Record<string, Omit<Order, 'column'>> = {
  asc: { direction: 'asc', nulls: 'last' },
  asc_nulls_first: { direction: 'asc', nulls: 'first' },
  asc_nulls_last: { direction: 'asc', nulls: 'last' },
  desc: { direction: 'desc', nulls: 'first' },
  desc_nulls_first: { direction: 'desc', nulls: 'first' },
  desc_nulls_last: { direction: 'desc', nulls: 'last' },
};

/** Sorts rows; the sort is stable. */
export const sorted = (rows: ResultRow[], order: Order[]): ResultRow[] =>
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

/** The arguments beside a function's `args`. */
export interface SentPage {
  limit?: number | null;
  offset?: number | null;
  order_by?: Record<string, string | null>[] | null;
}

/** The requested page; faults are added with their path under `args`. */
export function parsePage({ limit, offset, order_by }: SentPage, faults: Faults): Page {
  for (const [name, count] of Object.entries({ limit, offset })) {
    if (count != null && count < 0) faults.add(`args.${name}`, 'must not be negative');
  }
  if (limit != null && limit > MAX_ROWS) {
    faults.add('args.limit', `must be at most ${MAX_ROWS.toLocaleString('en')}: use offset for the rows after them`);
  }
  const order = (order_by ?? []).flatMap((item, place): Order[] => {
    const [[column, direction] = ['', null], ...others] = Object.entries(item).filter(([, value]) => value != null);
    if (others.length > 0) {
      const list = '[{first: asc}, {second: desc}]';
      faults.add(`args.order_by[${place}]`, `must name one column per object, so that their order is defined: ${list}`);
    }
    const known = directions[direction ?? ''];
    return known === undefined ? [] : [{ column, ...known }];
  });
  return { limit: limit ?? null, offset: offset ?? 0, order };
}

/** Cuts a page from all rows. Throws `LimitExceeded` if there are too many rows and no limit was given. */
export function pageOf(rows: ResultRow[], { limit, offset, order }: Page): ResultRow[] {
  const page = sorted(rows, order).slice(offset, limit === null ? undefined : offset + limit);
  if (page.length > MAX_ROWS) throw tooManyRows();
  return page;
}

/** The rows that the database cut to a page. Throws `LimitExceeded` for null, too much text, and for too many rows. */
export function wholeRows<T>(rows: T[] | null): T[] {
  if (rows === null) throw tooManyBytes();
  if (rows.length > MAX_ROWS) throw tooManyRows();
  return rows;
}

const tooManyRows = () =>
  new LimitExceeded([
    {
      path: 'args.limit',
      message: `is required: there are more than ${MAX_ROWS.toLocaleString('en')} rows; read them page by page with limit and offset`,
    },
  ]);

const tooManyBytes = () =>
  new LimitExceeded([
    {
      path: 'args.limit',
      message:
        'must be smaller: these rows have more than 32 MiB of texts; read them page by page with limit and offset',
    },
  ]);
