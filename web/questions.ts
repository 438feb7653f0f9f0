import { scopeFilter } from './filter.js';
import { rangeOf } from './range.js';
import { state } from './state.js';
import type { QueryBody } from './types.js';

/** What every question about conversations has in common: the range of the page, and its bot and team. */
export function common(): Pick<QueryBody, 'dataset' | 'start_time' | 'end_time' | 'time_zone' | 'filter'> {
  const filter = scopeFilter(state.value);
  return { dataset: 'conversations', ...rangeOf(state.value), ...(filter ? { filter } : {}) };
}

/** The chosen comparison, as a question takes it. */
export const comparison = (): Pick<QueryBody, 'compare'> =>
  state.value.compare ? { compare: state.value.compare } : {};
