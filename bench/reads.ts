import type { Line } from './figures.js';
import { ACCOUNT, type Service } from './service.js';

/** Conversations over 120 days: 20 bots of very different size, 3 versions, 6 channels, 8 languages; written below ingest. */
async function seed({ sql }: Service, count: number): Promise<void> {
  await sql`select setseed(0.5)`;
  await sql`
    insert into conversations (account_id, conversation_id, attributes, team_id, bot_id, bot_version, desk_id, channel, language,
      user_id, chat_type, is_contained, start_time, end_time, last_activity, first_time, user_messages, bot_messages, visitor_ids)
    select ${ACCOUNT}::uuid, 'seeded-' || n,
      jsonb_build_object('bot_id', bot, 'bot_version', version, 'team_id', 'care', 'channel', channel, 'language', language, 'desk_id', desk),
      'care', bot, version, desk, channel, language, person, 'visitor', true, start, start + length, start + length, start + length, 3, 3, array[person]
    from (
      select n, 'zipf-' || floor(20 ^ random())::int as bot, (array['LIVE', 'LIVE', 'LIVE', 'DRAFT', 'OLD'])[1 + floor(random() * 5)::int] as version,
        'desk-' || floor(random() * 10)::int as desk, (array['web', 'whatsapp', 'facebook', 'viber', 'sms', 'email'])[1 + floor(random() * 6)::int] as channel,
        (array['en', 'fi', 'sv', 'de', 'fr', 'es', 'pt', 'ja'])[1 + floor(random() * 8)::int] as language,
        'person-' || floor(random() * ${count / 4}::int)::int as person,
        date_trunc('milliseconds', timestamptz '2024-01-01Z' + n * (interval '120 days' / ${count}::int)) as start,
        floor(random() * 900) * interval '1 second' as length
      from generate_series(0, ${count - 1}::int) n
    ) made`;
  await sql`insert into known_ids select distinct account_id, 'bot', bot_id from conversations on conflict do nothing`;
  await sql`insert into known_ids values (${ACCOUNT}, 'team', 'care') on conflict do nothing`;
  await sql`vacuum analyze conversations`;
}

/** The answer of a series as a list of [label, sum], to see that both roads tell the same. */
const sums = (text: string): string =>
  JSON.stringify(
    (JSON.parse(text).data as { series_labels: string[]; series: { sum: number }[] }).series
      .map(({ sum }) => sum)
      .filter((sum) => sum > 0)
      .sort((a, b) => a - b),
  );

/** Reads through HTTP beside the same question as SQL written by hand, on the same server. */
export async function benchReads(
  service: Service,
  { rounds, conversations }: { rounds: number; conversations: number },
): Promise<Line[]> {
  await seed(service, conversations);
  const { sql } = service;
  const bot = '/v1/bots/zipf-1/conversations?version=LIVE&start_time=2024-02-01&end_time=2024-03-02&bucket=1d';
  const reads = [
    {
      name: 'read a: a bot, 30 days by day',
      path: bot,
      byHand: () => sql`
        select date_trunc('day', start_time, 'UTC') as day, null as label, count(*) from conversations
        where account_id = ${ACCOUNT} and bot_id = 'zipf-1' and bot_version = 'LIVE'
          and start_time >= '2024-02-01Z' and start_time < '2024-03-02Z'
        group by 1`,
    },
    {
      name: 'read b: the same in Helsinki, by channel',
      path: `${bot}&time_zone=Europe/Helsinki&group_by=channel_type`,
      byHand: () => sql`
        select date_trunc('day', start_time, 'Europe/Helsinki') as day, channel as label, count(*) from conversations
        where account_id = ${ACCOUNT} and bot_id = 'zipf-1' and bot_version = 'LIVE'
          and start_time >= '2024-01-31 22:00Z' and start_time < '2024-03-01 22:00Z'
        group by 1, 2`,
    },
    {
      name: 'read d: a team, 120 days, bot and channel',
      path: '/v1/teams/care/conversations?start_time=2024-01-01&end_time=2024-04-30&bucket=1d&group_by=bot_id,channel_type',
      byHand: () => sql`
        select date_trunc('day', start_time, 'UTC') as day, bot_id || ', ' || channel as label, count(*) from conversations
        where account_id = ${ACCOUNT} and team_id = 'care' and start_time >= '2024-01-01Z' and start_time < '2024-04-30Z'
        group by 1, 2`,
    },
  ];
  const lines: Line[] = [];
  for (const { name, path, byHand } of reads) {
    const line: Line = { name, unit: 'ms', ours: [], peer: [], peerName: 'SQL by hand', target: 1.3, better: 'lower' };
    for (let round = -2; round < rounds; round++) {
      const ourTurn = async () => {
        const started = performance.now();
        const text = await service.ask('GET', path);
        return { ms: performance.now() - started, sums: sums(text) };
      };
      const theirTurn = async () => {
        const started = performance.now();
        const rows = await byHand();
        const ms = performance.now() - started;
        const byLabel = new Map<string, number>();
        for (const { label, count } of rows) byLabel.set(label, (byLabel.get(label) ?? 0) + Number(count));
        return { ms, sums: JSON.stringify([...byLabel.values()].sort((a, b) => a - b)) };
      };
      const first = round % 2 === 0 ? await ourTurn() : await theirTurn();
      const second = round % 2 === 0 ? await theirTurn() : await ourTurn();
      if (first.sums !== second.sums) throw new Error(`${name}: the answers differ`);
      if (round < 0) continue; // warming up
      line.ours.push((round % 2 === 0 ? first : second).ms);
      line.peer.push((round % 2 === 0 ? second : first).ms);
    }
    lines.push(line);
  }
  return lines;
}
