import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../queries/time/duration.js';
import { UsageError } from './errors.js';
import { examples } from './examples.js';
import { parseMapping } from './map.js';
import { isNamedCsv, type Plan, runImport, type Streams } from './run.js';

interface Options {
  url: URL;
  key?: string;
  format: 'events' | 'messages';
  csv?: true;
  map?: string[];
  set?: string[];
  concurrency: number;
  retryFor: number;
  gzip?: true;
}

const REQUEST_DEADLINE_MS = 60_000;
const MAX_CONCURRENCY = 64;
/** With batches of 2,000 the fastest, or within the noise of it, in most runs (docs/benchmarks.md, "Import"). */
const USUAL_CONCURRENCY = 4;

/**
 * The command `import`. Exit status: 0 if every line was stored, 1 if a line was refused or the import was aborted, 2
 * for a wrong command line, 130 after SIGINT. Tests pass their own streams.
 */
export function importCommand(streams: Streams = process): Command {
  return new Command('import')
    .summary('send files of events, or tables of messages, to a running service')
    .description(
      'Sends files to a running service: events as NDJSON, one per line, or a table of messages. Gzip is decompressed.\n' +
        'Duplicates change nothing, so an aborted import continues when the same command is run again.',
    )
    .argument('<file...>', 'files, sent in this order; - is standard input')
    .addOption(
      new Option('--url <url>', 'the service')
        .argParser(urlOf)
        .default(new URL('http://127.0.0.1:3000'), 'http://127.0.0.1:3000'),
    )
    .addOption(
      new Option(
        '--key <key_id:secret>',
        'a key with write permission (visible in the process list, unlike the environment variable)',
      ).env('CONVERSATION_REPORTS_KEY'),
    )
    .addOption(
      new Option('--format <format>', 'what a line contains: an event, or a row of a table of messages')
        .choices(['events', 'messages'])
        .default('events'),
    )
    .option(
      '--csv',
      'read the table as CSV with a header, whatever its name (default: only files named .csv or .csv.gz)',
    )
    .option('--map <field=column>', 'fill a field from a column of the table (repeatable)', collect)
    .option('--set <field=value>', 'fill a field with a constant (repeatable)', collect)
    .option(
      '--concurrency <n>',
      `number of batches sent at the same time, up to ${MAX_CONCURRENCY}`,
      concurrencyOf,
      USUAL_CONCURRENCY,
    )
    .addOption(
      new Option('--retry-for <duration>', 'how long to retry while the service is unavailable: 90s, 10m, 1h or 0')
        .argParser(durationOf)
        .default(600_000, '10m'),
    )
    .option('--gzip', 'compress request bodies, for a slow network')
    .addHelpText('after', examples)
    .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
    .action((files: string[], options: Options, command: Command) => act(files, options, command, streams));
}

async function act(files: string[], options: Options, command: Command, streams: Streams): Promise<void> {
  const interrupt = new AbortController();
  const onSigint = () => {
    if (interrupt.signal.aborted) process.exit(130); // a second signal does not wait for anything
    interrupt.abort();
  };
  process.on('SIGINT', onSigint);
  try {
    process.exitCode = await runImport(planOf(files, options), streams, interrupt.signal);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    command.error(error.message.replace(/^/gm, 'error: '));
  } finally {
    process.off('SIGINT', onSigint);
  }
}

/** Throws a UsageError for options that cannot be combined. */
function planOf(files: string[], options: Options): Plan {
  const { csv = false, map = [], set = [], gzip = false } = options;
  const isTable = options.format === 'messages';
  if (!isTable && (csv || map.length > 0 || set.length > 0)) {
    throw new UsageError('--csv, --map and --set describe a table: they need --format messages');
  }
  const table = files.find(isNamedCsv);
  if (!isTable && table !== undefined)
    throw new UsageError(`${table}: a table, by its name: it needs --format messages`);
  const [, keyId, secret] = /^([^:]+):(.+)$/s.exec(options.key ?? '') ?? [];
  if (keyId === undefined || secret === undefined) {
    throw new UsageError('no key: give --key KEY_ID:SECRET, or set CONVERSATION_REPORTS_KEY to KEY_ID:SECRET');
  }
  return {
    files,
    mapping: isTable ? parseMapping(map, set) : undefined,
    csv,
    concurrency: options.concurrency,
    service: {
      url: options.url,
      keyId,
      secret,
      gzip,
      retryForMs: options.retryFor,
      deadlineMs: REQUEST_DEADLINE_MS,
    },
  };
}

const collect = (text: string, texts: string[] = []) => [...texts, text];

function urlOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !['http:', 'https:'].includes(url.protocol)) throw new InvalidArgumentError('Not an http or https URL.');
  if (url.username || url.password) throw new InvalidArgumentError('The key belongs in --key.');
  if (url.search || url.hash) throw new InvalidArgumentError('A base URL has no query and no fragment.');
  return url;
}

function concurrencyOf(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MAX_CONCURRENCY) throw new InvalidArgumentError(`A number from 1 to ${MAX_CONCURRENCY}.`);
  return count;
}

function durationOf(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new InvalidArgumentError('A duration such as 90s, 10m, 1h or 0.');
  return ms;
}
