import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import type { Database } from '../../database/database.js';
import { LimitExceeded } from '../../errors.js';
import { Faults } from '../../http/faults.js';
import type { AsOf } from '../../queries/query.js';
import type { Scope } from '../../queries/scope.js';
import type { Args, Definition, ResultRow } from './definition.js';
import { limits } from './limits.js';
import { pageOf, parsePage, type SentPage } from './order.js';

/** Shared state of the functions of one request. */
export interface Context {
  db: Database;
  scope: Scope;
  asOf: AsOf;
  /** Approximate bytes of the answer so far. */
  bytes: number;
}

type FieldArguments = SentPage & { args?: Args | null };

/** Resolves one function of a query. */
export const resolver =
  (definition: Definition) =>
  async (_root: unknown, sent: FieldArguments, context: Context, info: GraphQLResolveInfo): Promise<ResultRow[]> => {
    const { db, scope, asOf } = context;
    const faults = new Faults();
    const page = parsePage(sent, faults);
    const found = await definition.rows({ args: sent.args ?? {}, page, faults, db, scope, asOf });
    const rows = definition.isPaged ? found : pageOf(found, page);
    context.bytes += bytesIn(rows, columnsOf(info));
    if (context.bytes > limits.bytes) {
      const most = (limits.bytes / 1024 ** 2).toLocaleString('en');
      const message = `would make the answer larger than ${most} MB: select fewer columns, or read it page by page with limit and offset`;
      throw new LimitExceeded([{ path: 'args', message }]);
    }
    return rows;
  };

/** The columns that a query selects from a function's rows, with repetitions. */
function columnsOf({ fieldNodes, fragments }: GraphQLResolveInfo): string[] {
  const columns = (set: SelectionSetNode | undefined): string[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      if (selection.kind === Kind.INLINE_FRAGMENT) return columns(selection.selectionSet);
      return columns(fragments[selection.name.value]?.selectionSet);
    });
  return fieldNodes.flatMap(({ selectionSet }) => columns(selectionSet));
}

/** The approximate size of the columns of rows as JSON, in bytes. */
function bytesIn(rows: ResultRow[], columns: string[]): number {
  const names = columns.reduce((bytes, column) => bytes + column.length + 4, 2);
  let bytes = rows.length * names;
  for (const row of rows) for (const column of columns) bytes += bytesOf(row[column]);
  return bytes;
}

function bytesOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 2;
  if (typeof value !== 'object' || value === null) return 8;
  let bytes = 2;
  for (const [key, item] of Object.entries(value)) bytes += key.length + 4 + bytesOf(item);
  return bytes;
}
