import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { type Service, startService } from './service.js';

/**
 * `npm run bench:bloat`: days of live traffic in small. Conversations begin, go on and end while segments are refreshed, in batches
 * as a platform sends them; then what the tables take, before and after PostgreSQL's own autovacuum.
 */
const { conversations, days, minutes } = new Command('bloat')
  .description('days of live traffic in small: sizes and dead rows before and after autovacuum')
  .option('--conversations <n>', 'conversations of the day', Number, 10_000)
  .option('--days <n>', 'days, one after the other', Number, 2)
  .option('--minutes <n>', 'minutes to wait for autovacuum at most, after each day', Number, 4)
  .parse()
  .opts<{ conversations: number; days: number; minutes: number }>();

const FIRST = Date.UTC(2024, 3, 1);
const HOURS = 24;
const SENDERS = 4;
const BATCH = 20;

/** The events of the conversations that begin in an hour of the first day, counted on, each conversation over the hour and the next. */
function* hourOf(hour: number): Generator<string> {
  const own = Math.floor(conversations / HOURS);
  const rounds = 8;
  for (let round = 0; round < rounds; round++) {
    for (let n = 0; n < own; n++) {
      const conversation_id = `c-${hour}-${n}`;
      const time = new Date(FIRST + hour * 3_600_000 + ((n * 3_600_000) / own + round * 60_000)).toISOString();
      const base = { id: `m${round}`, conversation_id, time };
      const said = round % 2 === 0 ? { sender: 'user', sender_id: `u-${n % 700}` } : { sender: 'bot' };
      const conversation = { bot_id: `bot-${n % 5}`, bot_version: 'LIVE', channel: n % 3 === 0 ? 'web' : 'sms' };
      if (round === rounds - 1) yield JSON.stringify({ ...base, type: 'conversation.closed' });
      else
        yield JSON.stringify({
          ...base,
          type: 'message',
          ...said,
          text: 'Could you look at my order, please?',
          conversation,
        });
    }
  }
}

async function send(service: Service, day: number): Promise<number> {
  let batches = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    const events = hourOf(day * HOURS + hour);
    // Leaving a loop over a generator ends it, and the senders share this one.
    const shared = { [Symbol.iterator]: () => ({ next: () => events.next() }) };
    const sent = await Promise.all(Array.from({ length: SENDERS }, () => sendAll(shared, service)));
    for (const count of sent) batches += count;
  }
  return batches;
}

async function sendAll(events: Iterable<string>, service: Service): Promise<number> {
  for (let batches = 0; ; batches++) {
    const lines: string[] = [];
    for (const line of events) if (lines.push(line) === BATCH) break;
    if (lines.length === 0) return batches;
    await service.ask('POST', '/v1/events', lines.join('\n'));
  }
}

interface Row {
  table: string;
  live: number;
  dead: number;
  table_kb: number;
  index_kb: number;
  vacuums: number;
}

const look = (service: Service) => service.sql<Row[]>`
  select s.relname as table, n_live_tup as live, n_dead_tup as dead, autovacuum_count::int as vacuums,
    (pg_table_size(s.relid) / 1024)::int as table_kb, (pg_indexes_size(s.relid) / 1024)::int as index_kb
  from pg_stat_user_tables s where n_live_tup + n_dead_tup > 0 order by pg_total_relation_size(s.relid) desc`;

function show(title: string, rows: readonly Row[]): void {
  process.stdout.write(
    `\n${title}\n\n| table | rows | dead rows | table | indexes | autovacuums |\n| --- | --- | --- | --- | --- | --- |\n`,
  );
  for (const { table, live, dead, table_kb, index_kb, vacuums } of rows) {
    const cells = [live, dead, `${table_kb} kB`, `${index_kb} kB`, vacuums].map((cell) => cell.toLocaleString('en'));
    process.stdout.write(`| ${table} | ${cells.join(' | ')} |\n`);
  }
}

const isDirty = ({ live, dead }: Row) => dead > 1_000 && dead > live * 0.25;

const service = await startService();
try {
  for (let day = 0; day < days; day++) {
    const started = performance.now();
    const batches = await send(service, day);
    const took = (performance.now() - started) / 1000;
    process.stdout.write(`${conversations} conversations, ${batches} batches in ${took.toFixed(0)} s\n`);
    await delay(5_000); // the last segments
    show(`After day ${day + 1}`, await look(service));
    for (let n = 0; n < minutes * 6 && (await look(service)).some(isDirty); n++) await delay(10_000);
    await delay(10_000);
    show('After autovacuum, with the settings of PostgreSQL', await look(service));
  }
} finally {
  await service.stop();
}
