import type { Fragment, Sql } from '../../database/connect.js';
import { concat } from '../../database/fragments.js';

/** A column to order by, and whether it goes down; the order of the list decides between equal ones. */
export interface ListOrder<Column extends string> {
  column: Column;
  direction: 'asc' | 'desc';
  nulls: 'first' | 'last';
}

/** The part of a list that is wanted. */
export interface ListPage<Column extends string> {
  order: ListOrder<Column>[];
  limit: number;
  offset: number;
}

/** How each column that a list can be ordered by is said in SQL. */
export type Sortable<Column extends string> = Record<Column, (sql: Sql) => Fragment>;

/** What stands behind `order by`; `own` is the order of the list itself. */
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

/** Bytes of texts and JSON that the rows of one page may have together. */
export const PAGE_BYTES = 32 * 1024 * 1024;

/**
 * Rows that a statement cut behind the first one with which they have more than `PAGE_BYTES` together, `total` being what
 * they have up to each. Null when it did cut: a part of a page is never told for all of it.
 */
export function wholePage<Row extends object>(rows: (Row & { total: number })[]): Row[] | null {
  const last = rows.at(-1);
  if (last !== undefined && last.total > PAGE_BYTES) return null;
  return rows.map(({ total: _, ...row }) => row as unknown as Row);
}
