import type { Faults } from '../../http/faults.js';
import { readDimensions } from '../../http/filters/names.js';
import { readObject } from '../../http/json.js';
import type { DimensionOf, NamedField, NumberOf } from '../../queries/catalogue.js';
import { identifiers } from '../../queries/datasets/participations.js';
import type { MeasureOf } from '../../queries/query.js';
import { names } from './dimensions.js';

type Measure = MeasureOf<'participations'>;

interface Kind {
  aggregate: 'sum' | 'avg' | 'min' | 'max' | 'distinct';
  /** The suffix of its name in the answer. */
  suffix: string;
  takes: (named: NamedField, field: string) => boolean;
  says: string;
}

const isNumber = ({ type }: NamedField) => type === 'number';
const ofNumbers = (aggregate: Kind['aggregate']): Kind => ({
  aggregate,
  suffix: aggregate,
  takes: isNumber,
  says: 'order_count, user_message_count, visitor_message_count, sales or subscription_sales',
});

const ofIdentifiers = (suffix: string): Kind => ({
  aggregate: 'distinct',
  suffix,
  takes: (_, field) => identifiers.some((name) => name === field),
  says: identifiers.join(', '),
});

const kinds = new Map<unknown, Kind>([
  ['sum', ofNumbers('sum')],
  ['avg', ofNumbers('avg')],
  ['min', ofNumbers('min')],
  ['max', ofNumbers('max')],
  ['hyperUnique', ofIdentifiers('hyper_unique')],
  ['distinctCount', ofIdentifiers('distinct_count')],
]);
const types = ['count', ...kinds.keys()];

const MAX_AGGREGATIONS = 100;

/** Parses the requested aggregations, each with its name in the answer, in order. */
export function readAggregations(value: unknown, faults: Faults): Map<string, Measure> {
  const path = '$.aggregations';
  const measures = new Map<string, Measure>();
  const add = (name: string, measure: Measure, at: string) => {
    if (measures.has(name)) faults.add(at, `is a second aggregation named ${name}`);
    else measures.set(name, measure);
  };
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_AGGREGATIONS) {
    faults.add(path, `must be a list of 1 to ${MAX_AGGREGATIONS} aggregations, such as {"type": "count"}`);
    return measures;
  }
  for (const [n, item] of value.entries()) readAggregation(item, `${path}[${n}]`, faults, add);
  return measures;
}

type Add = (name: string, measure: Measure, path: string) => void;

function readAggregation(value: unknown, path: string, faults: Faults, add: Add): void {
  const aggregation = readObject(value, path, ['type', 'fields'], faults);
  if (aggregation === null) return;
  const { type, fields } = aggregation;
  if (type === 'count') {
    // Clients of the dialect send fields here. They have no effect: it counts rows.
    if (fields !== undefined && fields !== null) readDimensions(fields, `${path}.fields`, names, faults);
    add('count', { aggregate: 'count' }, path);
    return;
  }
  const kind = kinds.get(type);
  if (kind === undefined) {
    faults.add(`${path}.type`, `must be one of ${types.join(', ')}`);
    return;
  }
  if (!Array.isArray(fields) || fields.length === 0) {
    faults.add(`${path}.fields`, `must be a list of one or more of ${kind.says}`);
    return;
  }
  for (const { field, named, path: at } of readDimensions(fields, `${path}.fields`, names, faults)) {
    if (!kind.takes(named, field)) faults.add(at, `is not supported: ${type} works on ${kind.says}`);
    else add(`${field}_${kind.suffix}`, measureOf(kind.aggregate, named.name), at);
  }
}

/** `takes` has checked that the aggregate takes this field. */
const measureOf = (aggregate: Kind['aggregate'], of: DimensionOf<'participations'>): Measure =>
  aggregate === 'distinct' ? { aggregate, of } : { aggregate, of: of as NumberOf<'participations'> };
