import type { Faults } from '../../http/faults.js';
import type { Query } from '../../queries/query.js';
import { type Places, plan } from '../../queries/run.js';
import { readAggregations } from './aggregations.js';
import { readDimensions } from './dimensions.js';
import { readFilters } from './filter.js';
import { readGranularity, readInterval } from './interval.js';
import { readObject } from './json.js';

/** A request, read: the query but for its scope, and the names under which its groups and numbers are answered. */
export interface Report {
  query: Omit<Query, 'scope'>;
  groups: string[];
  metrics: string[];
  places: Places;
}

/** Reads the body of a request. With any fault the report is of no use. Throws `InvalidRequest` for what is no object. */
export function parseReport(body: unknown, faults: Faults): Report {
  const asked = readObject(body, '$', ['interval', 'granularity', 'aggregations', 'group_by', 'filters'], faults);
  if (asked === null) throw faults.refusal();
  const granularity = readGranularity(asked.granularity, faults);
  const window = readInterval(asked.interval, granularity, faults);
  const measures = readAggregations(asked.aggregations, faults);
  const groups = readGroups(asked.group_by, faults);
  const query = {
    dataset: 'participations' as const,
    window,
    bucket: granularity.bucket,
    measures: [...measures.values()],
    groupBy: [...groups.values()],
    where: readFilters(asked.filters, faults),
  };
  const places = { bucket: granularity.path, groups: '$.group_by' };
  const isSized = !['$.interval', '$.granularity', '$.group_by'].some((path) => faults.hasWithin(path));
  const planned = plan(query, places);
  if (isSized && !planned.ok) faults.add(planned.fault.path, planned.fault.message);
  return { query, groups: [...groups.keys()], metrics: [...measures.keys()], places };
}

/** The dimensions to group by, each name with that of the catalogue, in order. */
function readGroups(value: unknown, faults: Faults): Map<string, string> {
  const path = '$.group_by';
  const groups = new Map<string, string>();
  if (value === undefined || value === null) return groups;
  for (const { path: at, field, named } of readDimensions(value, path, faults)) {
    if (groups.has(field)) faults.add(at, `is in the list already: ${field}`);
    else groups.set(field, named.name);
  }
  return groups;
}
