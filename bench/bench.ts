import { writeFileSync } from 'node:fs';
import { Command } from 'commander';
import { median, ratios, table } from './figures.js';
import { benchIngest } from './ingest.js';
import { benchReads } from './reads.js';
import { startService } from './service.js';

/** `npm run bench`: the service beside what PostgreSQL does by itself, interleaved in one run. Only ratios travel. */
const program = new Command('bench')
  .description('measures the service beside plain PostgreSQL on the same server, interleaved in one run')
  .option('--quick', 'a small form, in under two minutes')
  .option('--conversations <n>', 'conversations that the reads go over', Number, 1_000_000)
  .option('--json <file>', 'write the figures there too');

const options = program.parse().opts<{ quick?: true; conversations: number; json?: string }>();
const sizes = options.quick
  ? {
      ingest: { rounds: 3, events: 24_000 },
      reads: { rounds: 5, conversations: Math.min(options.conversations, 200_000) },
    }
  : { ingest: { rounds: 7, events: 60_000 }, reads: { rounds: 15, conversations: options.conversations } };

const tell = (what: string) => process.stderr.write(`${what}\n`);

const service = await startService();
try {
  tell(`ingest: ${sizes.ingest.rounds} rounds of ${sizes.ingest.events.toLocaleString('en')} events of each kind`);
  const ingest = await benchIngest(service, sizes.ingest);
  tell(`reads: ${sizes.reads.rounds} rounds over ${sizes.reads.conversations.toLocaleString('en')} conversations`);
  const lines = [...ingest, ...(await benchReads(service, sizes.reads))];
  const resident = service.residentMb();
  process.stdout.write(`${table(lines)}\n\nResident memory of the service at the end: ${resident} MB\n`);
  if (options.json !== undefined)
    writeFileSync(
      options.json,
      `${JSON.stringify({ sizes, lines: lines.map((line) => ({ ...line, ratio: median(ratios(line)) })), resident_mb: resident }, null, 2)}\n`,
    );
} finally {
  await service.stop();
}
