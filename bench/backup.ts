import { createWriteStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { dump } from '../src/database/backup/dump.js';
import { restore } from '../src/database/backup/restore.js';
import { connect, type Sql } from '../src/database/connect.js';
import { startEmbedded } from '../src/database/embedded.js';
import { seed, worldOf } from './seed.js';
import { type Service, startService } from './service.js';

/**
 * `npm run bench:backup`: a backup of a large database while senders go on, restored into another PostgreSQL; all rows
 * are compared with those of its moment by count and hash.
 */
const { conversations, senders } = new Command('backup')
  .description(
    'a backup under load, and its restore: time, size, what the senders felt, and whether all rows are equal',
  )
  .option('--conversations <n>', 'conversations in the database', Number, 1_000_000)
  .option('--senders <n>', 'senders, each with a batch of 200 events at a time', Number, 4)
  .parse()
  .opts<{ conversations: number; senders: number }>();

/** Milliseconds for which the senders are counted without a backup. */
const ALONE = 10_000;

interface Senders {
  /** Events acknowledged so far. */
  count(): number;
  stop(): Promise<void>;
}

function startSenders(service: Service): Senders {
  let batches = 0;
  let stopped = false;
  const work = async (sender: number) => {
    for (let n = 0; !stopped; n++) {
      const name = `live-${sender}-${n}`;
      const lines = Array.from({ length: 200 }, (_, k) =>
        JSON.stringify({
          ...{ id: `${name}-${k}`, type: 'message', conversation_id: `live-${sender}-${n}-${k % 40}` },
          ...{ time: new Date(Date.UTC(2024, 3, 1) + n * 60_000 + k * 1_000).toISOString() },
          ...{ sender: k % 2 === 0 ? 'user' : 'bot', text: 'Could somebody look at my order, please?' },
          conversation: { bot_id: 'bot-1', bot_version: 'LIVE', channel: 'web' },
        }),
      );
      await service.ask('POST', '/v1/events', lines.join('\n'));
      batches++;
    }
  };
  const working = Promise.all(Array.from({ length: senders }, (_, n) => work(n)));
  return {
    count: () => batches * 200,
    async stop() {
      stopped = true;
      await working;
    },
  };
}

/** The count and hash of the rows of each table. */
async function hashes(sql: Sql): Promise<Record<string, string>> {
  const tables = await sql<{ name: string }[]>`
    select relname as name from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
      and relname not like 'schema_%' order by 1`;
  const all: Record<string, string> = {};
  for (const { name } of tables) {
    const [row] = await sql<{ is: string }[]>`
      select count(*) || ' rows ' || coalesce(sum(hashtextextended(t::text, 0)::numeric), 0) as is from ${sql(name)} t`;
    all[name] = row?.is ?? '';
  }
  return all;
}

const seconds = (ms: number) => `${(ms / 1000).toFixed(1)} s`;
const MB = 1_000_000;
const say = (text: string) => process.stdout.write(`${text}\n`);

const dir = mkdtempSync(join(tmpdir(), 'reports-backup-'));
const service = await startService();
try {
  say(`seeding ${conversations.toLocaleString('en')} conversations`);
  await seed(service.sql, worldOf({ conversations }));
  const [{ size } = { size: 0 }] = await service.sql<{ size: number }[]>`
    select pg_database_size(current_database()) as size`;
  const running = startSenders(service);
  await new Promise((resolve) => setTimeout(resolve, ALONE));
  const alone = running.count() / (ALONE / 1000);

  const file = join(dir, 'reports.backup');
  const source = connect(service.target, { max: 1, statementTimeout: 0 });
  let truth: Record<string, string> = {};
  let [started, sentBefore] = [0, 0];
  const { rows } = await dump(source, createWriteStream(file), {
    async onSnapshot(tx) {
      truth = await hashes(tx);
      [started, sentBefore] = [performance.now(), running.count()];
    },
  });
  const took = performance.now() - started;
  const beside = (running.count() - sentBefore) / (took / 1000);
  await running.stop();
  await source.end();
  const memory = Math.round(process.resourceUsage().maxRSS / 1024);

  const other = await startEmbedded({ dir: join(dir, 'other') });
  const sql = connect(other.connection, { max: 1, statementTimeout: 0 });
  try {
    const begun = performance.now();
    await restore(sql, file);
    const restored = performance.now() - begun;
    const found = await hashes(sql);
    const different = Object.keys(truth).filter((table) => truth[table] !== found[table]);
    say(
      `rows ${rows.toLocaleString('en')}; database ${Math.round(size / MB)} MB, file ${Math.round(statSync(file).size / MB)} MB`,
    );
    say(
      `backup ${seconds(took)}, restore ${seconds(restored)}; memory of the process that wrote it ${memory} MB at most`,
    );
    say(`senders ${Math.round(alone)} events/s alone, ${Math.round(beside)} events/s beside the backup`);
    say(`tables that differ: ${different.length} of ${Object.keys(truth).length} ${different.join(', ')}`);
    if (different.length > 0) process.exitCode = 1;
  } finally {
    await sql.end();
    await other.stop();
  }
} finally {
  await service.stop();
  rmSync(dir, { recursive: true, force: true });
}
