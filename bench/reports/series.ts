import type { Fragment, Sql } from '../../src/database/connect.js';
import { conversationsOf, eventsOf, messagesOf, ofBot, type Question } from './question.js';
import { bot, type Range, step, team, version } from './world.js';

const times = ({ from, to }: Range) => `start_time=${from}&end_time=${to}`;
const path = (rest: string, range: Range, more = '') =>
  `/v1/bots/${bot}/${rest}?version=${version}&${times(range)}${more}`;

const byDay = (of: string, rest: string, count: (sql: Sql) => Fragment, where: (sql: Sql) => Fragment): Question => ({
  of,
  name: 'by day',
  ask: (range) => ({ method: 'GET', path: path(rest, range, '&bucket=1d') }),
  told: 'data.series.*.sum',
  byHand: (sql, range) => sql`
    select date_trunc('day', e.time, 'UTC') as day, ${count(sql)} as n
    ${messagesOf(sql, range, sql`${ofBot(sql)}${where(sql)}`)} group by 1 order by 1`,
});

const all = (sql: Sql) => sql`count(*)`;
const none = (sql: Sql) => sql``;

/** The operations of the series dialect, on the largest bot and the largest team. */
export const seriesQuestions: Question[] = [
  byDay('Analytics_GetMessages', 'messages', all, none),
  byDay(
    'Analytics_GetUsers',
    'users',
    (sql) => sql`count(distinct coalesce(e.actor_id, c.user_id))`,
    (sql) => sql` and e.sender = 'user'`,
  ),
  {
    of: 'Analytics_GetUserActivity',
    name: 'by weekday and hour',
    ask: (range) => ({ method: 'GET', path: path('users/activity', range) }),
    told: 'data.series.*.sum',
    byHand: (sql, range) => sql`
      select extract(isodow from e.time) as day, extract(hour from e.time) as hour, count(*) as n
      ${messagesOf(sql, range, sql`${ofBot(sql)} and e.sender = 'user'`)} group by 1, 2`,
  },
  {
    of: 'Analytics_GetIntents',
    name: 'the first 200',
    ask: (range) => ({ method: 'GET', path: path('intents', range, '&first=200') }),
    told: 'data.*.count',
    byHand: (sql, range) => sql`
      select e.body->>'intent' as intent, count(*) as n ${messagesOf(sql, range, sql`${ofBot(sql)} and e.body ? 'intent'`)}
      group by 1 order by n desc, (e.body->>'intent') collate "C" limit 200`,
  },
  byDay('Analytics_GetIntentInsights', 'intents/insights', all, (sql) => sql` and e.body ? 'intent'`),
  {
    of: 'Analytics_GetFlows',
    name: 'after a step',
    ask: (range) => ({ method: 'GET', path: path('flows', range, '&path=start') }),
    told: 'nodes.*.occurrences',
    byHand: (sql, range) => sql`
      select path[2] as id, count(*) as n from (
        select array_remove(array[(array_agg(e.body->'from_step'->>'id' order by e.time, e.seq, e.id))[1]], null)
          || array_agg(e.body->'to_step'->>'id' order by e.time, e.seq, e.id) as path
        ${eventsOf(sql, range, ['step'], ofBot(sql))} group by e.conversation_id
      ) s where path[1] = 'start' group by 1`,
  },
  {
    of: 'Analytics_GetFlowStepDetails',
    name: 'a step',
    ask: (range) => ({ method: 'GET', path: path(`flows/${step}`, range) }),
    told: 'conversation_count',
    byHand: (sql, range) => sql`
      select count(distinct conversation_id) filter (where step = ${step}) as n,
        count(*) filter (where step = ${step} and place = places) as drop_offs,
        sum(messages) filter (where step = ${step}) as messages
      from (
        select conversation_id, place, max(step) as step, count(*) filter (where type = 'message') as messages, max(max(place)) over (
          partition by conversation_id) as places
        from (
          select e.conversation_id, e.type, e.body->'to_step'->>'id' as step,
            count(*) filter (where e.type = 'step') over (partition by e.conversation_id order by e.time, e.seq, e.id) as place
          ${eventsOf(sql, range, ['step', 'message'], ofBot(sql))}
        ) placed where place > 0 group by 1, 2
      ) steps`,
  },
  {
    of: 'Analytics_GetFlowStepEdges',
    name: 'out of a step',
    ask: (range) => ({ method: 'GET', path: path('flows/start/edges', range, '&type=targets') }),
    told: 'edges.*.count',
    byHand: (sql, range) => sql`
      select e.body->'to_step'->>'id' as id, e.body->'to_step'->>'type' as type, count(*) as n
      ${eventsOf(sql, range, ['step'], sql`${ofBot(sql)} and e.body->'from_step'->>'id' = 'start'`)} group by 1, 2`,
  },
  byDay('Analytics_GetKnowledgeBaseUsage', 'knowledge_base', all, (sql) => sql` and e.body ? 'collection_id'`),
  {
    of: 'Analytics_GetKnowledgeBaseTagsInsights',
    name: 'all tags',
    ask: (range) => ({ method: 'GET', path: path('knowledge_base/tags', range) }),
    told: 'data.*.count',
    byHand: (sql, range) => sql`
      select tag, count(*) as n from (
        select e.conversation_id, e.id, jsonb_array_elements_text(e.body->'tags') as tag
        ${messagesOf(sql, range, sql`${ofBot(sql)} and e.body ? 'collection_id'`)}
      ) tagged group by 1 order by n desc, tag collate "C"`,
  },
  {
    of: 'Analytics_GetTeamKnowledgeBaseUsage',
    name: 'by day',
    ask: (range) => ({ method: 'GET', path: `/v1/teams/${team}/knowledge_base?${times(range)}&bucket=1d` }),
    told: 'data.series.*.sum',
    byHand: (sql, range) => sql`
      select date_trunc('day', e.time, 'UTC') as day, count(*) as n
      ${messagesOf(sql, range, sql` and c.team_id = ${team} and e.body ? 'collection_id'`)} group by 1 order by 1`,
  },
  {
    of: 'Analytics_GetVoiceAnalytics',
    name: 'by day',
    ask: (range) => ({ method: 'GET', path: `/v1/teams/${team}/voice_minutes?${times(range)}&bucket=1d` }),
    told: 'data.series.*.sum',
    byHand: (sql, range) => sql`
      select date_trunc('day', c.start_time, 'UTC') as day, sum(extract(epoch from c.end_time - c.start_time)) / 60 as n
      ${conversationsOf(sql, range, sql` and c.team_id = ${team} and c.channel in ('voice', 'phone')`)} group by 1 order by 1`,
  },
  {
    of: 'Analytics_Echo',
    name: 'a word',
    ask: () => ({ method: 'POST', path: '/v1/echo', body: { message: '1' } }),
    told: 'message',
    byHand: (sql) => sql`select '1'::text as n`,
  },
];
