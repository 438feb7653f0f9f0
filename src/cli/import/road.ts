import { hasPath, pathOf } from '../../sources/paths.js';
import { presets } from '../../sources/presets/index.js';
import type { Source, Use } from '../../sources/source.js';
import { ImportError, UsageError } from './halt.js';
import { type Input, peek } from './input.js';
import { type Look, look } from './look.js';
import { bytesOf, isColumnOf, missingIn, type Road, readRecords } from './records.js';

/** What the command line says of the inputs. */
export interface Reading {
  /** What makes events of records: the options, a mapping file or a preset; undefined if nothing is said. */
  source: Source | undefined;
  /** Where the source is from. */
  from: 'options' | 'mapping' | 'preset' | undefined;
  format: 'events' | 'messages' | undefined;
  isCsv: boolean;
  delimiter?: string;
  encoding?: string;
  records?: string;
}

/** Events that are sent as they are, where they come in a JSON document. */
const asTheyAre: Source = {
  name: 'events',
  about: 'events of this service',
  map: (record) => ({ events: [record as { type: string }], ignored: [], faults: [] }),
};

/**
 * Looks at all inputs and decides how each is read. Throws a UsageError with every fault: what is no text, what nobody can
 * make events of, tables without a column that they need.
 */
export async function findRoads(inputs: readonly Input[], reading: Reading, signal: AbortSignal): Promise<Road[]> {
  const roads: Road[] = [];
  const faults: string[] = [];
  for (const input of inputs) {
    const { head, isWhole, isBroken } = await peek(input, signal);
    try {
      const wanted = { ...reading, isText: reading.source?.lines !== undefined };
      const found = look(input.name, head, isWhole, wanted);
      if (found.form === 'empty' && isBroken) found.says = ''; // the reading will tell
      roads.push(roadOf(input, found, reading));
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(error.message);
    }
  }
  if (faults.length === 0) faults.push(...(await missingColumns(roads, signal)));
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return roads;
}

function roadOf(input: Input, found: Look, reading: Reading): Road {
  const { source, from, format } = reading;
  const { name } = input;
  if (found.form === 'empty') return { input, look: found, source: null, records: null };
  if (format === 'events' || (source === undefined && found.isEvents)) {
    if (found.form === 'lines') return { input, look: found, source: null, records: null };
    if (found.form === 'json') return withRecords({ input, look: found, source: asTheyAre, records: null }, reading);
    throw new UsageError(`${name}: ${found.says}, which holds no events: say what its columns mean with --map`);
  }
  if (from === 'options' && format === undefined && found.isEvents) {
    throw new UsageError(
      `${name}: events already, which --map and --set do not change; if its lines are rows of a table, say --format messages`,
    );
  }
  const guessed = source ?? guessOf(found);
  const ofText =
    guessed === undefined || (found.form === 'text' && guessed.lines === undefined) ? presetOfText(found) : undefined;
  if (ofText !== undefined) throw new UsageError(`${name}: ${ofText}`);
  if (guessed === undefined) throw new UsageError(`${name}: ${whatItIs(found)}`);
  if (found.form === 'text' && guessed.lines === undefined) {
    throw new UsageError(`${name}: plain text: neither JSON, nor a table whose lines have the same number of cells`);
  }
  return withRecords({ input, look: found, source: guessed, records: null }, reading);
}

/** The preset that surely reads the document, or its first records, if exactly one does. */
function guessOf(found: Look): Source | undefined {
  const sure = Object.values(presets).filter((preset) => isOfDocument(preset, found) || isOfRecords(preset, found));
  return sure.length === 1 ? sure[0] : undefined;
}

const isOfDocument = (preset: Source, { document }: Look) =>
  document !== undefined && preset.recognizes?.(document) === true;
const isOfRecords = (preset: Source, { first }: Look) =>
  first.length > 0 && first.every((record) => preset.recognizes?.(record) === true);

/** What to say of a file whose first line is one of a product that exports plain text. */
function presetOfText({ start }: Look): string | undefined {
  const preset = Object.values(presets).find(({ recognizesLine }) => recognizesLine?.(start));
  if (preset === undefined) return undefined;
  const times = preset.takes?.includes('time_zone') ? ' --time-zone ZONE' : '';
  return `its first line looks like ${preset.about}: say --preset ${preset.name}${times}`;
}

function whatItIs({ form, says, first }: Look): string {
  if (form === 'text') return 'plain text: neither JSON, nor a table whose lines have the same number of cells';
  const names = [...new Set(first.flatMap((record) => Object.keys(record ?? {})))].slice(0, 40);
  const has = names.length === 0 ? '' : ` with ${names.map((name) => JSON.stringify(name)).join(', ')}`;
  return `${says}. Its records${has} are no events: say what they mean with --map, --mapping or --preset`;
}

function withRecords(road: Road, reading: Reading): Road {
  return road.look.form === 'json' ? { ...road, records: pathOfRecords(road, reading) } : road;
}

/** Where a JSON document keeps its records; null if it is one record itself. */
function pathOfRecords({ input, look, source }: Road, reading: Reading): string | null {
  const lists = look.lists ?? [];
  const isList = lists[0] === '';
  const named = (reading.records ?? source?.records)?.replace(/^\$?\.?/, '').replace(/\[\]$/, '');
  if (named !== undefined) {
    if (!isList || named === '' || named.startsWith('[]')) return named;
    return look.first.some((record) => hasPath(pathOf(named), record)) ? `[].${named}` : ''; // a list of documents
  }
  if (isList) return '';
  const isRead = (list: string) => source?.reads?.some(({ path }) => path.text.startsWith(`${list}[]`));
  if (lists.length === 0 || lists.some(isRead)) return null;
  if (source?.recognizes !== undefined)
    return isOfDocument(source, look) || !isOfRecords(source, look) ? null : (lists[0] ?? null);
  if (reading.from === 'preset') return null;
  if (lists.length === 1) return lists[0] as string;
  throw new UsageError(`${input.name}: ${look.says}: say which with --records ${lists.join(' or --records ')}`);
}

/** What the tables lack: those of CSV each, the others together, as their rows need not all have every key. */
async function missingColumns(roads: readonly Road[], signal: AbortSignal): Promise<string[]> {
  const faults: string[] = [];
  for (const { input, look, source } of roads) {
    if (look.form !== 'csv') continue;
    const header = (look.csv?.rows[0] ?? []).map((name) => name.trim());
    const missing = missingIn(source?.reads, [Object.fromEntries(header.map((name) => [name, null]))], header);
    faults.push(...missing.map((fault) => `${input.name}: ${fault}`));
  }
  const others = roads.filter(
    ({ look, source }) => look.form !== 'csv' && source?.reads?.some(({ because }) => because),
  );
  if (others.some(({ input }) => input.size === undefined)) return faults; // told at the end, as it can be read only once
  const columns = new Columns(() => {});
  let isEmpty = true;
  for (const road of others) {
    try {
      for await (const records of readRecords(
        road,
        bytesOf(road, signal, () => {}),
        () => {},
      )) {
        for (const record of records) {
          if ('faults' in record) continue;
          isEmpty = false;
          columns.see(record.value, road.source?.reads);
        }
        if (!isEmpty && columns.missing().length === 0) return faults;
      }
    } catch (error) {
      if (!(error instanceof ImportError)) throw error; // the reading will tell, after what it could read
    }
  }
  const names = others.map(({ input }) => input.name).join(', ');
  return isEmpty ? faults : [...faults, ...columns.missing().map((fault) => `${names}: ${fault}`)];
}

/** Maximum number of ignored columns to name: in a table whose keys are data there would be no end of them. */
const MAX_NAMED = 100;

/** Compares the columns that records have with those that their source reads. */
export class Columns {
  readonly #onIgnored: (names: readonly string[]) => void;
  readonly #known = new Map<string, boolean>();
  #pending: Use[] | undefined;
  #named = 0;

  /** `onIgnored` is called once for every column that the source does not read. */
  constructor(onIgnored: (names: readonly string[]) => void) {
    this.#onIgnored = onIgnored;
  }

  see(record: unknown, reads: readonly Use[] | undefined): void {
    if (reads === undefined || typeof record !== 'object' || record === null) return;
    this.#pending ??= reads.filter(({ because }) => because !== undefined);
    if (this.#pending.length > 0) this.#pending = this.#pending.filter(({ path }) => !hasPath(path, record));
    this.seeNames(Object.keys(record), reads);
  }

  seeNames(names: readonly string[], reads: readonly Use[]): void {
    const ignored: string[] = [];
    for (const name of names) {
      if (this.#known.has(name) || this.#named >= MAX_NAMED) continue;
      const isUsed = reads.some((use) => isColumnOf(use, name));
      this.#known.set(name, isUsed);
      if (isUsed) continue;
      this.#named += 1;
      ignored.push(name);
    }
    if (ignored.length > 0) this.#onIgnored(ignored);
  }

  /** Messages for what no record has had so far; empty once all was seen. */
  missing(): string[] {
    const found = [...this.#known.keys()];
    return missingIn(this.#pending, [], found);
  }
}
