import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';

/** A column to order by. Rows that compare equal keep the list's own order. */
export interface ListOrder<Column extends string> {
  column: Column;
  direction: 'asc' | 'desc';
  nulls: 'first' | 'last';
}

/** The requested part of a list. */
export interface ListPage<Column extends string> {
  order: ListOrder<Column>[];
  limit: number;
  offset: number;
}

/** The SQL of each column by which a list can be ordered. */
export type Sortable<Column extends string> = Record<Column, (sql: Sql) => Fragment>;

/** The expression after `order by`; `own` is the list's own order. */
export function orderOf<Column extends string>(
  sql: Sql,
  sortable: Sortable<Column>,
  order: ListOrder<Column>[],
  own: Fragment,
): Fragment {
  const each = order.map(
    ({ column, direction, nulls }) => sql`${sortable[column](sql)} ${direction === 'asc' ? sql`asc` : sql`desc`}
      nulls ${nulls === 'first' ? sql`first` : sql`last`}, `,
  );
  return sql`${concat(sql, each)}${own}`;
}

/** Maximum total size of the texts and JSON of the rows of one page, in bytes. */
export const PAGE_BYTES = 32 * 1024 * 1024;

/**
 * Checks that a page is complete. The statement cuts the rows after the first one that exceeds `PAGE_BYTES`; `total` is
 * the running total of bytes. Returns null for a cut page, because part of a page must never pass for all of it.
 */
export function wholePage<Row extends object>(rows: (Row & { total: number })[]): Row[] | null {
  const last = rows.at(-1);
  if (last !== undefined && last.total > PAGE_BYTES) return null;
  return rows.map(({ total: _, ...row }) => row as unknown as Row);
}
