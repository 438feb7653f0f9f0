import type { FieldNames } from '../../queries/catalogue.js';
import { everything, type Filter, type Test } from '../../queries/filter.js';
import { isObject } from '../../queries/ingest/json.js';
import type { Faults } from '../faults.js';
import { readObject } from '../json.js';
import { comparisonKeys, comparisonReaders, type Sizes } from './comparison.js';
import { readDimension } from './names.js';

/** Maximum nesting of filters: a single test is level one, a test inside `and` level two. */
const MAX_DEPTH = 20;
/** Maximum number of filters in a query. */
const MAX_FILTERS = 1_000;

const groupKeys: Record<string, readonly string[]> = {
  and: ['type', 'fields'],
  or: ['type', 'fields'],
  not: ['type', 'field'],
};
const keys = new Map(Object.entries({ ...groupKeys, ...comparisonKeys }));

/**
 * Parses the filter at `path`: a single filter, a list of filters that must all match, or none (null or absent). It may
 * use the fields in `names`.
 */
export function readFilters<Name extends string>(
  value: unknown,
  path: string,
  names: FieldNames<Name>,
  faults: Faults,
): Filter<Name> {
  if (value === undefined || value === null) return everything;
  const tree = new Tree(path, names, faults);
  return Array.isArray(value) ? { op: 'and', of: tree.list(value, path, 2) } : tree.filter(value, path, 1);
}

class Tree<Name extends string> {
  readonly #root: string;
  readonly #names: FieldNames<Name>;
  readonly #faults: Faults;
  readonly #sizes: Sizes = { values: 0, patterns: 0 };
  #filters = 0;

  constructor(root: string, names: FieldNames<Name>, faults: Faults) {
    this.#root = root;
    this.#names = names;
    this.#faults = faults;
  }

  /** Parses one filter; a faulty one becomes `everything`, and its fault refuses the request. */
  filter(value: unknown, path: string, depth: number): Filter<Name> {
    if (depth > MAX_DEPTH) return this.#refuse(path, `is deeper than ${MAX_DEPTH} levels`);
    if (++this.#filters > MAX_FILTERS) return this.#refuse(this.#root, `has more than ${MAX_FILTERS} filters`);
    if (!isObject(value)) return this.#refuse(path, 'must be a filter: an object with a type');
    const known = keys.get(value.type as string);
    if (known === undefined) return this.#refuse(`${path}.type`, `must be one of ${[...keys.keys()].join(', ')}`);
    readObject(value, path, known, this.#faults);
    switch (value.type) {
      case 'and':
      case 'or':
        return { op: value.type, of: this.#fields(value.fields, `${path}.fields`, depth + 1) };
      case 'not':
        return { op: 'not', of: this.filter(value.field, `${path}.field`, depth + 1) };
      default:
        return this.#test(value.type as string, value, path);
    }
  }

  list(values: unknown[], path: string, depth: number): Filter<Name>[] {
    const filters: Filter<Name>[] = [];
    for (const [n, value] of values.entries()) {
      if (this.#filters > MAX_FILTERS) break;
      filters.push(this.filter(value, `${path}[${n}]`, depth));
    }
    return filters;
  }

  #fields(value: unknown, path: string, depth: number): Filter<Name>[] {
    if (Array.isArray(value) && value.length > 0) return this.list(value, path, depth);
    this.#faults.add(path, 'must be a list of one filter or more');
    return [];
  }

  #test(type: string, filter: Record<string, unknown>, path: string): Filter<Name> {
    const named = readDimension(filter.dimension, `${path}.dimension`, this.#names, this.#faults);
    if (named === null) return everything;
    const place = { filter, path, root: this.#root, named, faults: this.#faults, sizes: this.#sizes };
    return (comparisonReaders[type]?.(place) as Test<Name> | null | undefined) ?? everything;
  }

  #refuse(path: string, message: string): Filter<Name> {
    this.#faults.add(path, message);
    return everything;
  }
}
