import type { FastifyInstance } from 'fastify';
import { NotFound } from '../../errors.js';
import { type ReportContext, serve } from '../../http/operation.js';
import { readZone } from '../../http/window.js';
import { bots, teams } from '../../queries/lookups/bots.js';
import { conversations } from '../../queries/lookups/conversations.js';
import { transcript } from '../../queries/lookups/transcript.js';
import { writeCursor } from './cursor.js';
import { parsePage, parseTranscriptPage } from './parse.js';
import {
  BotsAnswer,
  ConversationParams,
  ConversationQuery,
  ConversationsAnswer,
  ConversationsQuery,
  ListQuery,
  TeamsAnswer,
  WholeConversation,
} from './schema.js';
import { shapeConversation, shapeTranscript, shapeUsage, tableOf, tableOfConversations } from './shape.js';
import { wholeList } from './whole.js';

/** Look-ups for dashboards and people: the bots, the teams, the conversations, and one conversation in full. */
export async function lookupRoutes(app: FastifyInstance, context: ReportContext): Promise<void> {
  const { db } = context;

  serve(app, context, {
    method: 'GET',
    url: '/v1/bots',
    querystring: ListQuery,
    response: BotsAnswer,
    parse: ({ query }, faults) => readZone(query.time_zone, 'time_zone', faults) ?? 'UTC',
    answer: async (zone, { scope }) => ({ bots: (await bots(db, scope)).map((bot) => shapeUsage(bot, zone)) }),
    table: ({ bots }) => tableOf(botColumns, bots),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/teams',
    querystring: ListQuery,
    response: TeamsAnswer,
    parse: ({ query }, faults) => readZone(query.time_zone, 'time_zone', faults) ?? 'UTC',
    answer: async (zone, { scope }) => ({ teams: (await teams(db, scope)).map((team) => shapeUsage(team, zone)) }),
    table: ({ teams }) => tableOf(teamColumns, teams),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/conversations',
    querystring: ConversationsQuery,
    response: ConversationsAnswer,
    parse: ({ query, now }, faults) => ({ page: parsePage(query, faults, now), isWhole: query.limit === undefined }),
    csvStream: async ({ page, isWhole }, { scope, asOf }) => (isWhole ? wholeList(db, { scope, ...page }, asOf) : null),
    async answer({ page }, { scope, asOf, request, reply }) {
      const found = await conversations(db, { scope, ...page }, asOf);
      const next_cursor = found.next === null ? null : writeCursor(found.next);
      if (next_cursor !== null) reply.header('link', `<${nextPage(request.originalUrl, next_cursor)}>; rel="next"`);
      return { conversations: found.conversations.map((row) => shapeConversation(row, page.window.zone)), next_cursor };
    },
    table: ({ conversations }) => tableOfConversations(conversations),
    file: ({ page }) => ({ window: page.window }),
  });

  serve(app, context, {
    method: 'GET',
    url: '/v1/conversations/:conversation_id',
    params: ConversationParams,
    querystring: ConversationQuery,
    response: WholeConversation,
    parse: ({ params, query }, faults) => ({
      id: params.conversation_id,
      zone: readZone(query.time_zone, 'time_zone', faults) ?? 'UTC',
      page: parseTranscriptPage(query, faults),
    }),
    async answer({ id, zone, page }, { scope, asOf, notice }) {
      const found = await transcript(db, scope, id, page, asOf);
      if (found === null) throw new NotFound(`there is no conversation ${id}`);
      if (found.has_more_notes) notice('the conversation has more notes than one answer contains');
      return shapeTranscript(found, zone);
    },
  });
}

const botColumns = [
  'bot_id',
  'bot_versions',
  'channel_types',
  'languages',
  'team_ids',
  'conversations',
  'first_start_time',
  'last_start_time',
] as const;

const teamColumns = ['team_id', 'bot_ids', 'conversations', 'first_start_time', 'last_start_time'] as const;

/** The URL of the next page, for the Link header: a CSV has no other place for it. */
function nextPage(url: string, cursor: string): string {
  const [path, search] = url.split('?');
  const query = new URLSearchParams(search);
  query.set('cursor', cursor);
  return `${path}?${query}`;
}
