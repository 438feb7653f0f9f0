import type { Faults } from '../../http/faults.js';
import { readFilters } from '../../http/filters/filter.js';
import { readDimensions } from '../../http/filters/names.js';
import { readObject } from '../../http/json.js';
import { readZone } from '../../http/window.js';
import type { NamedField } from '../../queries/catalogue.js';
import { clockDimensions } from '../../queries/datasets/dataset.js';
import { dimensionsIn } from '../../queries/filter.js';
import type { Query, Ranking } from '../../queries/query.js';
import { plan } from '../../queries/run.js';
import { type Askable, askable, vocabularies } from '../../queries/vocabulary.js';
import { readCompare } from './compare.js';
import { type MeasureColumn, names, readMeasures } from './measures.js';
import { readBucket, readTime } from './times.js';

/** A group of a query and the column that it fills. */
export type GroupColumn = NamedField & { column: string };

/** A parsed request. */
export interface Question {
  query: Query;
  groups: GroupColumn[];
  measures: MeasureColumn[];
  order: Ranking['by'];
  hasBucket: boolean;
  others: boolean;
  /** Whether the answer says how it was found. */
  explain: boolean;
  /** Whether a range is compared that ends after now. */
  isRunning: boolean;
}

const keys = [
  'dataset',
  'start_time',
  'end_time',
  'time_zone',
  'bucket',
  'measures',
  'group_by',
  'filter',
  'order_by',
  'limit',
  'others',
  'compare',
  'explain',
];

const MAX_GROUPS = 5;
export const paths = { bucket: '$.bucket', groups: '$.group_by' };

/** Parses the body of a query; the scope is added later. The result must not be used if a fault was found. */
export function parseQuestion(
  body: unknown,
  now: number,
  faults: Faults,
): Omit<Question, 'query'> & { query: Omit<Query, 'scope'> } {
  const fields = readObject(body, '$', keys, faults);
  if (fields === null) throw faults.refusal();
  const dataset = readDataset(fields.dataset, faults);
  if (dataset === null) throw faults.refusal(); // all other names depend on it
  const { dimensions } = vocabularies[dataset];

  const zone = readZone(fields.time_zone, '$.time_zone', faults) ?? 'UTC';
  const from = readTime(fields.start_time, '$.start_time', zone, now, faults);
  const to = readTime(fields.end_time, '$.end_time', zone, now, faults);
  const isRange = from !== null && to !== null;
  if (isRange && to <= from) faults.add('$.end_time', 'must be after start_time; the end is exclusive');
  const window = isRange && to > from ? { from, to, zone } : { from: 0, to: 1, zone };
  const bucket = readBucket(fields.bucket, faults);
  const measures = readMeasures(fields.measures, dataset, faults);
  const groups = readGroups(fields.group_by, dataset, faults);
  const where = readFilters(fields.filter, '$.filter', dimensions, faults);
  const order = readOrder(fields.order_by, measures, faults);
  const { limit, others } = readLimit(fields, groups, faults);
  const explain = readExplain(fields.explain, faults);
  const compared = isRange ? readCompare(fields.compare, window, bucket, now, faults) : null;

  checkColumns({ hasBucket: bucket !== null, groups, others, isCompared: compared !== null }, measures, faults);
  if (dataset === 'participations') {
    const isSplit = groups.some(({ name }) => name === 'currency') || dimensionsIn(where).includes('currency');
    for (const { measure, path } of isSplit ? [] : measures) {
      if (names(measure, 'currency'))
        faults.add(
          path,
          'uses currency, which would split the rows of every measure: also group by it or filter by it',
        );
    }
  }

  const isRanked = groups.length > 0 && (order.length > 0 || limit !== null);
  const query = {
    dataset,
    window,
    bucket,
    measures: measures.map(({ measure }) => measure),
    groupBy: groups.map(({ name }) => name),
    where,
    isAdHoc: true,
    ...(isRanked ? { ranking: { by: order, limit, others } } : {}),
    ...(compared === null ? {} : { before: { window: compared, bucket } }),
  } as Omit<Query, 'scope'>; // its names are those of the vocabulary of this dataset
  const planned = faults.hasWithin('$') ? null : plan(query as Query, paths);
  if (planned?.ok === false) faults.add(planned.fault.path, planned.fault.message);
  return {
    query,
    groups,
    measures,
    order,
    hasBucket: bucket !== null,
    others,
    explain,
    isRunning: compared !== null && window.to > now,
  };
}

function readDataset(value: unknown, faults: Faults): Askable | null {
  const found = askable.find((one) => one === value);
  if (found !== undefined) return found;
  faults.add('$.dataset', `${value === undefined ? 'is required and ' : ''}must be one of ${askable.join(', ')}`);
  return null;
}

function readGroups(value: unknown, dataset: Askable, faults: Faults): GroupColumn[] {
  const path = '$.group_by';
  if (value === undefined || value === null) return [];
  const found = readDimensions(value, path, vocabularies[dataset].dimensions, faults);
  const counted = found.filter(({ field }) => !Object.hasOwn(clockDimensions, field));
  if (counted.length > MAX_GROUPS) {
    faults.add(path, `has more than ${MAX_GROUPS} dimensions; hour_of_day and day_of_week are not counted`);
  }
  for (const [n, { field, path: at }] of found.entries()) {
    if (found.findIndex((one) => one.field === field) < n) faults.add(at, `repeats ${field}`);
  }
  return found.map(({ field, named }) => ({ ...named, column: field }));
}

function readOrder(value: unknown, measures: MeasureColumn[], faults: Faults): Ranking['by'] {
  const path = '$.order_by';
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || value.length > 20) {
    faults.add(path, 'must be a list of up to 20 measures, such as [{"by": "conversations", "direction": "desc"}]');
    return [];
  }
  return value.flatMap((item: unknown, n): Ranking['by'] => {
    const at = `${path}[${n}]`;
    const order = readObject(item, at, ['by', 'direction'], faults);
    if (order === null) return [];
    const direction = order.direction ?? 'desc';
    if (direction !== 'asc' && direction !== 'desc') faults.add(`${at}.direction`, 'must be asc or desc');
    const measure = measures.findIndex(({ name }) => name === order.by);
    if (measure === -1) {
      const columns = measures.map(({ name }) => name).join(', ');
      faults.add(`${at}.by`, `must be the column of a measure of this query: ${columns || 'there is none'}`);
    }
    return measure === -1 ? [] : [{ measure, direction: direction === 'asc' ? 'asc' : 'desc' }];
  });
}

function readLimit({ limit, others }: Record<string, unknown>, groups: GroupColumn[], faults: Faults) {
  const isGiven = limit !== undefined && limit !== null;
  if (isGiven && !(typeof limit === 'number' && Number.isInteger(limit) && limit >= 1 && limit <= 1_000_000)) {
    faults.add('$.limit', 'must be a positive whole number');
  } else if (isGiven && groups.length === 0) faults.add('$.limit', 'requires group_by: it limits groups');
  const isBoolean = others === undefined || others === null || typeof others === 'boolean';
  if (!isBoolean) faults.add('$.others', 'must be true or false');
  else if (others === true && !isGiven) faults.add('$.others', 'requires limit: it is the rest that limit leaves out');
  return { limit: isGiven ? (limit as number) : null, others: others === true };
}

function readExplain(value: unknown, faults: Faults): boolean {
  if (value !== undefined && value !== null && typeof value !== 'boolean')
    faults.add('$.explain', 'must be true or false');
  return value === true;
}

/** Column names of the answer must be unique. */
function checkColumns(
  {
    hasBucket,
    groups,
    others,
    isCompared,
  }: { hasBucket: boolean; groups: GroupColumn[]; others: boolean; isCompared: boolean },
  measures: MeasureColumn[],
  faults: Faults,
): void {
  const taken = new Set([
    ...(hasBucket ? ['time'] : []),
    ...groups.map(({ column }) => column),
    ...(others ? ['is_others'] : []),
  ]);
  for (const { name, path } of measures) {
    const own = isCompared ? [name, `${name}_before`] : [name];
    const double = own.find((column) => taken.has(column));
    if (double !== undefined) faults.add(path, `is a second column named ${double}: give it another name with "as"`);
    for (const column of own) taken.add(column);
  }
}
