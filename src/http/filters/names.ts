import { distance } from 'fastest-levenshtein';
import type { FieldNames, NamedField } from '../../queries/catalogue.js';
import type { Faults } from '../faults.js';

/** The dimension with the given name; null, with a fault, if it does not exist. */
export function readDimension<Name extends string>(
  value: unknown,
  path: string,
  names: FieldNames<Name>,
  faults: Faults,
): NamedField<Name> | null {
  const found = names.get(value);
  if (found !== undefined) return found;
  faults.add(
    path,
    value === undefined ? 'is needed' : `is not a dimension${meant(value, names)} The dimensions are ${listOf(names)}`,
  );
  return null;
}

const listOf = (names: FieldNames) => [...names.keys()].join(', ');

const meant = (value: unknown, names: FieldNames) => {
  const near = nearest(value, [...names.keys()] as string[]);
  return near === null ? '.' : `; did you mean ${near}?`;
};

/** The known name closest to a misspelt one, or null. */
export function nearest(value: unknown, names: readonly string[]): string | null {
  if (typeof value !== 'string' || value.length > 100) return null;
  const near = names
    .map((name) => ({ name, steps: distance(value.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, steps }) => steps <= Math.max(1, Math.floor(Math.max(name.length, value.length) / 3)))
    .sort((a, b) => a.steps - b.steps);
  return near[0]?.name ?? null;
}

/** More than any dataset has dimensions. */
const MAX_LIST = 100;

/** The dimensions of a list; unknown names are faults. */
export function readDimensions<Name extends string>(
  value: unknown,
  path: string,
  names: FieldNames<Name>,
  faults: Faults,
): { field: string; named: NamedField<Name>; path: string }[] {
  if (!Array.isArray(value) || value.length > MAX_LIST) {
    faults.add(path, `must be a list of up to ${MAX_LIST} dimensions`);
    return [];
  }
  return value.flatMap((field: unknown, n) => {
    const at = `${path}[${n}]`;
    const named = readDimension(field, at, names, faults);
    return named === null ? [] : [{ field: field as string, named, path: at }];
  });
}
