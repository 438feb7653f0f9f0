import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command, InvalidArgumentError, Option } from 'commander';
import { canonical, type Read } from './canonical.js';
import { chart } from './chart.js';
import { openDuck } from './duck.js';
import { ingestTable, type Line, loadTable, median, mixTable, ratios, readTable, summary, toDuck } from './figures.js';
import { benchIngest } from './ingest.js';
import { benchLoad, type LoadFigures } from './load.js';
import { benchMix, type MixFigures } from './mix.js';
import { queries } from './queries.js';
import { benchReads, parties, type ReadFigures } from './reads.js';
import { seed, type World, worldOf } from './seed.js';
import { startService } from './service.js';

/**
 * `npm run bench`: the service beside COPY, SQL by hand, DuckDB, pgbench and a constant route on the same machine,
 * interleaved in one run. Only ratios travel.
 */
const parts = ['ingest', 'reads', 'queries', 'load', 'mix'];
const readNames = [...canonical(worldOf({ conversations: 1 })), ...queries].map(({ name }) => name);

interface Options {
  conversations?: number;
  bots?: number;
  quick?: true;
  only?: string[];
  json?: string;
  chart?: string;
}

const options = new Command('bench')
  .description('measures the service beside COPY, SQL by hand, DuckDB and pgbench, interleaved in one run')
  .addOption(
    new Option('--conversations <n>', 'conversations that the reads go over (default: 1,000,000)')
      .argParser(wholeNumber)
      .conflicts('bots'),
  )
  .option('--bots <n>', 'n bots of eight conversations a day each, instead of 20 of very different size', wholeNumber)
  .option('--quick', 'a small form, in under two minutes: 50,000 conversations and few rounds')
  .addOption(
    new Option('--only <name...>', 'only these measurements').argParser((name: string, before: string[] = []) => {
      if (parts.includes(name) || readNames.includes(name)) return [...before, name];
      throw new InvalidArgumentError(`it is one of ${[...parts, ...readNames].join(', ')}`);
    }),
  )
  .option('--json <file>', 'write the figures there too')
  .option('--chart <file>', 'draw the reads there as SVG')
  .parse()
  .opts<Options>();

function wholeNumber(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('it must be a whole number above 0');
}

const { quick = false, only } = options;
const world = worldOf({ ...options, conversations: options.conversations ?? (quick ? 50_000 : 1_000_000) });
const sizes = quick
  ? {
      ingest: { rounds: 2, events: 12_000 },
      reads: { least: 3, most: 5, enough: 1_000 },
      load: { rounds: 1, seconds: 2 },
      mix: { seconds: 4 },
    }
  : {
      ingest: { rounds: 7, events: 60_000 },
      reads: { least: 3, most: 15, enough: 20_000 },
      load: { rounds: 5, seconds: 5 },
      mix: { seconds: 20 },
    };

const tell = (text: string) => void process.stderr.write(`${text}\n`);
const say = (text: string) => void process.stdout.write(`${text}\n\n`);
const wants = (part: string) => only === undefined || only.includes(part);

interface Results {
  ingest?: Line[];
  reads: ReadFigures[];
  load?: LoadFigures;
  mix?: MixFigures;
  residentMb?: { now: number; peak: number };
  versions: Record<string, string>;
}

const results: Results = { reads: [], versions: { node: process.version } };
const sameReads = canonical(world);
const reads = [
  ...sameReads.filter(({ name }) => wants('reads') || only?.includes(name)),
  ...queries.filter(({ name }) => wants('queries') || only?.includes(name)),
];
if (wants('ingest')) await ingest();
if (reads.length > 0 || wants('load') || wants('mix')) await ofConversations(world);
if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(figures(), null, 2)}\n`);
if (options.chart !== undefined && results.reads.length > 0)
  writeFileSync(options.chart, chart(results.reads, `Times of ${told(world)}, DuckDB's being 1`));

/** A service of its own, so that the conversations of the reads are the only ones of their account. */
async function ingest(): Promise<void> {
  const service = await startService();
  try {
    tell(`ingest: ${sizes.ingest.rounds} rounds of ${sizes.ingest.events.toLocaleString('en')} events of each kind`);
    results.ingest = await benchIngest(service, sizes.ingest);
    say(ingestTable(results.ingest));
  } finally {
    await service.stop();
  }
}

async function ofConversations(world: World): Promise<void> {
  const service = await startService();
  try {
    const { sql } = service;
    tell(`seeding ${told(world)}`);
    await seed(sql, world);
    const [server] = await sql`select current_setting('server_version') as version`;
    results.versions.postgresql = server?.version;
    if (reads.length > 0) {
      const duck = await openDuck(sql);
      results.versions.duckdb = duck.version;
      try {
        results.reads = await benchReads(service, duck, reads, sizes.reads, tell);
      } finally {
        duck.close();
      }
      say(readTable(results.reads));
    }
    const read = (name: string) => sameReads.find((one) => one.name === name) as Read;
    if (wants('load')) {
      tell('load: query a by 32 connections');
      results.load = await benchLoad(service, read('a'), sizes.load);
      say(loadTable(results.load));
    }
    if (wants('mix')) {
      tell('mix: small panels without and beside heavy reports');
      results.mix = await benchMix(service, read('a'), [read('d'), read('e'), read('f')], sizes.mix);
      say(mixTable(results.mix));
    }
    results.residentMb = { now: service.residentMb(), peak: service.peakMb() };
    say(
      `Resident memory of the service: ${results.residentMb.now} MB at the end, ${results.residentMb.peak} MB at most.`,
    );
  } finally {
    await service.stop();
  }
}

function told(world: World): string {
  const conversations = `${world.conversations.toLocaleString('en')} conversations`;
  return world.isEven ? `${conversations} of ${world.bots.toLocaleString('en')} bots` : conversations;
}

/** All figures, with their medians and spreads worked out. */
function figures() {
  const { ingest, reads, ...rest } = results;
  const rates = ({ ours, peer, ...line }: Line) => ({ ...line, ours, peer, ratio: summary(ratios(ours, peer)) });
  return {
    world,
    sizes,
    cores: availableParallelism(),
    ...rest,
    ...(ingest === undefined ? {} : { ingest: ingest.map(rates) }),
    reads: reads.map((read) => ({
      ...read,
      medians: Object.fromEntries(parties.map((party) => [party, median(read[party])])),
      to_duckdb: { run: summary(toDuck(read, 'run')), http: summary(toDuck(read, 'http')) },
      to_sql: { run: summary(ratios(read.run, read.sql)), http: summary(ratios(read.http, read.sql)) },
    })),
  };
}
