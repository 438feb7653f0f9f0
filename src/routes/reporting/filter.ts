import type { Faults } from '../../http/faults.js';
import { everything, type Filter } from '../../queries/query.js';
import { comparisonKeys, comparisonReaders, type Sizes } from './comparison.js';
import { readDimension } from './dimensions.js';
import { isObject, readObject } from './json.js';

/** Levels of filters in one another: a test alone is one level, in an `and` it is at the second. */
const MAX_DEPTH = 20;
/** Filters of a query, all in all. */
const MAX_FILTERS = 1_000;

const groupKeys: Record<string, readonly string[]> = {
  and: ['type', 'fields'],
  or: ['type', 'fields'],
  not: ['type', 'field'],
};
const keys = new Map(Object.entries({ ...groupKeys, ...comparisonKeys }));

/** The condition that `filters` says: one filter, a list of them that must all hold, or none. */
export function readFilters(value: unknown, faults: Faults): Filter {
  if (value === undefined || value === null) return everything;
  const tree = new Tree(faults);
  return Array.isArray(value)
    ? { op: 'and', of: tree.list(value, '$.filters', 2) }
    : tree.filter(value, '$.filters', 1);
}

class Tree {
  readonly #faults: Faults;
  readonly #sizes: Sizes = { values: 0, patterns: 0 };
  #filters = 0;

  constructor(faults: Faults) {
    this.#faults = faults;
  }

  /** The filter at a path; one that has a fault is read as everything. */
  filter(value: unknown, path: string, depth: number): Filter {
    if (depth > MAX_DEPTH) return this.#refuse(path, `is deeper than ${MAX_DEPTH} levels`);
    if (++this.#filters > MAX_FILTERS) return this.#refuse('$.filters', `has more than ${MAX_FILTERS} filters`);
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

  list(values: unknown[], path: string, depth: number): Filter[] {
    const filters: Filter[] = [];
    for (const [n, value] of values.entries()) {
      if (this.#filters > MAX_FILTERS) break;
      filters.push(this.filter(value, `${path}[${n}]`, depth));
    }
    return filters;
  }

  #fields(value: unknown, path: string, depth: number): Filter[] {
    if (Array.isArray(value) && value.length > 0) return this.list(value, path, depth);
    this.#faults.add(path, 'must be a list of one filter or more');
    return [];
  }

  #test(type: string, filter: Record<string, unknown>, path: string): Filter {
    const named = readDimension(filter.dimension, `${path}.dimension`, this.#faults);
    if (named === null) return everything;
    const read = comparisonReaders[type];
    return read?.({ filter, path, named, faults: this.#faults, sizes: this.#sizes }) ?? everything;
  }

  #refuse(path: string, message: string): Filter {
    this.#faults.add(path, message);
    return everything;
  }
}
