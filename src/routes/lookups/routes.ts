import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import type { Database } from '../../database/database.js';
import { NotFound } from '../../errors.js';
import { sendReport, wantsCsv } from '../../http/csv.js';
import { Faults } from '../../http/faults.js';
import { gatherLists } from '../../http/lists.js';
import { parseZone } from '../../http/window.js';
import { bots, teams } from '../../queries/lookups/bots.js';
import { conversations } from '../../queries/lookups/conversations.js';
import { transcript } from '../../queries/lookups/transcript.js';
import type { Moment } from '../../queries/query.js';
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
import { shapeConversation, shapeHeld, shapeTranscript, tableOf, tableOfConversations } from './shape.js';
import { sendWholeList } from './whole.js';

/** What a dashboard and a person need to find their way: the bots, the teams, the conversations, one of them whole. */
export async function lookupRoutes(instance: FastifyInstance, db: Database, moment: () => Moment): Promise<void> {
  const app = instance.withTypeProvider<TypeBoxTypeProvider>();

  app.addHook('preValidation', async (request) => {
    request.query = gatherLists(request.query as Record<string, unknown>, ['channel_type', 'language']);
  });

  app.get(
    '/v1/bots',
    { attachValidation: true, schema: { querystring: ListQuery, response: { 200: BotsAnswer } } },
    async (request, reply) => {
      const zone = zoneOf(request, request.query);
      const found = await bots(db, scopeFor(request.principal, 'read'));
      const answer: BotsAnswer = { bots: found.map((bot) => shapeHeld(bot, zone)) };
      return sendReport(request, reply, answer, ({ bots }) => tableOf(botColumns, bots));
    },
  );

  app.get(
    '/v1/teams',
    { attachValidation: true, schema: { querystring: ListQuery, response: { 200: TeamsAnswer } } },
    async (request, reply) => {
      const zone = zoneOf(request, request.query);
      const found = await teams(db, scopeFor(request.principal, 'read'));
      const answer: TeamsAnswer = { teams: found.map((team) => shapeHeld(team, zone)) };
      return sendReport(request, reply, answer, ({ teams }) => tableOf(teamColumns, teams));
    },
  );

  app.get(
    '/v1/conversations',
    { attachValidation: true, schema: { querystring: ConversationsQuery, response: { 200: ConversationsAnswer } } },
    async (request, reply) => {
      const faults = new Faults(request);
      const asOf = moment();
      const page = parsePage(request.query, faults, asOf.now);
      faults.check();
      const isWhole = request.query.limit === undefined && wantsCsv(request, request.query.format);
      if (isWhole) return sendWholeList(request, reply, db, page, asOf);
      const found = await conversations(db, { scope: scopeFor(request.principal, 'read'), ...page }, asOf);
      const answer: ConversationsAnswer = {
        conversations: found.conversations.map((row) => shapeConversation(row, page.window.zone)),
        next_cursor: found.next === null ? null : writeCursor(found.next),
      };
      if (answer.next_cursor !== null)
        reply.header('link', `<${nextPage(request.url, answer.next_cursor)}>; rel="next"`);
      return sendReport(request, reply, answer, (body) => tableOfConversations(body.conversations));
    },
  );

  app.get(
    '/v1/conversations/:conversation_id',
    {
      attachValidation: true,
      schema: { params: ConversationParams, querystring: ConversationQuery, response: { 200: WholeConversation } },
    },
    async (request, reply) => {
      const faults = new Faults(request);
      const zone = parseZone(request.query.time_zone, faults) as string;
      const page = parseTranscriptPage(request.query, faults);
      faults.check();
      const { conversation_id } = request.params;
      const found = await transcript(db, scopeFor(request.principal, 'read'), conversation_id, page, moment());
      if (found === null) throw new NotFound(`no conversation ${conversation_id} is known here`);
      if (found.has_more_notes) reply.header('report-notice', 'the conversation has more notes than one answer holds');
      reply.header('cache-control', 'private').header('vary', 'authorization');
      return reply.send(shapeTranscript(found, zone));
    },
  );
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

/** The zone of a request that has no other parameter to read. */
function zoneOf(request: FastifyRequest, query: { time_zone?: string }): string {
  const faults = new Faults(request);
  const zone = parseZone(query.time_zone, faults);
  faults.check();
  return zone as string;
}

/** The address of the page after this one: a CSV has no other place to say it. */
function nextPage(url: string, cursor: string): string {
  const [path, search] = url.split('?');
  const query = new URLSearchParams(search);
  query.set('cursor', cursor);
  return `${path}?${query}`;
}
