import type { FastifyInstance } from 'fastify';
import type { Faults } from '../../http/faults.js';
import { parseSharedFilters } from '../../http/filters/shared.js';
import { gatherLists } from '../../http/lists.js';
import { type Caller, type ReportContext, type RequestInput, serve } from '../../http/operation.js';
import { parseWindow, type Times } from '../../http/window.js';
import { nextSteps, type StepsQuery, stepCounts } from '../../queries/lookups/sequences.js';
import { byCodePoint } from '../../queries/order.js';
import type { FilterOf, QueryOf, TableRow } from '../../queries/query.js';

import * as schema from './schema.js';
import { checkPresence, filtersOf, presenceOf, runOf } from './subject.js';

/** The vendor's name for the end of a sequence. */
const DROPOFF = 'DROPOFF';

type FlowsQuery = Times & { version: string } & Parameters<typeof parseSharedFilters>[0];

/** The parameters common to these operations. */
const parseCommon = ({ params, query, now }: RequestInput<{ bot_id: string }, FlowsQuery>, faults: Faults) => ({
  subject: { bot_id: params.bot_id, version: query.version },
  window: parseWindow(query, faults, { now }),
  filters: parseSharedFilters(query, faults),
});

/** The flows of a bot: how conversations move from step to step, and where they end. */
export function flowRoutes(app: FastifyInstance, context: ReportContext): void {
  const stepsOf = ({ subject, window, filters }: ReturnType<typeof parseCommon>, caller: Caller): StepsQuery => ({
    scope: caller.scope,
    window,
    where: { op: 'and', of: [...filtersOf(subject), ...filters] },
    presence: presenceOf(subject),
    asOf: caller.asOf,
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/flows',
    params: schema.BotParams,
    querystring: schema.FlowsQuery,
    response: schema.FlowsAnswer,
    gather: gatherPath,
    parse: (sent, faults) => ({ ...parseCommon(sent, faults), path: sent.query.path ?? [] }),
    async answer({ path, ...parsed }, caller) {
      const { nodes, present } = await nextSteps(context.db, stepsOf(parsed, caller), path, 'end_time');
      checkPresence(parsed.subject, present, caller);
      nodes.sort((a, b) => b.occurrences - a.occurrences || endLast(a.id, b.id));
      return { nodes: nodes.map(({ id, occurrences }) => ({ id: id ?? DROPOFF, occurrences })) };
    },
    table: ({ nodes }) => ({
      columns: ['id', 'occurrences'],
      rows: nodes.map(({ id, occurrences }) => [id, occurrences]),
    }),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/flows/:step_id',
    params: schema.StepParams,
    querystring: schema.BotQuery,
    response: schema.StepAnswer,
    parse: (sent, faults) => ({ ...parseCommon(sent, faults), step: sent.params.step_id }),
    async answer({ step, ...parsed }, caller) {
      const { present, ...counts } = await stepCounts(context.db, stepsOf(parsed, caller), step);
      checkPresence(parsed.subject, present, caller);
      return counts;
    },
    table: ({ message_count, drop_off_count, conversation_count }) => ({
      columns: ['message_count', 'drop_off_count', 'conversation_count'],
      rows: [[message_count, drop_off_count, conversation_count]],
    }),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/flows/:step_id/edges',
    params: schema.StepParams,
    querystring: schema.EdgesQuery,
    response: schema.EdgesAnswer,
    parse: (sent, faults) => ({ ...parseCommon(sent, faults), step: sent.params.step_id, type: sent.query.type }),
    async answer({ step, type, subject, window, filters }, caller) {
      const ends: FilterOf<'transitions'>[] = [
        { op: 'in', dimension: type === 'sources' ? 'to_step_id' : 'from_step_id', values: [step] },
        { op: 'not', of: { op: 'in', dimension: 'from_step_id', values: [null] } },
      ];
      const query: Omit<QueryOf<'transitions'>, 'scope' | 'where'> & { filters: FilterOf<'transitions'>[] } = {
        dataset: 'transitions',
        window,
        bucket: null,
        measures: [{ aggregate: 'count' }],
        groupBy: ['from_step_id', 'from_step_type', 'to_step_id', 'to_step_type'],
        filters: [...filters, ...ends],
      };
      const table = await runOf(context.db, caller, subject, query, { bucket: 'end_time', groups: 'end_time' });
      return { edges: table.rows.map((row) => edgeOf(row, type)).sort(byCountThenEnds(type)) };
    },
    table: ({ edges }) => ({
      columns: ['count', 'from_step_id', 'from_step_type', 'to_step_id', 'to_step_type', 'id', 'type'],
      rows: edges.map(({ count, from_step, to_step, id, type }) => [
        count,
        from_step.id,
        from_step.type,
        to_step.id,
        to_step.type,
        id,
        type,
      ]),
    }),
  });
}

/** By code point, with the end of a sequence after all steps. */
const endLast = (a: string | null, b: string | null): number =>
  a === null || b === null ? Number(a === null) - Number(b === null) : byCodePoint(a, b);

function edgeOf({ keys, cells }: TableRow, type: 'sources' | 'targets') {
  const [fromId, fromType, toId, toType] = keys.map(String) as [string, string, string, string];
  const [from_step, to_step] = [
    { id: fromId, type: fromType },
    { id: toId, type: toType },
  ];
  const other = type === 'sources' ? from_step : to_step;
  return { count: Number(cells[0]), from_step, to_step, id: other.id, type: other.type };
}

type Edge = ReturnType<typeof edgeOf>;

/** By count descending, then by id and type of the other end, then by type of this end. */
const byCountThenEnds =
  (type: 'sources' | 'targets') =>
  (a: Edge, b: Edge): number => {
    const own = type === 'sources' ? 'to_step' : 'from_step';
    return (
      b.count - a.count ||
      byCodePoint(a.id, b.id) ||
      byCodePoint(a.type, b.type) ||
      byCodePoint(a[own].type, b[own].type)
    );
  };

/** Reads `path=a&path=b`, or `path[0]=a&path[1]=b` without gaps in any order. Each value is one step. */
function gatherPath(
  query: Record<string, unknown>,
  addFault: (path: string, message: string) => void,
): Record<string, unknown> {
  const { path, ...rest } = query;
  const indexed = Object.entries(rest).filter(([name]) => /^path\[\d*\]$/.test(name));
  const others = Object.fromEntries(Object.entries(rest).filter(([name]) => !/^path\[\d*\]$/.test(name)));
  const gathered = gatherLists(others, ['channel_type', 'language']);
  if (indexed.length === 0) return path === undefined ? gathered : { ...gathered, path };
  const steps: unknown[] = [];
  for (const [name, value] of indexed) steps[Number(/\d+/.exec(name)?.[0] ?? Number.NaN)] = value;
  const isWhole = steps.length === indexed.length && steps.every((step) => typeof step === 'string');
  if (path !== undefined) addFault('path', 'must be given in one form: path=a&path=b, or path[0]=a&path[1]=b');
  else if (!isWhole || Object.keys(steps).length < indexed.length) {
    addFault('path', 'must have each index from 0 on once, without gaps, as in path[0]=a&path[1]=b');
  } else return { ...gathered, path: steps };
  return gathered;
}
