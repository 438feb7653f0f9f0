import type { Filter } from './filter.js';
import type { Query, Table } from './query.js';

/** Notes on how to read the numbers, for the header `Report-Notice`. */
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
    notices.push('amounts of several currencies are added as they were sent: filter by currency or group by it');
  }
  return notices;
}

/** Whether a filter lets rows of one scope through alone: one that says so, at the root or under `and`. */
function pinsScope(filter: Filter): boolean {
  if (filter.op === 'and') return filter.of.some(pinsScope);
  return filter.op === 'in' && filter.dimension === 'scope' && new Set(filter.values).size === 1;
}
