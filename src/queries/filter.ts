/** A value of a dimension. Money is decimal text where a double would not be exact. */
export type Value = string | number | boolean | null;

/**
 * A condition over the dimensions and numbers of a dataset, in two-valued logic: a test of a missing value is false,
 * and `not` is the complement. A multi-valued dimension matches when any of its values does.
 */
export type Filter<Name extends string = string> =
  | { op: 'and' | 'or'; of: Filter<Name>[] }
  | { op: 'not'; of: Filter<Name> }
  | Test<Name>;

/** A condition on one dimension. */
export type Test<Name extends string = string> =
  /** Equal to one of the values. Null in the list matches a missing value; an empty list matches nothing. */
  | { op: 'in'; dimension: Name; values: Value[] }
  | { op: 'bound'; dimension: Name; lower?: Bound; upper?: Bound }
  /** `pattern` as SQL's LIKE, with backslash as escape. */
  | { op: 'like'; dimension: Name; pattern: string }
  /** `pattern` as `parsePattern` of pattern.ts gives it, found anywhere in the value. */
  | { op: 'regex'; dimension: Name; pattern: string };

export interface Bound {
  value: string | number;
  strict: boolean;
}

/** Matches every row. */
export const everything: Filter<never> = { op: 'and', of: [] };

/** Matches no row. */
export const nothing: Filter<never> = { op: 'or', of: [] };

/** The names of all fields that a filter uses. */
export function dimensionsIn<Name extends string>(filter: Filter<Name>): Name[] {
  if ('dimension' in filter) return [filter.dimension];
  return filter.op === 'not' ? dimensionsIn(filter.of) : filter.of.flatMap(dimensionsIn);
}
