import { Command, InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../../queries/time/duration.js';
import { examples } from './examples.js';
import { UsageError } from './halt.js';
import { isEncoding } from './input.js';
import { readMapping } from './mapping-file.js';
import { type MapOptions, sourceOf } from './options.js';
import { presetOf } from './preset.js';
import type { Reading } from './road.js';
import { type Plan, runImport, type Streams } from './run.js';
import type { ServiceOptions } from './service.js';

interface Options extends MapOptions {
  url: URL;
  key?: string;
  format?: 'events' | 'messages';
  csv?: true;
  delimiter?: string;
  encoding?: string;
  preset?: string;
  mapping?: string;
  dryRun?: true;
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
    .summary('send files of events, tables of messages, or exports of other products to a running service')
    .description(
      'Sends files to a running service: events (NDJSON or JSON), tables of messages (CSV, NDJSON or JSON), or exports of\n' +
        'other products. It looks at each file first and says what it found. Gzip is decompressed.\n' +
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
      new Option(
        '--format <format>',
        'what a record is: an event, or a row of a table of messages (default: by its looks)',
      ).choices(['events', 'messages']),
    )
    .option('--map <field=path>', 'fill a field from a column or a nested key, such as author.id (repeatable)', collect)
    .option(
      '--set <field=value>',
      'fill a field with a constant (repeatable); with --preset, of conversations',
      collect,
    )
    .option(
      '--value <field:word=value,...>',
      'what the words of a field mean; *=value for all others (repeatable)',
      collect,
    )
    .option('--id-from <fields>', 'make ids of these fields, such as conversation_id,time,sender,text')
    .option('--skip-if <path=value>', 'leave out records with this value; true is any (repeatable)', collect)
    .option('--time-zone <zone>', 'the zone of times without offset, such as Europe/Berlin')
    .option('--time-format <format>', 'iso, epoch_s, epoch_ms, excel, or a pattern such as "DD.MM.YYYY HH:mm"')
    .option('--prefix <text>', 'put a text before every conversation_id, to keep products apart')
    .option('--records <path>', 'where a JSON document keeps its records, such as messages')
    .option('--mapping <file>', 'how records become events, as a file (docs/import.md)')
    .option('--preset <name>', 'the product that the files are from (docs/import.md)')
    .option('--csv', 'read as CSV with a header, whatever it looks like')
    .addOption(
      new Option('--delimiter <character>', 'what stands between the cells of CSV; or tab').argParser(delimiterOf),
    )
    .addOption(new Option('--encoding <name>', 'how the text is encoded, such as windows-1252').argParser(encodingOf))
    .option('--dry-run', 'send nothing: show the first ten events, and count; needs no key and no service')
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
  return {
    files,
    reading: readingOf(options),
    concurrency: options.concurrency,
    service: options.dryRun ? null : serviceOf(options),
  };
}

function serviceOf({ key, url, gzip, retryFor }: Options): ServiceOptions {
  const [, keyId, secret] = /^([^:]+):(.+)$/s.exec(key ?? '') ?? [];
  if (keyId === undefined || secret === undefined) {
    throw new UsageError('no key: give --key KEY_ID:SECRET, or set CONVERSATION_REPORTS_KEY to KEY_ID:SECRET');
  }
  return { url, keyId, secret, gzip: gzip ?? false, retryForMs: retryFor, deadlineMs: REQUEST_DEADLINE_MS };
}

/** The options that make a mapping of their own. */
const OWN = { map: '--map', value: '--value', idFrom: '--id-from' } as const;
/** A mapping file says its constants itself; a preset takes those of conversations. */
const SET = { set: '--set' } as const;
/** Those that also go with a mapping file; a preset takes the last two. */
const OF_TIMES = { timeZone: '--time-zone', timeFormat: '--time-format' } as const;
const OF_ALL = { skipIf: '--skip-if', prefix: '--prefix' } as const;

function readingOf(options: Options): Reading {
  const { format, preset, mapping } = options;
  const given = (names: Partial<Record<keyof Options, string>>) =>
    Object.entries(names).flatMap(([key, name]) => (options[key as keyof Options] === undefined ? [] : [name]));
  const common = {
    format,
    isCsv: options.csv ?? false,
    ...(options.delimiter === undefined ? {} : { delimiter: options.delimiter }),
    ...(options.encoding === undefined ? {} : { encoding: options.encoding }),
    ...(options.records === undefined ? {} : { records: options.records }),
  };
  const refuse = (names: string[], why: string) => {
    if (names.length > 0) throw new UsageError(`${names.join(', ')}: ${why}`);
  };
  if (preset !== undefined && mapping !== undefined) throw new UsageError('--preset and --mapping: one of them');
  if (preset !== undefined || mapping !== undefined) {
    refuse(
      given({ ...OWN, ...(mapping === undefined ? {} : SET), format: '--format' }),
      `not beside ${preset === undefined ? '--mapping' : '--preset'}, which says it all`,
    );
  }
  if (mapping !== undefined) return { ...common, ...readMapping(mapping, options), from: 'mapping' };
  if (preset !== undefined) {
    return { ...common, source: presetOf(preset, options), from: 'preset' };
  }
  const own = given({ ...OWN, ...SET, ...OF_TIMES, ...OF_ALL });
  if (format === 'events') refuse(own, 'not beside --format events, which go as they are');
  if (format === 'messages' || own.length > 0) return { ...common, source: sourceOf(options), from: 'options' };
  return { ...common, source: undefined, from: undefined };
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

function delimiterOf(text: string): string {
  const delimiter = /^(?:tab|\\t)$/i.test(text) ? '\t' : text;
  if (delimiter.length !== 1 || /["\r\n]/.test(delimiter)) throw new InvalidArgumentError('One character, or tab.');
  return delimiter;
}

function encodingOf(text: string): string {
  if (!isEncoding(text)) throw new InvalidArgumentError('Such as utf-8, utf-16le, windows-1252 or shift_jis.');
  return /^utf-?8$/i.test(text) ? 'utf-8' : text.toLowerCase();
}
