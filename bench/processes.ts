import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Command } from 'commander';
import { connect } from '../src/database/connect.js';
import { startEmbedded } from '../src/database/embedded.js';
import { median, ratios, type Samples } from './figures.js';
import { seed, worldOf } from './seed.js';
import { ACCOUNT, type Process, startProcess } from './service.js';

/** `npm run bench:processes`: what one process of the service does on a database, beside three on the same, in turns. */
const { rounds, seconds, conversations } = new Command('processes')
  .description('rates of ingest and of reads of one process of the service beside three on one database, in turns')
  .option('--rounds <n>', 'rounds of both', Number, 5)
  .option('--seconds <n>', 'seconds of each measurement', Number, 8)
  .option('--conversations <n>', 'conversations that reports are about', Number, 50_000)
  .parse()
  .opts<{ rounds: number; seconds: number; conversations: number }>();

const COUNTS = [1, 3] as const;
const SENDERS = 8;
const BATCH = 200;
const READERS = 16;

const dir = mkdtempSync(join(tmpdir(), 'reports-processes-'));
const server = await startEmbedded({ dir, settings: { max_connections: '80' } });
const { host, username, database } = server.connection;
const sql = connect(server.connection, { max: 4, statementTimeout: 0 });

/** Over the socket, like the embedded database of a single process. A key may use a process whole, so no share decides. */
const start = (count: number) =>
  Promise.all(
    Array.from({ length: count }, () =>
      startProcess({
        ...{ DATABASE_URL: `postgres:///${database}`, PGHOST: host, PGUSER: username },
        ...{ KEY_CONNECTIONS: '10', KEY_REPORTS: '8' },
      }),
    ),
  );

const range = { start_time: '2024-02-01', end_time: '2024-03-02', bucket: '1d' };
const questions = {
  'reports by segments': {
    ...{ dataset: 'conversations', ...range, measures: ['conversations', 'messages'], group_by: ['channel'] },
    filter: { type: 'selector', dimension: 'bot_id', value: 'bot-1' },
  },
  'reports by rows': { dataset: 'messages', ...range, measures: ['messages'], group_by: ['sender'] },
};

/** Requests a second of clients who ask one after the other, each always the same process. */
async function rate(processes: Process[], clients: number, ask: (one: Process, client: number) => Promise<unknown>) {
  const started = performance.now();
  const end = started + seconds * 1000;
  const client = async (n: number) => {
    let asked = 0;
    for (; performance.now() < end; asked++) await ask(processes[n % processes.length] as Process, n);
    return asked;
  };
  const counts = await Promise.all(Array.from({ length: clients }, (_, n) => client(n)));
  return (1000 * counts.reduce((all, count) => all + count, 0)) / (performance.now() - started);
}

let batches = 0;
const batch = () => {
  const n = batches++;
  return Array.from({ length: BATCH }, (_, k) =>
    JSON.stringify({
      ...{ id: `m${k}`, type: 'message', conversation_id: `live-${n}-${k % 40}`, sender: k % 2 === 0 ? 'user' : 'bot' },
      ...{ time: new Date(Date.UTC(2024, 4, 1) + n * 60_000 + k * 1_000).toISOString() },
      ...{ text: 'Could somebody look at my order, please?' },
      conversation: { bot_id: `bot-${n % 20}`, bot_version: 'LIVE', channel: 'web' },
    }),
  ).join('\n');
};

/** Until no change waits for its segment, so that the next measurement is of itself alone. */
async function settled(): Promise<void> {
  while ((await sql`select from segment_marks limit 1`).length > 0) await delay(100);
}

const names = ['events', ...Object.keys(questions)];
const figures = new Map(names.map((name) => [name, new Map<number, Samples>(COUNTS.map((count) => [count, []]))]));

async function measure(count: number): Promise<void> {
  const processes = await start(count);
  const note = (name: string, value: number) => figures.get(name)?.get(count)?.push(value);
  try {
    for (const [name, question] of Object.entries(questions)) {
      const body = JSON.stringify(question);
      const ask = (one: Process) => one.ask('POST', '/v1/query', body, 'application/json');
      for (const one of processes) await ask(one); // warms up
      note(name, await rate(processes, READERS, ask));
    }
    note('events', BATCH * (await rate(processes, SENDERS, (one) => one.ask('POST', '/v1/events', batch()))));
    await settled();
  } finally {
    await Promise.all(processes.map((one) => one.stop()));
  }
}

const brief = (value: number) => Math.round(value).toLocaleString('en');
const spread = (samples: Samples, told: (value: number) => string) =>
  `${told(median(samples))} (${told(Math.min(...samples))} to ${told(Math.max(...samples))})`;

try {
  const [first] = await start(1);
  process.stderr.write(`seeding ${brief(conversations)} conversations\n`);
  await seed(sql, worldOf({ conversations }));
  await first?.stop();
  for (let round = 0; round < rounds; round++) {
    for (const count of round % 2 === 0 ? COUNTS : COUNTS.toReversed()) await measure(count);
    process.stderr.write(`round ${round + 1} of ${rounds}\n`);
  }
  const [{ stored } = { stored: -1 }] = await sql<{ stored: number }[]>`
    select count(*) as stored from events where account_id = ${ACCOUNT}::uuid and conversation_id like 'live-%'`;
  if (stored !== batches * BATCH) throw new Error(`${stored} events are stored, of ${batches * BATCH}`);
  process.stdout.write('| a second | one process | three | three to one |\n| --- | --- | --- | --- |\n');
  for (const [name, by] of figures) {
    const [one, three] = [by.get(1) as Samples, by.get(3) as Samples];
    const cells = [
      name,
      spread(one, brief),
      spread(three, brief),
      spread(ratios(three, one), (value) => value.toFixed(2)),
    ];
    process.stdout.write(`| ${cells.join(' | ')} |\n`);
  }
} finally {
  await sql.end({ timeout: 5 });
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
}
