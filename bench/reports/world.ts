import type { Sql } from '../../src/database/connect.js';
import { prepare } from '../seed.js';
import { ACCOUNT } from '../service.js';

/** A stretch of whole days, in UTC. */
export interface Range {
  name: 'month' | 'year';
  from: string;
  to: string;
}

export const ranges: Range[] = [
  { name: 'month', from: '2024-03-01', to: '2024-04-01' },
  { name: 'year', from: '2024-01-01', to: '2025-01-01' },
];

/** The largest bot has near a quarter of the conversations, three fifths of them with this version. */
export const bot = 'zipf-1';
export const version = 'LIVE';
export const team = 'team-1';
/** The step that half of the flows go through second. */
export const step = 'topic-1';

/**
 * A year of conversations of five messages each: 20 bots, 8 teams and 200 agents of very different size. An agent takes over
 * three of ten, a fifth is rated, three fifths are closed, a twentieth brings an order. Events and the rows that their fold
 * gives are written below ingest, for it would take many minutes; `checkSample` holds some of them against the fold.
 */
export async function seed(sql: Sql, count: number): Promise<void> {
  await sql`select setseed(0.5)`;
  await sql`
    create unlogged table made as
    select n, 'seeded-' || n as id, date_trunc('milliseconds', timestamptz '2024-01-01Z' + n * (interval '366 days' / ${count}::int)) as start,
      (5 + floor(random() * 176)::int) * interval '1 second' as gap,
      'zipf-' || floor(20 ^ random())::int as bot, (array['LIVE', 'LIVE', 'LIVE', 'DRAFT', 'OLD'])[1 + floor(random() * 5)::int] as version,
      'team-' || floor(8 ^ random())::int as team, 'desk-' || floor(random() * 10)::int as desk,
      (array['web', 'whatsapp', 'facebook', 'viber', 'sms', 'email', 'voice'])[1 + floor(random() * 7)::int] as channel,
      (array['en', 'fi', 'sv', 'de', 'fr', 'es', 'pt', 'ja'])[1 + floor(random() * 8)::int] as language,
      'person-' || floor(random() * ${Math.ceil(count / 4)}::int)::int as person,
      case when random() < 0.3 then 'agent-' || floor(200 ^ random())::int end as agent,
      (array[true, false, null])[1 + floor(random() * 3)::int] as is_covered,
      case when random() < 0.2 then 1 + floor(random() * 5)::int end as stars,
      case when random() < 0.5 then jsonb_build_array('tag-' || floor(50 ^ random())::int) end as tags,
      round(random()::numeric, 2) as confidence, 'intent-' || floor(300 ^ random())::int as intent,
      case when random() < 0.2 then 'collection-' || floor(random() * 30)::int end as collection,
      'topic-' || floor(20 ^ random())::int as topic, random() < 0.6 as is_closed,
      case when random() < 0.05 then floor(random() * 100) end as amount, random() < 0.2 as is_subscription
    from generate_series(0, ${count - 1}::int) n`;
  await sql`alter table made add attributes jsonb`;
  await sql`
    update made set attributes = jsonb_strip_nulls(jsonb_build_object('bot_id', bot, 'bot_version', version, 'team_id', team, 'desk_id', desk,
      'channel', channel, 'language', language, 'is_covered', is_covered, 'tags', tags))`;
  await seedEvents(sql);
  await seedConversations(sql);
  await seedOfAgents(sql);
  await sql`
    insert into orders (account_id, conversation_id, order_id, time, amount, subscription, currency, id)
    select ${ACCOUNT}::uuid, id, 'o-' || n, start + 4 * gap, amount::int::numeric, is_subscription, 'EUR', 'o' from made where amount is not null`;
  await sql`insert into known_ids select distinct ${ACCOUNT}::uuid, 'bot', bot from made`;
  await sql`insert into known_ids select distinct ${ACCOUNT}::uuid, 'team', team from made`;
  await sql`drop table made`;
  await sql`vacuum analyze`;
  await prepare(sql);
}

/** Ids of a conversation's events begin with a letter, and its messages have the numbers 0 to 4. */
async function seedEvents(sql: Sql): Promise<void> {
  await sql`
    insert into events (account_id, conversation_id, id, type, time, seq, sender, actor_id, team_id, organization_id, attributes, body, response_seconds)
    select ${ACCOUNT}::uuid, m.id, e.id, e.type, m.start + e.place * m.gap, 0, e.sender, e.actor, case when e.organization is not null then m.team end, e.organization, e.attributes, e.body,
      e.seconds
    from made m
    cross join lateral (values
      ('m0', 'message', 0, true, 'user', person, null, m.attributes, jsonb_build_object('text', ${TEXT}::text), null),
      ('s0', 'step', 0.2, true, null, null, null, null, jsonb_build_object('to_step', ${START}::text::jsonb), null),
      ('m1', 'message', 1, true, 'bot', null, null, null, jsonb_strip_nulls(jsonb_build_object('text', ${TEXT}::text, 'intent', intent,
        'confidence', confidence, 'collection_id', collection, 'tags', case when collection is not null then tags end)), extract(epoch from gap)),
      ('s1', 'step', 1.2, true, null, null, null, null, jsonb_build_object('from_step', ${START}::text::jsonb, 'to_step', jsonb_build_object('id', topic, 'type', 'dialog')), null),
      ('m2', 'message', 2, true, 'user', person, null, null, jsonb_build_object('text', ${TEXT}::text), null),
      ('j', 'participant.joined', 2.4, agent is not null, null, agent, 'own', null, jsonb_build_object('agent_name', 'Name of ' || agent), null),
      ('s2', 'step', 2.6, agent is not null, null, null, null, null, jsonb_build_object('from_step', jsonb_build_object('id', topic, 'type', 'dialog'), 'to_step', ${HANDOVER}::text::jsonb), null),
      ('m3', 'message', 3, true, case when agent is null then 'bot' else 'agent' end, agent, case when agent is not null then 'own' end, null,
        case when agent is null then jsonb_build_object('text', ${TEXT}::text, 'confidence', confidence) else jsonb_build_object('text', ${TEXT}::text) end,
        extract(epoch from gap)),
      ('m4', 'message', 4, true, case when agent is null then 'bot' else 'agent' end, agent, case when agent is not null then 'own' end, null,
        jsonb_build_object('text', ${TEXT}::text), null),
      ('o', 'order', 4, amount is not null, null, null, null, null, jsonb_build_object('order_id', 'o-' || n, 'amount', amount::int::text,
        'subscription', is_subscription, 'currency', 'EUR'), null),
      ('r', 'rating', 5, stars is not null, null, null, null, null, jsonb_strip_nulls(jsonb_build_object('value', stars, 'target', 'conversation', 'agent_id', agent)), null),
      ('x', 'conversation.closed', 6, is_closed, null, null, null, null, jsonb_strip_nulls(jsonb_build_object('reason', 'resolved', 'agent_id', agent)), null)
    ) as e (id, type, place, is_there, sender, actor, organization, attributes, body, seconds)
    where e.is_there`;
}

async function seedConversations(sql: Sql): Promise<void> {
  await sql`
    insert into conversations (account_id, conversation_id, attributes, team_id, bot_id, bot_version, desk_id, channel, language, user_id, chat_type,
      chat_initiator, is_contained, is_covered, is_meaningful, start_time, end_time, last_activity, closed_at, closed_reason, closed_by, user_messages, bot_messages,
      agent_messages, visitor_ids, agent_ids, organization_ids, rating, tags, order_count, sales, subscription_sales,
      currencies, subscription_currencies, first_response_seconds, first_response_agent_id, confidence_count, confidence_sum, min_confidence, has_collection,
      fold_version, event_count, first_time, last_content_time, last_acted_time, said_places, users, first_user_id, first_user_place,
      first_sender, agent_places, agent_names, agent_name_places, message_tags, ended_place, ratings, answered, last_message_place, chain_place,
      turn_sender, turn_time, user_wrote, agent_wrote)
    select ${ACCOUNT}::uuid, id, attributes, team, bot, version, desk, channel, language, person, 'visitor',
      'visitor', agent is null, is_covered, is_covered is distinct from false, start, start + 4 * gap, start + 4 * gap,
      case when is_closed then start + 6 * gap end, case when is_closed then 'resolved' end, case when is_closed then agent end, 2,
      case when agent is null then 3 else 1 end, case when agent is null then 0 else 2 end, array[person],
      case when agent is null then '{}'::text[] else array[agent] end, case when agent is null then '{}'::text[] else array['own'] end, stars,
      case when tags is null then '{}'::text[] else array[tags->>0] end, (amount is not null)::int, coalesce(amount::int::numeric, 0),
      case when amount is not null and is_subscription then amount::int::numeric else 0 end,
      case when amount is not null then array['EUR'] end, case when amount is not null and is_subscription then array['EUR'] end,
      case when agent is not null then extract(epoch from gap) end, agent, case when agent is null then 2 else 1 end,
      confidence * case when agent is null then 2 else 1 end, confidence, collection is not null,
      fold_version(), 7 + 2 * (agent is not null)::int + (amount is not null)::int + (stars is not null)::int + is_closed::int,
      start, start + 4 * gap, start + 4 * gap, array[first_place], array[person], person, first_place,
      'user', case when agent is not null then array[join_place] end, case when agent is not null then array['Name of ' || agent] end,
      case when agent is not null then array[join_place] end,
      case when collection is not null and tags is not null then array[tags->>0] end, case when is_closed then close_place end,
      case when stars is not null then jsonb_build_object('agents', case when agent is null then '{}'::jsonb else jsonb_build_object(agent, rated) end,
        'conversation', rated) end, true, last_place, case when is_closed then close_place else last_place end,
      case when not is_closed then case when agent is null then 'bot' else 'agent' end end, case when not is_closed then start + 4 * gap end,
      not is_closed, not is_closed and agent is not null
    from made
    cross join lateral (select place_of(start, 0, 'm0') as first_place, place_of(start + 4 * gap, 0, 'm4') as last_place,
      place_of(start + 2.4 * gap, 0, 'j') as join_place, place_of(start + 6 * gap, 0, 'x') as close_place,
      jsonb_build_object('place', place_of(start + 5 * gap, 0, 'r'), 'value', stars, 'feedback', null) as rated) places
    order by n`;
}

async function seedOfAgents(sql: Sql): Promise<void> {
  await sql`
    insert into participations (account_id, conversation_id, scope, participant_id, agent_messages, joined_at, user_organization_id, organization_ids,
      order_count, sales, subscription_sales, currencies, subscription_currencies)
    select c.account_id, c.conversation_id, p.scope, p.participant, 2, m.start + 2.4 * m.gap, case when p.scope = 'user' then 'own' end,
      array['own'], c.order_count, c.sales, c.subscription_sales, c.currencies, c.subscription_currencies
    from made m
    join conversations c on c.account_id = ${ACCOUNT}::uuid and c.conversation_id = m.id
    cross join lateral (values ('user', m.agent), ('team', m.team)) as p (scope, participant)
    where m.agent is not null`;
  await sql`
    insert into agent_cells (account_id, conversation_id, agent_id, sent_team_id, sent_organization_id, join_place, team_id, organization_id, messages,
      first_time, last_time, last_place)
    select ${ACCOUNT}::uuid, id, agent, team, 'own', place_of(start + 2.4 * gap, 0, 'j'), team, 'own', 2, start + 3 * gap, start + 4 * gap,
      place_of(start + 4 * gap, 0, 'm4')
    from made where agent is not null`;
}

/** Folds some of the conversations anew: their rows must be those that are there, to the last column. */
export async function checkSample(sql: Sql, count: number): Promise<void> {
  const ids = Array.from({ length: Math.min(count, 500) }, (_, n) => `seeded-${Math.floor((n * count) / 500)}`);
  const [folded] = await sql<{ differ: string[] }[]>`select refold(${ACCOUNT}::uuid, ${ids}::text[]) as differ`;
  if (folded === undefined || folded.differ.length > 0)
    throw new Error(`rows are not what the fold gives: ${folded?.differ}`);
}

const TEXT = 'I have a question about my order, could somebody look at it for me please?';
const START = '{"id": "start", "type": "message"}';
const HANDOVER = '{"id": "handover", "type": "action"}';
