import type { Cell, QueryAnswer, Unit } from './types.js';

/** A row of an answer, by the names of its columns. */
export type Row = Record<string, Cell>;

/** The rows of an answer by name, which reads better than by place. */
export const rowsOf = ({ columns, rows }: QueryAnswer): Row[] =>
  rows.map((row) => Object.fromEntries(columns.map(({ name }, n) => [name, row[n] ?? null])));

/** A column as a table shows it. */
export interface Column {
  /** Its name in the rows. */
  name: string;
  label: string;
  unit: Unit;
}

/** A group's value as people see it. */
export const groupName = (value: Cell | undefined): string =>
  value === null || value === undefined ? 'none' : String(value);
