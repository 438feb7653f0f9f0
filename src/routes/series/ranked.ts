import type { FastifyInstance } from 'fastify';
import { parseSharedFilters } from '../../http/filters/shared.js';
import { type Caller, type ReportContext, serve } from '../../http/operation.js';
import { parseWindow } from '../../http/window.js';
import { byCodePoint } from '../../queries/order.js';
import type { FilterOf } from '../../queries/query.js';
import type { Window } from '../../queries/time/window.js';
import { nextAddress, pageOf, parsePaging, type Ranked } from './paging.js';
import { parseBucket } from './parse.js';
import * as schema from './schema.js';
import { runOf, type Subject } from './subject.js';

interface RankedRequest {
  subject: Subject;
  window: Window;
  filters: FilterOf<'messages'>[];
}

/** Ranks the values of a dimension by their number of messages in the range. */
async function rankedBy(
  { db }: ReportContext,
  caller: Caller,
  dimension: 'intent' | 'tags',
  { subject, window, filters }: RankedRequest,
): Promise<Ranked[]> {
  const isGiven: FilterOf<'messages'> = { op: 'not', of: { op: 'in', dimension, values: [null] } };
  const query = {
    dataset: 'messages' as const,
    window,
    bucket: null,
    measures: [{ aggregate: 'count' as const }],
    groupBy: [dimension],
    filters: [...filters, isGiven],
  };
  const { rows } = await runOf(db, caller, subject, query, { bucket: 'end_time', groups: 'end_time' });
  return rows
    .map(({ keys, cells }) => ({ id: String(keys[0]), count: Number(cells[0]) }))
    .sort((a, b) => b.count - a.count || byCodePoint(a.id, b.id))
    .map((row, n) => ({ ...row, rank: n + 1 }));
}

/** Operations that rank intents and tags by their number of messages. */
export function rankedRoutes(app: FastifyInstance, context: ReportContext): void {
  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/intents',
    params: schema.BotParams,
    querystring: schema.IntentsQuery,
    response: schema.IntentsAnswer,
    parse({ params, query, now }, faults) {
      const window = parseWindow(query, faults, { now });
      parseBucket(query.bucket, window, faults); // clients of the dialect send it; it is checked but has no effect
      return {
        subject: { bot_id: params.bot_id, version: query.version },
        window,
        filters: parseSharedFilters(query, faults),
        paging: parsePaging(query, faults),
      };
    },
    async answer({ paging, ...parsed }, caller) {
      const all = await rankedBy(context, caller, 'intent', parsed);
      const isWhole = caller.wantsCsv && paging.isDefault;
      const { rows, pagination } = isWhole ? pageOf(all, { ...paging, count: all.length }) : pageOf(all, paging);
      if (caller.wantsCsv && pagination.has_more) {
        caller.reply.header('link', `<${nextAddress(caller.request.originalUrl, paging, pagination)}>; rel="next"`);
      }
      return { data: rows.map(({ id, count, rank }) => ({ intent_id: id, count, rank })), pagination };
    },
    table: ({ data }) => ({
      columns: ['intent_id', 'count', 'rank'],
      rows: data.map(({ intent_id, count, rank }) => [intent_id, count, rank]),
    }),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/bots/:bot_id/knowledge_base/tags',
    params: schema.BotParams,
    querystring: schema.BotQuery,
    response: schema.TagsAnswer,
    parse({ params, query, now }, faults) {
      const ofCollections: FilterOf<'messages'> = {
        op: 'not',
        of: { op: 'in', dimension: 'collection_id', values: [null] },
      };
      return {
        subject: { bot_id: params.bot_id, version: query.version },
        window: parseWindow(query, faults, { now }),
        filters: [...parseSharedFilters(query, faults), ofCollections],
      };
    },
    async answer(parsed, caller) {
      const all = await rankedBy(context, caller, 'tags', parsed);
      return { data: all.map(({ id, count, rank }) => ({ tag: id, count, rank })) };
    },
    table: ({ data }) => ({
      columns: ['tag', 'count', 'rank'],
      rows: data.map(({ tag, count, rank }) => [tag, count, rank]),
    }),
  });
}
