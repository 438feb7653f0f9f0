import type { Faults } from '../../http/faults.js';
import { readFilters } from '../../http/filters/filter.js';
import { nearest } from '../../http/filters/names.js';
import { readObject } from '../../http/json.js';
import type { Unit } from '../../queries/datasets/dataset.js';
import { dimensionsIn, type Filter } from '../../queries/filter.js';
import { isObject } from '../../queries/ingest/json.js';
import { filtersOf, type Measure } from '../../queries/measure.js';
import { isStorable } from '../../queries/text.js';
import { type Askable, askable, unitOf, type Vocabulary, vocabularies } from '../../queries/vocabulary.js';

/** A measure of a query and the column that it fills. */
export interface MeasureColumn {
  name: string;
  unit: Unit;
  measure: Measure;
  /** Its path in the request. */
  path: string;
}

const MAX_MEASURES = 20;
const aggregates = ['count', 'sum', 'avg', 'min', 'max', 'distinct', 'percentile'] as const;
type Aggregate = (typeof aggregates)[number];

/** Parses the requested measures, in order. */
export function readMeasures(value: unknown, dataset: Askable, faults: Faults): MeasureColumn[] {
  const path = '$.measures';
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_MEASURES) {
    const example = '"conversations" or {"aggregate": "count"}';
    faults.add(
      path,
      `${value === undefined ? 'is required: it' : ''} must be a list of 1 to ${MAX_MEASURES} measures, such as ${example}`.trim(),
    );
    return [];
  }
  return value.flatMap((item: unknown, n) => readMeasure(item, `${path}[${n}]`, dataset, faults) ?? []);
}

function readMeasure(value: unknown, path: string, dataset: Askable, faults: Faults): MeasureColumn | null {
  if (typeof value === 'string') {
    const named = vocabularies[dataset].measures.get(value);
    if (named === undefined) return refuse(faults, path, unknownMeasure(value, dataset));
    return { name: value, unit: named.unit, measure: named.measure, path };
  }
  if (!isObject(value)) {
    return refuse(faults, path, 'must be the name of a measure, {"measure": ...} or {"aggregate": ...}');
  }
  return 'measure' in value && !('aggregate' in value)
    ? readNamed(value, path, dataset, faults)
    : readAggregate(value, path, dataset, faults);
}

/** `{measure, filter, as}`: a named measure with a filter or another name. */
function readNamed(
  value: Record<string, unknown>,
  path: string,
  dataset: Askable,
  faults: Faults,
): MeasureColumn | null {
  readObject(value, path, ['measure', 'filter', 'as'], faults);
  const vocabulary = vocabularies[dataset];
  const named = vocabulary.measures.get(value.measure);
  const name = readName(value.as, `${path}.as`, faults) ?? String(value.measure);
  const filter = readOwnFilter(value.filter, `${path}.filter`, vocabulary, faults);
  if (named === undefined) return refuse(faults, `${path}.measure`, unknownMeasure(value.measure, dataset));
  return { name, unit: named.unit, measure: withFilter(named.measure, filter), path };
}

/** `{aggregate, of, p, filter, as}`. */
function readAggregate(
  value: Record<string, unknown>,
  path: string,
  dataset: Askable,
  faults: Faults,
): MeasureColumn | null {
  readObject(value, path, ['aggregate', 'of', 'p', 'filter', 'as'], faults);
  const vocabulary = vocabularies[dataset];
  const given = readName(value.as, `${path}.as`, faults);
  const filter = readOwnFilter(value.filter, `${path}.filter`, vocabulary, faults);
  const aggregate = aggregates.find((one) => one === value.aggregate);
  if (aggregate === undefined) return refuse(faults, `${path}.aggregate`, `must be one of ${aggregates.join(', ')}`);
  const p = readP(value.p, aggregate, `${path}.p`, faults);
  const of = readOf(value.of, aggregate, `${path}.of`, vocabulary, faults);
  if (of === null || p === null) return null;
  const measure = {
    aggregate,
    ...(of.name === undefined ? {} : { of: of.name }),
    ...(p === undefined ? {} : { p }),
  } as Measure;
  const name = given ?? defaultName(aggregate, value.of, p);
  return { name, unit: unitOf(measure, of.unit), measure: withFilter(measure, filter), path };
}

const defaultName = (aggregate: Aggregate, of: unknown, p: number | undefined) => {
  if (of === undefined || of === null) return aggregate;
  return p === undefined ? `${String(of)}_${aggregate}` : `${String(of)}_p${p}`;
};

interface Of {
  name?: string;
  unit: Unit;
}

function readOf(of: unknown, aggregate: Aggregate, path: string, vocabulary: Vocabulary, faults: Faults): Of | null {
  if (of === undefined || of === null) {
    if (aggregate === 'count') return { unit: 'count' };
    return refuse(faults, path, `is required: the field to take the ${aggregate} of`);
  }
  const number = vocabulary.numbers.get(of);
  const dimension = vocabulary.dimensions.get(of);
  if (aggregate === 'distinct') {
    if (dimension !== undefined) return { name: dimension.name, unit: 'count' };
  } else if (number !== undefined) return { name: number.name, unit: number.unit };
  else if (aggregate === 'count' && dimension !== undefined) return { name: dimension.name, unit: 'count' };
  const numbers = [...vocabulary.numbers.keys()] as string[];
  const dimensions = [...vocabulary.dimensions.keys()] as string[];
  const [kind, allowed] =
    aggregate === 'distinct'
      ? ['a dimension', dimensions]
      : aggregate === 'count'
        ? ['a number or a dimension', [...numbers, ...dimensions]]
        : ['a number', numbers];
  const meant = nearest(of, allowed);
  const hint = meant === null ? '.' : `; did you mean ${meant}?`;
  return refuse(faults, path, `must be ${kind} of this dataset${hint} It has ${allowed.join(', ')}`);
}

/** Parses the percentile; undefined for other aggregates, null with a fault. */
function readP(p: unknown, aggregate: Aggregate, path: string, faults: Faults): number | undefined | null {
  if (aggregate !== 'percentile') {
    return p === undefined || p === null
      ? undefined
      : refuse(faults, path, `is only for percentile, not for ${aggregate}`);
  }
  if (typeof p === 'number' && p >= 0 && p <= 100) return p;
  return refuse(faults, path, 'must be a number from 0 to 100, such as 50 for the median');
}

function readName(as: unknown, path: string, faults: Faults): string | null {
  if (as === undefined || as === null) return null;
  if (typeof as === 'string' && as !== '' && as.length <= 400 && [...as].length <= 200 && isStorable(as)) return as;
  return refuse(faults, path, 'must be a text of 1 to 200 characters');
}

function readOwnFilter(value: unknown, path: string, vocabulary: Vocabulary, faults: Faults): Filter | undefined {
  return value === undefined || value === null ? undefined : readFilters(value, path, vocabulary.dimensions, faults);
}

/** Adds a filter to a measure that may already have one. */
function withFilter(measure: Measure, filter: Filter | undefined): Measure {
  if (filter === undefined) return measure;
  return { ...measure, filter: measure.filter === undefined ? filter : { op: 'and', of: [measure.filter, filter] } };
}

function unknownMeasure(value: unknown, dataset: Askable): string {
  const names = [...vocabularies[dataset].measures.keys()] as string[];
  const elsewhere = askable.filter((other) => vocabularies[other].measures.has(value));
  const meant = nearest(value, names);
  const hint =
    elsewhere.length > 0
      ? `; it is one of ${elsewhere.join(' and ')}.`
      : meant === null
        ? '.'
        : `; did you mean ${meant}?`;
  return `is not a measure of ${dataset}${hint} The measures are ${names.join(', ')}; or send an object with an aggregate`;
}

/** Whether a measure uses a dimension, by its name in the core. */
export const names = (measure: Measure, dimension: string): boolean =>
  ('of' in measure && measure.of === dimension) || filtersOf(measure).flatMap(dimensionsIn).includes(dimension);

function refuse(faults: Faults, path: string, message: string): null {
  faults.add(path, message);
  return null;
}
