import type { Database } from '../../database/database.js';
import type { Faults } from '../../http/faults.js';
import type { AsOf } from '../../queries/query.js';
import type { Scope } from '../../queries/scope.js';

/** A type of the schema, as it is written there. */
export type TypeName =
  | 'Boolean'
  | 'Float'
  | 'Int'
  | 'String'
  | 'String!'
  | 'float8'
  | 'uuid'
  | 'uuid!'
  | '_uuid'
  | '_text'
  | '_int4'
  | 'timestamp'
  | 'interval'
  | 'jsonb';

export interface Typed {
  type: TypeName;
  description: string;
}

export interface Order {
  column: string;
  direction: 'asc' | 'desc';
  nulls: 'first' | 'last';
}

/** The values of a function's `args`. Omitted arguments, also by an omitted variable, are null or absent. */
export type Args = Record<string, unknown>;

/** A row of an answer: a value for each column. */
export type ResultRow = Record<string, unknown>;

/** The requested part of the rows. */
export interface Page {
  /** At most `MAX_ROWS`; null if not given. */
  limit: number | null;
  offset: number;
  /** Rows that compare equal keep the function's own order. */
  order: Order[];
}

/** A call of a function. Faults of an argument go to `faults`, with `ARGS` and the name of the argument as path. */
export interface FunctionCall {
  args: Args;
  page: Page;
  faults: Faults;
  db: Database;
  scope: Scope;
  /** The same for the whole request. */
  asOf: AsOf;
}

/** Prefix of the path of an argument in a fault. */
export const ARGS = 'args.args.';

/** Maximum number of rows in one answer of a function. */
export const MAX_ROWS = 10_000;

/** A function of the schema: `name(args: name_args, limit, offset, order_by): [name]`. */
export interface Definition {
  description: string;
  args: Record<string, Typed>;
  columns: Record<string, Typed>;
  /** Returns the rows. It must check `faults` before it queries the database. */
  rows(call: FunctionCall): Promise<ResultRow[]>;
  /** Whether `rows` applies the page and its order itself; otherwise it returns all rows. */
  isPaged?: true;
}
