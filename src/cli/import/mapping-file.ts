import { readFileSync } from 'node:fs';
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { isZone } from '../../queries/time/zone.js';
import { compile, conditionOf } from '../../sources/compile.js';
import { parseMapping } from '../../sources/mapping.js';
import { presets } from '../../sources/presets/index.js';
import { type Configuration, ignored, type Source } from '../../sources/source.js';
import { isTimeFormat } from '../../sources/times.js';
import { UsageError } from './halt.js';
import { conditionIn, inOptions, type MapOptions, topOf } from './options.js';

const MAX_BYTES = 1024 * 1024;

/** What YAML faults say, in our words. */
const WORDS: Record<string, string> = {
  BAD_INDENT: 'is indented in a way that fits no line before it',
  TAB_AS_INDENT: 'is indented by a tab: YAML wants spaces',
  DUPLICATE_KEY: 'stands twice here',
  BAD_ALIAS: 'names an anchor that is not there',
  MISSING_CHAR: 'lacks a comma, a quote or a closing bracket',
  UNEXPECTED_TOKEN: 'does not fit here',
  BLOCK_AS_IMPLICIT_KEY: 'has two colons on one line: put a text with a colon in quotes',
  MULTILINE_IMPLICIT_KEY: 'has no colon after its key',
};

/**
 * The source of a mapping file, in YAML or JSON; options for the top of the mapping win over it. Throws a UsageError with
 * every fault and its line and column.
 */
export function readMapping(file: string, options: MapOptions): { source: Source } {
  const lines = new LineCounter();
  const document = parseDocument(textOf(file), { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${file}, line ${line}, column ${col}`;
  };
  if (document.errors.length > 0) {
    throw new UsageError(
      document.errors.map(({ code, pos }) => `${placeAt(pos[0])}: ${WORDS[code] ?? 'is not YAML'}`).join('\n'),
    );
  }
  // A number that would read differently than it is written (010, 1.0, a long id) stays the text that was written.
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'number' && node.source !== undefined && String(node.value) !== node.source)
        node.value = node.source;
    },
  });
  const raw = objectIn(file, document) as Record<string, unknown>;
  const skips = (options.skipIf ?? []).map(conditionIn);
  const whole = { ...raw, ...topOf(options) };
  if (skips.length > 0) whole.skip_if = [...[raw.skip_if ?? []].flat(), ...skips];
  const parsed = parseMapping(whole);
  if ('mapping' in parsed) return { source: compile(file, parsed.mapping) };
  const faults = parsed.faults.map((fault) => {
    if (Object.hasOwn(topOf(options), String(fault.path[0]))) return inOptions(fault);
    for (let length = fault.path.length; length >= 0; length -= 1) {
      const node = length === 0 ? document.contents : document.getIn(fault.path.slice(0, length), true);
      const range =
        isScalar(node) || (node !== null && typeof node === 'object') ? (node as { range?: number[] }).range : null;
      const name = fault.path
        .map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
        .join('')
        .slice(1);
      if (range?.[0] !== undefined) return `${placeAt(range[0])}: ${name} ${fault.message}`;
    }
    return `${file}: ${fault.message}`;
  });
  throw new UsageError(faults.join('\n'));
}

function textOf(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_BYTES) throw new UsageError(`${file}: longer than a mapping can be: is it the data?`);
    return bytes.toString().replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(`--mapping ${file}: ${code === 'ENOENT' ? 'no such file' : `cannot be read (${code})`}`);
  }
}

function objectIn(file: string, document: ReturnType<typeof parseDocument>): unknown {
  try {
    const value: unknown = document.toJS();
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    throw new UsageError(`${file}: repeats its anchors too often`);
  }
  throw new UsageError(`${file}: a mapping has events: [...], and no more than a few keys beside it`);
}

/** Throws a UsageError where options say of the times of a preset what it knows, or what is not valid. */
function checkTimes(name: string, preset: Source, { time_zone, time_format }: Configuration): void {
  if (preset.configured === undefined) {
    const options = [time_zone === undefined ? [] : '--time-zone', time_format === undefined ? [] : '--time-format'];
    throw new UsageError(
      `${options.flat().join(', ')}: not beside --preset ${name}, which knows how its times are written`,
    );
  }
  if (time_zone !== undefined && !isZone(time_zone)) {
    throw new UsageError(`--time-zone ${time_zone}: must be a name of the tz database, such as Europe/Berlin`);
  }
  if (time_format !== undefined && !isTimeFormat(time_format)) {
    throw new UsageError(`--time-format ${time_format}: must be a pattern, such as DD/MM/YYYY`);
  }
}

/** The source of a product by its name, with --prefix and --skip-if. Throws a UsageError that names them all. */
export function presetOf(name: string, { prefix, skipIf = [], timeZone, timeFormat }: MapOptions): Source {
  const found = Object.hasOwn(presets, name) ? presets[name] : undefined;
  const how = {
    ...(timeZone === undefined ? {} : { time_zone: timeZone }),
    ...(timeFormat === undefined ? {} : { time_format: timeFormat }),
  };
  if (found !== undefined && Object.keys(how).length > 0) checkTimes(name, found, how);
  const preset = found?.configured?.(how) ?? found;
  if (preset === undefined) {
    const names = Object.keys(presets);
    throw new UsageError(
      `--preset ${name}: ${names.length === 0 ? 'there are no presets' : `must be one of ${names.join(', ')}`}`,
    );
  }
  const skips = skipIf.map((text) => conditionOf(conditionIn(text)));
  if (prefix === undefined && skips.length === 0) return preset;
  return {
    ...preset,
    map(record) {
      if (skips.some((skip) => skip(record, record))) return ignored('left out by --skip-if');
      const mapped = preset.map(record);
      for (const event of mapped.events) event.conversation_id = `${prefix ?? ''}${event.conversation_id}`;
      return mapped;
    },
  };
}
