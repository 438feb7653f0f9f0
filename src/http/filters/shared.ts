import type { FilterOf } from '../../queries/query.js';
import type { Faults } from '../faults.js';
import { parseList, withMissing } from '../lists.js';

/** A condition that conversations, their messages and their transitions can meet alike. */
export type SharedFilter = FilterOf<'conversations'> & FilterOf<'messages'> & FilterOf<'transitions'>;

/** Query parameters that take a list of values, and the dimension that each filters. */
const lists = { channel_type: 'channel', language: 'language' } as const;

interface SharedParameters {
  channel_type?: string | string[];
  language?: string | string[];
  is_test?: 'true' | 'false';
}

/** The conditions of the parameters `channel_type`, `language` and `is_test`. */
export function parseSharedFilters(query: SharedParameters, faults: Faults): SharedFilter[] {
  const where: SharedFilter[] = [];
  for (const name of ['channel_type', 'language'] as const) {
    const values = query[name];
    if (values === undefined || faults.has(name)) continue;
    const items = parseList(name, [values].flat(), faults);
    where.push({ op: 'in', dimension: lists[name], values: withMissing(items) });
  }
  if (query.is_test !== undefined) where.push({ op: 'in', dimension: 'is_test', values: [query.is_test === 'true'] });
  return where;
}
