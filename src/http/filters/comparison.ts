import type { NamedField } from '../../queries/catalogue.js';
import type { Bound, Test, Value } from '../../queries/filter.js';
import { MAX_PATTERN, parsePattern } from '../../queries/pattern.js';
import { isStorable } from '../../queries/text.js';
import type { Faults } from '../faults.js';
import { textOf } from '../json.js';
import { withBackslash } from './like.js';

/** Maximum number of values of one `in`, and of all of them in a query. */
const MAX_VALUES = 1_000;
const MAX_ALL_VALUES = 10_000;

/** PostgreSQL caches 32 compiled patterns; with more in one query it would compile each for every row. */
const MAX_REGEXES = 20;

/** The keys of each filter on one dimension: Druid's, except those that transform a value before the test. */
export const comparisonKeys: Record<string, readonly string[]> = {
  selector: ['type', 'dimension', 'value'],
  in: ['type', 'dimension', 'values'],
  bound: ['type', 'dimension', 'lower', 'upper', 'lowerStrict', 'upperStrict', 'ordering'],
  like: ['type', 'dimension', 'pattern', 'escape'],
  regex: ['type', 'dimension', 'pattern'],
};

/** Counters of everything that is limited per query. */
export interface Sizes {
  values: number;
  patterns: number;
}

/** A filter on one dimension, its path, and the counters of the query. */
interface Comparison {
  filter: Record<string, unknown>;
  path: string;
  /** The path of the whole filter. */
  root: string;
  named: NamedField;
  faults: Faults;
  sizes: Sizes;
}

/** Parses a filter on one dimension; null if a fault leaves nothing to parse. */
export const comparisonReaders: Record<string, (comparison: Comparison) => Test | null> = {
  selector,
  in: anyOf,
  bound,
  like,
  regex,
};

function selector({ filter, path, named, faults }: Comparison): Test {
  if (filter.value === undefined) faults.add(`${path}.value`, 'is required; null matches a missing value');
  return { op: 'in', dimension: named.name, values: [readValue(filter.value, `${path}.value`, named, faults)] };
}

function anyOf({ filter, path, root, named, faults, sizes }: Comparison): Test | null {
  const { values } = filter;
  if (!Array.isArray(values)) return refused(faults, `${path}.values`, 'must be a list of values');
  if (values.length > MAX_VALUES) return refused(faults, `${path}.values`, `has more than ${MAX_VALUES} values`);
  sizes.values += values.length;
  if (sizes.values > MAX_ALL_VALUES) return refused(faults, root, `has more than ${MAX_ALL_VALUES} values`);
  const read = values.map((value, n) => readValue(value, `${path}.values[${n}]`, named, faults));
  return { op: 'in', dimension: named.name, values: read };
}

/** Druid's orderings. They make no difference: numbers compare as numbers and texts by code point. */
const orderings = ['lexicographic', 'alphanumeric', 'numeric', 'strlen', 'version'];

function bound({ filter, path, named, faults }: Comparison): Test | null {
  if (named.type === 'boolean') return refused(faults, `${path}.dimension`, 'is a boolean, and booleans have no order');
  const { ordering } = filter;
  if (isGiven(ordering) && !orderings.includes(ordering as string)) {
    faults.add(`${path}.ordering`, `must be one of ${orderings.join(', ')}`);
  }
  const limit = (side: 'lower' | 'upper'): Bound | undefined => {
    const strict = filter[`${side}Strict`] ?? false;
    if (typeof strict !== 'boolean') faults.add(`${path}.${side}Strict`, 'must be true or false');
    if (!isGiven(filter[side])) return undefined;
    const value = readValue(filter[side], `${path}.${side}`, named, faults);
    return { value: value as string, strict: strict === true };
  };
  const [lower, upper] = [limit('lower'), limit('upper')];
  if (lower === undefined && upper === undefined) faults.add(path, 'must have a lower or an upper bound, or both');
  return { op: 'bound', dimension: named.name, ...(lower && { lower }), ...(upper && { upper }) };
}

function like({ filter, path, named, faults }: Comparison): Test | null {
  const pattern = readPattern({ filter, path, named, faults });
  const mark = filter.escape ?? undefined;
  if (mark !== undefined && !isCharacter(mark)) {
    return refused(faults, `${path}.escape`, 'must be a single character');
  }
  if (pattern === null) return null;
  const written = withBackslash(pattern, mark);
  if (written === null)
    return refused(faults, `${path}.pattern`, 'ends with its escape character and nothing after it');
  return { op: 'like', dimension: named.name, pattern: written };
}

const isCharacter = (value: unknown): value is string =>
  typeof value === 'string' && [...value.slice(0, 3)].length === 1 && isStorable(value);

function regex({ filter, path, root, named, faults, sizes }: Comparison): Test | null {
  if (++sizes.patterns > MAX_REGEXES) return refused(faults, root, `has more than ${MAX_REGEXES} regex filters`);
  const pattern = readPattern({ filter, path, named, faults });
  if (pattern === null) return null;
  const parsed = parsePattern(pattern);
  if (!parsed.ok) return refused(faults, `${path}.pattern`, parsed.message);
  return { op: 'regex', dimension: named.name, pattern: parsed.pattern };
}

function readPattern({
  filter,
  path,
  named,
  faults,
}: Pick<Comparison, 'filter' | 'path' | 'named' | 'faults'>): string | null {
  const { pattern, type } = filter;
  if (named.type !== 'text') return refused(faults, `${path}.dimension`, `is a ${named.type}: ${type} works on texts`);
  if (typeof pattern !== 'string') return refused(faults, `${path}.pattern`, 'must be a text');
  if (pattern.length > MAX_PATTERN)
    return refused(faults, `${path}.pattern`, `has more than ${MAX_PATTERN} characters`);
  if (!isStorable(pattern)) return refused(faults, `${path}.pattern`, UNSTORABLE);
  return pattern;
}

const UNSTORABLE = 'must be without U+0000 and lone surrogates';

/** Decimal numbers, with or without exponent, of a size that PostgreSQL accepts. */
const NUMBER = /^[+-]?[0-9]{1,40}(\.[0-9]{1,40})?(e[+-]?[0-9]{1,3})?$/i;

/** A value to compare a dimension with, as text so that numbers stay exact; null for a missing value. */
function readValue(value: unknown, path: string, { type }: NamedField, faults: Faults): Value {
  if (!isGiven(value)) return null;
  const text = textOf(value);
  if (type === 'number') {
    if (text === null || typeof value === 'boolean' || !NUMBER.test(text))
      return refused(faults, path, 'must be a number');
  } else if (type === 'boolean') {
    if (text !== 'true' && text !== 'false') return refused(faults, path, 'must be true or false');
  } else if (text === null) return refused(faults, path, 'must be a text, a number, true or false, or null');
  else if (!isStorable(text)) return refused(faults, path, UNSTORABLE);
  return text;
}

/** An optional key; null counts as absent. */
const isGiven = (value: unknown) => value !== undefined && value !== null;

function refused(faults: Faults, path: string, message: string): null {
  faults.add(path, message);
  return null;
}
