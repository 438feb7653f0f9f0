import type { Faults } from '../../http/faults.js';
import { readFilters } from '../../http/filters/filter.js';
import { readDimensions } from '../../http/filters/names.js';
import { readObject } from '../../http/json.js';
import type { DimensionOf } from '../../queries/catalogue.js';
import type { QueryOf } from '../../queries/query.js';
import { plan, type SizePaths } from '../../queries/run.js';
import { readAggregations } from './aggregations.js';
import { names } from './dimensions.js';
import { readGranularity, readInterval } from './interval.js';

/** A parsed request: the query without its scope, and the names of groups and numbers in the answer. */
export interface ReportRequest {
  query: Omit<QueryOf<'participations'>, 'scope'>;
  groups: string[];
  metrics: string[];
  paths: SizePaths;
}

/**
 * Parses the body of a request. The result must not be used if a fault was found. Throws `InvalidRequest` if it is not
 * an object.
 */
export function parseReport(body: unknown, faults: Faults): ReportRequest {
  const fields = readObject(body, '$', ['interval', 'granularity', 'aggregations', 'group_by', 'filters'], faults);
  if (fields === null) throw faults.refusal();
  const granularity = readGranularity(fields.granularity, faults);
  const window = readInterval(fields.interval, granularity, faults);
  const measures = readAggregations(fields.aggregations, faults);
  const groups = readGroups(fields.group_by, faults);
  const query = {
    dataset: 'participations' as const,
    window,
    bucket: granularity.bucket,
    measures: [...measures.values()],
    groupBy: [...groups.values()],
    isAdHoc: true as const,
    where: readFilters(fields.filters, '$.filters', names, faults),
  };
  const paths = { bucket: granularity.path, groups: '$.group_by' };
  const isSized = !['$.interval', '$.granularity', '$.group_by'].some((path) => faults.hasWithin(path));
  const planned = plan(query, paths);
  if (isSized && !planned.ok) faults.add(planned.fault.path, planned.fault.message);
  return { query, groups: [...groups.keys()], metrics: [...measures.keys()], paths };
}

/** Parses the dimensions to group by, in order. */
function readGroups(value: unknown, faults: Faults): Map<string, DimensionOf<'participations'>> {
  const path = '$.group_by';
  const groups = new Map<string, DimensionOf<'participations'>>();
  if (value === undefined || value === null) return groups;
  for (const { path: at, field, named } of readDimensions(value, path, names, faults)) {
    if (groups.has(field)) faults.add(at, `repeats ${field}`);
    else groups.set(field, named.name);
  }
  return groups;
}
