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

/** A request, read: the query but for its scope, and the names under which its groups and numbers are answered. */
export interface ReportRequest {
  query: Omit<QueryOf<'participations'>, 'scope'>;
  groups: string[];
  metrics: string[];
  paths: SizePaths;
}

/** Reads the body of a request. With any fault the report is of no use. Throws `InvalidRequest` for what is no object. */
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

/** The dimensions to group by, each name with that of the catalogue, in order. */
function readGroups(value: unknown, faults: Faults): Map<string, DimensionOf<'participations'>> {
  const path = '$.group_by';
  const groups = new Map<string, DimensionOf<'participations'>>();
  if (value === undefined || value === null) return groups;
  for (const { path: at, field, named } of readDimensions(value, path, names, faults)) {
    if (groups.has(field)) faults.add(at, `is in the list already: ${field}`);
    else groups.set(field, named.name);
  }
  return groups;
}
