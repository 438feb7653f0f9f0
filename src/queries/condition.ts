import type { Fragment, Sql } from '../database/connect.js';
import { concat } from '../database/fragments.js';
import type { Dimension } from './datasets/dataset.js';
import type { Filter, Test, Value } from './filter.js';

/** What a condition needs to know about a field: its type, and its value as SQL. */
export interface Field extends Pick<Dimension, 'type' | 'many'> {
  value: Fragment;
}

/** Looks up a field of a row source. Throws for an unknown name: requests were checked long before. */
export type Fields = (name: string) => Field;

/**
 * Turns a filter into one SQL condition: true where it holds, false or null where it does not. A test of a missing
 * value gives null. `and` and `or` treat null like false, and `not` turns it into false first. (A `coalesce` around
 * each test would keep PostgreSQL from using an index.)
 */
export function condition(sql: Sql, filter: Filter, fields: Fields): Fragment {
  if ('dimension' in filter) return tested(sql, filter, fields(filter.dimension));
  if (filter.op === 'not') return sql`not coalesce(${condition(sql, filter.of, fields)}, false)`;
  const joint = filter.op === 'and' ? sql` and ` : sql` or `;
  const [first, ...rest] = filter.of.map((part) => condition(sql, part, fields));
  if (first === undefined) return filter.op === 'and' ? sql`true` : sql`false`;
  return sql`(${first}${concat(
    sql,
    rest.map((part) => sql`${joint}${part}`),
  )})`;
}

function tested(sql: Sql, filter: Test, field: Field): Fragment {
  const { value } = field;
  if (!field.many) return test(sql, filter, field, value);
  const empty = filter.op === 'in' && filter.values.includes(null) ? sql` or cardinality(${value}) = 0` : sql``;
  return sql`(exists (select from unnest(${value}) one where ${test(sql, filter, field, sql`one`)})${empty})`;
}

/** The test of one value. It gives null when the value is missing, except for `in` with null among its values. */
function test(sql: Sql, filter: Test, field: Field, value: Fragment): Fragment {
  switch (filter.op) {
    case 'in': {
      const present = filter.values.filter((item) => item !== null);
      const [single] = present;
      if (single !== undefined && filter.values.length === 1) return sql`${value} = ${one(sql, field, single)}`;
      const missing = filter.values.includes(null) ? sql` or ${value} is null` : sql``;
      return sql`(${value} = any(${list(sql, field, present)})${missing})`;
    }
    case 'bound': {
      const { lower, upper } = filter;
      const above =
        lower === undefined
          ? sql``
          : sql` and ${value} ${lower.strict ? sql`>` : sql`>=`} ${one(sql, field, lower.value)}`;
      const below =
        upper === undefined
          ? sql``
          : sql` and ${value} ${upper.strict ? sql`<` : sql`<=`} ${one(sql, field, upper.value)}`;
      return sql`(${value} is not null${above}${below})`;
    }
    case 'like':
      return sql`${value} like ${filter.pattern}::text`;
    case 'regex':
      return sql`${value} ~ ${filter.pattern}::text`;
  }
}

function one(sql: Sql, { type }: Field, value: string | number | boolean): Fragment {
  const text = String(value);
  if (type === 'number') return isShort(text) ? sql`${text}::text::integer` : sql`${text}::text::numeric`;
  return type === 'boolean' ? sql`${text}::text::boolean` : sql`${text}::text`;
}

function list(sql: Sql, { type }: Field, values: Value[]): Fragment {
  const texts = values.map(String);
  if (type === 'number')
    return texts.every(isShort) ? sql`${texts}::text[]::integer[]` : sql`${texts}::text[]::numeric[]`;
  return type === 'boolean' ? sql`${texts}::text[]::boolean[]` : sql`${texts}::text[]`;
}

/** Whether a number can be sent as int4: then an integer column is compared without a cast of every value. */
const isShort = (text: string): boolean => /^-?[0-9]{1,9}$/.test(text);
