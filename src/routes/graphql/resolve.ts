import { type GraphQLResolveInfo, Kind, type SelectionSetNode } from 'graphql';
import type { Database } from '../../database/database.js';
import { LimitExceeded } from '../../errors.js';
import { Faults } from '../../http/faults.js';
import type { Moment } from '../../queries/query.js';
import type { Scope } from '../../queries/scope.js';
import type { Args, Definition, Row } from './definition.js';
import { limits } from './limits.js';
import { pageOf, parsePage, type SentPage } from './order.js';

/** What the functions of one request share. */
export interface Context {
  db: Database;
  scope: Scope;
  moment: Moment;
  /** Values in the answer so far. */
  values: number;
}

type Sent = SentPage & { args?: Args | null };

/** Answers one function of a query. */
export const resolver =
  (definition: Definition) =>
  async (_root: unknown, sent: Sent, context: Context, info: GraphQLResolveInfo): Promise<Row[]> => {
    const { db, scope, moment } = context;
    const faults = new Faults();
    const page = parsePage(sent, faults);
    const found = await definition.rows({ args: sent.args ?? {}, page, faults, db, scope, moment });
    const rows = definition.isPaged ? found : pageOf(found, page);
    context.values += valuesIn(rows, columnsOf(info));
    if (context.values > limits.values) {
      const most = limits.values.toLocaleString('en');
      throw new LimitExceeded([{ path: 'args', message: `would make the answer hold more than ${most} values` }]);
    }
    return rows;
  };

/** Columns that a query selects of a function's rows, each as often as it does. */
function columnsOf({ fieldNodes, fragments }: GraphQLResolveInfo): string[] {
  const columns = (set: SelectionSetNode | undefined): string[] =>
    (set?.selections ?? []).flatMap((selection) => {
      if (selection.kind === Kind.FIELD) return [selection.name.value];
      if (selection.kind === Kind.INLINE_FRAGMENT) return columns(selection.selectionSet);
      return columns(fragments[selection.name.value]?.selectionSet);
    });
  return fieldNodes.flatMap(({ selectionSet }) => columns(selectionSet));
}

function valuesIn(rows: Row[], columns: string[]): number {
  let values = 0;
  for (const row of rows) {
    for (const column of columns) {
      const value = row[column];
      values += Array.isArray(value) ? value.length : 1;
    }
  }
  return values;
}
