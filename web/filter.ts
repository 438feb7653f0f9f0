import type { State } from './state.js';
import type { Filter } from './types.js';

/** The filter of the chosen bot, version and team; undefined for everything. */
export const scopeFilter = ({ bot, version, team }: State): Filter | undefined =>
  allOf([
    ...(bot ? [is('bot_id', bot)] : []),
    ...(bot && version ? [is('bot_version', version)] : []),
    ...(team ? [is('team_id', team)] : []),
  ]);

/** The filter of the list of conversations: that of the page and what its own conditions add. */
export function listFilter(state: State): Filter | undefined {
  const scope = scopeFilter(state);
  return allOf([...(scope ? [scope] : []), ...state.where.map(condition)]);
}

/** A condition as the address has it: `channel=web`, `rating>=4`, or `team_id` alone where there is none. */
function condition(text: string): Filter {
  const [, dimension = text, sign, value = ''] = /^(\w+)(>?=)(.*)$/s.exec(text) ?? [];
  if (sign === '>=') return { type: 'bound', dimension, lower: value };
  return is(dimension, sign === undefined ? null : value);
}

export const is = (dimension: string, value: string | null): Filter => ({ type: 'selector', dimension, value });

export const isSet = (dimension: string): Filter => ({ type: 'not', field: is(dimension, null) });

/** All of the filters together; undefined for none. */
export function allOf(filters: Filter[]): Filter | undefined {
  return filters.length > 1 ? { type: 'and', fields: filters } : filters[0];
}

/** The condition that a dimension has a value, as the address has it. */
export const equals = (dimension: string, value: string | number | boolean | null): string =>
  value === null ? dimension : `${dimension}=${value}`;
