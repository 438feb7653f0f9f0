import type { Filter } from './filter.js';
import type { Query, Table } from './query.js';

/** Notices on how to read the numbers, for the header `Report-Notice`. */
export function noticesOf(
  { dataset, groupBy, where }: Pick<Query, 'dataset' | 'groupBy' | 'where'>,
  table: Table,
): string[] {
  const notices: string[] = [];
  const groups: readonly string[] = groupBy;
  if (dataset === 'participations' && !groups.includes('scope') && !pinsScope(where)) {
    notices.push('conversations are counted several times, once for each scope: filter by scope or group by it');
  }
  if (table.mixedCurrencies) {
    notices.push('amounts of different currencies were added without conversion: filter by currency or group by it');
  }
  return notices;
}

/** Whether a filter restricts the rows to a single scope, at its root or under `and`. */
function pinsScope(filter: Filter): boolean {
  if (filter.op === 'and') return filter.of.some(pinsScope);
  return filter.op === 'in' && filter.dimension === 'scope' && new Set(filter.values).size === 1;
}
