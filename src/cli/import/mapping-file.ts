import { readFileSync } from 'node:fs';
import { isScalar, LineCounter, parseDocument, visit } from 'yaml';
import { compile } from '../../sources/compile.js';
import { parseMapping } from '../../sources/mapping.js';
import type { Source } from '../../sources/source.js';
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
