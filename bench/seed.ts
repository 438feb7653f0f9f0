import { setTimeout as delay } from 'node:timers/promises';
import type { Sql } from '../src/database/connect.js';
import { only } from '../src/database/rows.js';
import { ACCOUNT } from './service.js';

/** What the reads go over. */
export interface World {
  conversations: number;
  bots: number;
  /** Whether all bots are of one size; else they are very different, and the largest has near a quarter. */
  isEven: boolean;
}

/** Conversations of very different bots, or of many that have about eight conversations a day each. */
export const worldOf = ({ conversations, bots }: { conversations: number; bots?: number }): World =>
  bots === undefined
    ? { conversations, bots: 20, isEven: false }
    : { conversations: bots * 8 * 120, bots, isEven: true };

/** The 120 days, and the values of each dimension; in DuckDB a value is its place in the list. */
export const FIRST_DAY = '2024-01-01';
export const END_DAY = '2024-04-30';
export const versions = ['LIVE', 'DRAFT', 'OLD'];
export const channels = ['web', 'whatsapp', 'facebook', 'viber', 'sms', 'email'];
export const languages = ['en', 'fi', 'sv', 'de', 'fr', 'es', 'pt', 'ja'];
export const DESKS = 10;
export const AGENTS = 200;

/** One conversation in so many has its messages as events too; the others only have their counts. */
const WITH_EVENTS = 5;

/**
 * Writes conversations of 120 days below ingest, in order of time, for through it millions would take hours. Users come
 * back in random order, 0.3 of them a conversation; three fifths of the conversations are closed, in three of ten an agent
 * wrote, and one in a hundred lasts for hours.
 */
export async function seed(sql: Sql, world: World): Promise<void> {
  const { conversations: count, bots, isEven } = world;
  await sql`select setseed(0.5)`;
  const bot = isEven ? sql`1 + floor(random() * ${bots}::int)` : sql`floor(${bots + 1}::int ^ random())`;
  await sql`
    create unlogged table made as
    select n, 'seeded-' || n as id, 'bot-' || (${bot})::int as bot,
      (${versions}::text[])[1 + greatest(0, floor(random() * 5)::int - 2)] as version, 'desk-' || floor(random() * ${DESKS}::int)::int as desk,
      (${channels}::text[])[1 + floor(random() * ${channels.length}::int)::int] as channel,
      (${languages}::text[])[1 + floor(random() * ${languages.length}::int)::int] as language,
      'person-' || floor(random() * ${Math.ceil(count * 0.3)}::int)::int as person,
      case when random() < 0.3 then 'agent-' || floor(${AGENTS}::int ^ random())::int end as agent,
      date_trunc('milliseconds', timestamptz '2024-01-01Z' + n * (interval '120 days' / ${count}::int)) as start,
      floor(random() * case when random() < 0.01 then 36000000 else 900000 end) * interval '1 millisecond' as length,
      random() < 0.6 as is_closed,
      case when n % ${WITH_EVENTS}::int = 0 then 2 else 1 + floor(random() * 6)::int end as asked,
      case when n % ${WITH_EVENTS}::int = 0 then null else 1 + floor(random() * 6)::int end as answered
    from generate_series(0, ${count - 1}::int) n`;
  await seedConversations(sql);
  await seedMessages(sql);
  await sql`insert into known_ids select distinct ${ACCOUNT}::uuid, 'bot', bot from made on conflict do nothing`;
  await sql`insert into known_ids values (${ACCOUNT}, 'team', 'care') on conflict do nothing`;
  await sql`drop table made`;
  await prepare(sql);
}

async function seedConversations(sql: Sql): Promise<void> {
  await sql`
    insert into conversations (account_id, conversation_id, attributes, team_id, bot_id, bot_version, desk_id, channel, language,
      user_id, chat_type, is_contained, is_meaningful, start_time, end_time, last_activity, closed_at, closed_reason, user_messages, bot_messages,
      agent_messages, agent_ids, visitor_ids, first_time, last_content_time, last_acted_time, event_count, fold_version)
    select ${ACCOUNT}::uuid, id,
      jsonb_build_object('bot_id', bot, 'bot_version', version, 'team_id', 'care', 'channel', channel, 'language', language, 'desk_id', desk),
      'care', bot, version, desk, channel, language, person, 'visitor', agent is null, true, start, start + length, start + length,
      case when is_closed then start + length end, case when is_closed then 'resolved' end, asked,
      coalesce(answered, case when agent is null then 3 else 1 end), case when agent is null then 0 else 2 end,
      case when agent is null then '{}'::text[] else array[agent] end, array[person], start, start + length, start + length,
      case when answered is null then 5 else 0 end, fold_version()
    from made order by n`;
}

/** Five messages: a question, an answer of the bot, a question, and two answers of the bot or an agent. */
async function seedMessages(sql: Sql): Promise<void> {
  await sql`
    insert into events (account_id, conversation_id, id, type, time, seq, sender, actor_id, body, response_seconds)
    select ${ACCOUNT}::uuid, id, 'm' || place, 'message', date_trunc('milliseconds', start + length * place / 4), 0,
      case when place in (0, 2) then 'user' when agent is null or place = 1 then 'bot' else 'agent' end,
      case when place in (0, 2) then person when place > 2 then agent end, '{"text": "I have a question about my order"}'::jsonb,
      case when place in (1, 3) then extract(epoch from date_trunc('milliseconds', start + length * place / 4)
        - date_trunc('milliseconds', start + length * (place - 1) / 4)) end
    from made cross join generate_series(0, 4) place
    where answered is null
    order by n, place`;
}

/** Marks what was written below ingest, and waits until the service has built its segments. */
export async function prepare(sql: Sql): Promise<void> {
  await sql`vacuum analyze conversations`;
  await sql`vacuum analyze events`;
  const started = performance.now();
  await sql`insert into account_changes (account_id) select distinct account_id from conversations`;
  await sql`
    insert into segment_marks (account_id, bot_id, hour)
    select distinct account_id, bot_id, date_trunc('hour', start_time, 'UTC') from conversations`;
  for (;;) {
    const { left } = only(await sql<{ left: boolean }[]>`select exists (select from segment_marks) as left`);
    if (!left) break;
    await delay(200);
  }
  await sql`vacuum analyze segment_marks`;
  await sql`vacuum analyze conversation_segments`;
  await sql`vacuum analyze dictionary`;
  process.stderr.write(`segments built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);
}
