import type { Filter } from '../../queries/filter.js';
import type { QueryOf, Table } from '../../queries/query.js';

/** What a reader of the numbers should know, for the header `Report-Notice`. */
export function noticesOf(
  { groupBy, where }: Pick<QueryOf<'participations'>, 'groupBy' | 'where'>,
  table: Table,
): string[] {
  const notices: string[] = [];
  if (!groupBy.includes('scope') && !pinsScope(where)) {
    notices.push('conversations are counted several times, once for each scope: filter by scope or group by it');
  }
  if (table.mixedCurrencies) notices.push(MIXED_CURRENCIES);
  return notices;
}

export const MIXED_CURRENCIES =
  'amounts of several currencies are added as they were sent: filter by currency or group by it';

/** Whether a filter lets rows of one scope through alone: one that says so, at the root or under `and`. */
function pinsScope(filter: Filter): boolean {
  if (filter.op === 'and') return filter.of.some(pinsScope);
  return filter.op === 'in' && filter.dimension === 'scope' && new Set(filter.values).size === 1;
}
