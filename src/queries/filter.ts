/** A value of a dimension. Money may come as decimal text, so that it stays exact. */
export type Value = string | number | boolean | null;

/**
 * A condition over the dimensions and numbers of a dataset, in two-valued logic: a condition on a missing value is false,
 * and `not` is its complement. On a dimension of many values, any of them may match.
 */
export type Filter<Name extends string = string> =
  | { op: 'and' | 'or'; of: Filter<Name>[] }
  | { op: 'not'; of: Filter<Name> }
  | Test<Name>;

/** A condition on one dimension. */
export type Test<Name extends string = string> =
  /** Equal to one of the values; null among them matches a missing value. No values match nothing. */
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

/** The filter that lets everything pass. */
export const everything: Filter<never> = { op: 'and', of: [] };

/** The filter that lets nothing pass. */
export const nothing: Filter<never> = { op: 'or', of: [] };

/** The dimensions that a filter names. */
export function dimensionsIn<Name extends string>(filter: Filter<Name>): Name[] {
  if ('dimension' in filter) return [filter.dimension];
  return filter.op === 'not' ? dimensionsIn(filter.of) : filter.of.flatMap(dimensionsIn);
}
