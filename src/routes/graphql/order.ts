import { LimitExceeded } from '../../errors.js';
import type { Faults } from '../../http/faults.js';
import { byCodePoint } from '../../queries/order.js';
import { MAX_ROWS, type Order, type Page, type Row } from './definition.js';

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
export interface SentPage {
  limit?: number | null;
  offset?: number | null;
  order_by?: Record<string, string | null>[] | null;
}

/** The page that a request wants; `faults` takes what is wrong, under `args`. */
export function parsePage({ limit, offset, order_by }: SentPage, faults: Faults): Page {
  for (const [name, count] of Object.entries({ limit, offset })) {
    if (count != null && count < 0) faults.add(`args.${name}`, 'must not be negative');
  }
  if (limit != null && limit > MAX_ROWS) {
    faults.add('args.limit', `must be at most ${MAX_ROWS.toLocaleString('en')}: offset goes on behind them`);
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
  return { limit: limit ?? null, offset: offset ?? 0, order };
}

/** A page of all the rows. Throws `LimitExceeded` when there are more than an answer may have and no limit was said. */
export function pageOf(rows: Row[], { limit, offset, order }: Page): Row[] {
  const page = sorted(rows, order).slice(offset, limit === null ? undefined : offset + limit);
  if (page.length > MAX_ROWS) throw tooManyRows();
  return page;
}

/** The refusal of an answer of too many rows. */
export const tooManyRows = () =>
  new LimitExceeded([
    {
      path: 'args.limit',
      message: `is needed: there are more than ${MAX_ROWS.toLocaleString('en')} rows; read them page by page with limit and offset`,
    },
  ]);

/** The refusal of rows that have too much text for one answer. */
export const tooManyBytes = () =>
  new LimitExceeded([
    {
      path: 'args.limit',
      message:
        'must be smaller: these rows have more than 32 MiB of texts; read them page by page with limit and offset',
    },
  ]);
