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

/** The values of a function's `args`. What was left out, or came in a variable that was, may be null or not there. */
export type Args = Record<string, unknown>;

/** A row of an answer: a value for each column. */
export type ResultRow = Record<string, unknown>;

/** The part of the rows that a request wants. */
export interface Page {
  /** At most `MAX_ROWS`; null is not said. */
  limit: number | null;
  offset: number;
  /** What it leaves equal keeps the function's own order. */
  order: Order[];
}

/** What a function is asked with. `faults` takes what is wrong with the arguments, under `ARGS` and the argument's name. */
export interface FunctionCall {
  args: Args;
  page: Page;
  faults: Faults;
  db: Database;
  scope: Scope;
  /** One for the whole request. */
  asOf: AsOf;
}

/** Where an argument stands in the fault of a field. */
export const ARGS = 'args.args.';

/** Most rows of one answer of a function. */
export const MAX_ROWS = 10_000;

/** A function of the schema: `name(args: name_args, limit, offset, order_by): [name]`. */
export interface Definition {
  description: string;
  args: Record<string, Typed>;
  columns: Record<string, Typed>;
  /** Checks `faults` before it asks the database. */
  rows(call: FunctionCall): Promise<ResultRow[]>;
  /** Whether `rows` gives the page that is asked, in its order; otherwise it gives all rows. */
  isPaged?: true;
}
