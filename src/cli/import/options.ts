import { attributes, commonFields, eventTypes } from '../../queries/ingest/fields.js';
import type { Kind } from '../../queries/ingest/kinds.js';
import { compile, converted } from '../../sources/compile.js';
import { type MappingFault, parseMapping } from '../../sources/mapping.js';
import { pathOf } from '../../sources/paths.js';
import type { Source, Use } from '../../sources/source.js';
import { UsageError } from './halt.js';

/** The options that say how records become messages, as they were typed. */
export interface MapOptions {
  map?: string[];
  set?: string[];
  value?: string[];
  idFrom?: string;
  skipIf?: string[];
  records?: string;
  timeZone?: string;
  timeFormat?: string;
  prefix?: string;
}

/** The fields that a record can fill, by their place in a `message` event: name -> kind. */
export const messageKinds: Readonly<Record<'event' | 'conversation', Readonly<Record<string, Kind>>>> = {
  event: Object.fromEntries(
    Object.entries({ ...commonFields, ...eventTypes.message }).map(([name, { kind }]) => [name, kind]),
  ),
  conversation: attributes,
};

/** A field of a `message` event that a path or a constant fills. */
interface Target {
  place: 'event' | 'conversation';
  name: string;
  kind: Kind;
}

/** Columns that are used under their own names unless an option fills the field, and whether an event requires them. */
const OWN_NAMES = { id: true, time: true, conversation_id: true, text: false };

/**
 * The source that the options make. Throws a UsageError with every fault: an unknown field, a field filled twice, a constant
 * of the wrong kind, no sender.
 */
export function sourceOf(options: MapOptions): Source {
  const faults: string[] = [];
  const filled = new Map<string, { from: string } | { const: unknown }>();
  const reads: Use[] = [];
  const attempt = (option: string, text: string, work: () => void) => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      faults.push(`${option} ${text}: ${error.message}`);
    }
  };
  const fill = (field: string, target: Target, from: { from: string } | { const: unknown }) => {
    if (filled.has(keyOf(target))) throw new UsageError(`${field} is filled twice`);
    filled.set(keyOf(target), from);
  };

  for (const text of options.map ?? []) {
    attempt('--map', text, () => {
      const [field, path] = splitAtEquals(text);
      fill(field, targetOf(field), { from: path });
      reads.push({ path: pathOf(path), because: `, which --map ${text} names` });
    });
  }
  for (const text of options.set ?? []) {
    attempt('--set', text, () => {
      const [field, value] = splitAtEquals(text);
      const target = targetOf(field);
      const constant = converted(value, target.kind);
      if (!target.kind.accepts(constant)) throw new UsageError(`must be ${target.kind.says}`);
      fill(field, target, { const: constant });
    });
  }
  const idFrom = options.idFrom?.split(',').map((name) => name.trim());
  for (const [name, isNeeded] of Object.entries(OWN_NAMES)) {
    const key = keyOf(targetOf(name));
    if (filled.has(key) || (name === 'id' && idFrom !== undefined)) continue;
    filled.set(key, { from: name });
    const orIds = name === 'id' ? ', or make ids with --id-from conversation_id,time,sender,text' : '';
    const because = `: name the one with --map ${name}=COLUMN${orIds}`;
    reads.push({ path: pathOf(name), ...(isNeeded ? { because } : {}) });
  }
  const words = new Map<string, { values: Record<string, string>; else?: string }>();
  for (const text of options.value ?? []) attempt('--value', text, () => addWords(text, filled, words));
  if (!filled.has('event.sender')) {
    faults.push('nothing says who wrote: --map sender=COLUMN, or --set sender=user (or bot, or agent)');
  }
  const each = eachOf([...filled.values()], faults);
  const skipIf = (options.skipIf ?? []).map((text) => {
    let condition = {};
    attempt('--skip-if', text, () => {
      condition = conditionIn(text);
    });
    for (const path of Object.keys(condition)) reads.push({ path: pathOf(path) });
    return condition;
  });
  if (faults.length > 0) throw new UsageError(faults.join('\n'));

  const event: Record<string, unknown> = { type: 'message' };
  const conversation: Record<string, unknown> = {};
  if (each !== undefined) event.each = each;
  if (idFrom !== undefined && !filled.has('event.id')) event.id_from = idFrom;
  for (const [key, from] of filled) {
    const [place, name = ''] = key.split('.');
    const value = 'const' in from ? from : { from: inElement(from.from, each), ...words.get(key) };
    (place === 'event' ? event : conversation)[name] = value;
  }
  if (Object.keys(conversation).length > 0) event.conversation = conversation;
  const parsed = parseMapping({ ...topOf(options), skip_if: skipIf, events: [event] });
  if ('faults' in parsed) throw new UsageError(parsed.faults.map(inOptions).join('\n'));
  return { ...compile('of the options', parsed.mapping), reads };
}

/** The attributes that `--set` gives to all conversations of a preset. Throws a UsageError with every fault. */
export function attributesOf(texts: readonly string[]): Record<string, unknown> {
  const set: Record<string, unknown> = {};
  const faults = texts.flatMap((text) => {
    try {
      const [field, value] = splitAtEquals(text);
      const name = field.replace(/^conversation\./, '');
      const kind = Object.hasOwn(attributes, name) ? attributes[name] : undefined;
      if (kind === undefined) {
        throw new UsageError(
          `beside --preset it sets an attribute of conversations: ${Object.keys(attributes).join(', ')}`,
        );
      }
      if (Object.hasOwn(set, name)) throw new UsageError(`${name} is set twice`);
      set[name] = converted(value, kind);
      return kind.accepts(set[name]) ? [] : [`--set ${text}: must be ${kind.says}`];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return [`--set ${text}: ${error.message}`];
    }
  });
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return set;
}

/** What stands at the top of a mapping, by the options for it. */
export function topOf({ records, timeZone, timeFormat, prefix }: MapOptions): Record<string, string> {
  const top = { records, time_zone: timeZone, time_format: timeFormat, prefix };
  return Object.fromEntries(Object.entries(top).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A fault of a mapping that options made, in their names. */
export function inOptions({ path, message }: MappingFault): string {
  const [first, , third] = path.map(String);
  const option = { records: '--records', time_zone: '--time-zone', time_format: '--time-format', prefix: '--prefix' }[
    first ?? ''
  ];
  if (option !== undefined) return `${option} ${message}`;
  return third === 'id_from' ? `--id-from ${message}` : `--map ${path.slice(2).join('.')}: ${message}`;
}

/** A condition of --skip-if: `PATH=VALUE`. */
export function conditionIn(text: string): Record<string, string | boolean> {
  const [path, value] = splitAtEquals(text);
  return { [path]: /^(?:true|false)$/i.test(value) ? value.toLowerCase() === 'true' : value };
}

function addWords(
  text: string,
  filled: ReadonlyMap<string, object>,
  words: Map<string, { values: Record<string, string>; else?: string }>,
): void {
  const [, field, list] = /^([^:]+):(.+)$/s.exec(text) ?? [];
  if (field === undefined || list === undefined) throw new UsageError('wants a field, a colon and WORD=VALUE,...');
  const key = keyOf(targetOf(field));
  if (filled.get(key) === undefined || !('from' in (filled.get(key) as object))) {
    throw new UsageError(`no column fills ${field}: --map ${field}=COLUMN`);
  }
  const known = words.get(key) ?? { values: {} };
  for (const pair of list.split(',')) {
    const [word, value] = splitAtEquals(pair);
    if (word === '*') known.else = value;
    else known.values[word] = value;
  }
  words.set(key, known);
}

/** The list whose elements are the messages, if paths lead through one: `messages[]` of `messages[].author.id`. */
function eachOf(values: readonly ({ from: string } | { const: unknown })[], faults: string[]): string | undefined {
  const lists = new Set<string>();
  for (const value of values) {
    const at = 'from' in value ? value.from.lastIndexOf('[].') : -1;
    if (at !== -1 && 'from' in value) lists.add(value.from.slice(0, at + 2));
  }
  if (lists.size > 1)
    faults.push(`--map leads through several lists (${[...lists].join(', ')}): use --mapping for them`);
  return [...lists][0];
}

const inElement = (path: string, each: string | undefined): string => {
  if (each === undefined) return path;
  return path.startsWith(`${each}.`) ? path.slice(each.length + 1) : `$.${path}`;
};

function splitAtEquals(text: string): [field: string, value: string] {
  const at = text.indexOf('=');
  if (at < 1 || at === text.length - 1) throw new UsageError('wants a field, an equals sign and what fills it');
  return [text.slice(0, at), text.slice(at + 1)];
}

/**
 * Resolves a FIELD. A plain name that message and conversation both have (`team_id`, `brain_id`, `tags`, `rule_ids`) is
 * the message's; the prefixes `message.` and `conversation.` are explicit. Throws a UsageError for any other name.
 */
function targetOf(field: string): Target {
  if (field === 'type' || field === 'message.type') throw new UsageError('the type is always message');
  const places = [
    { place: 'event', prefix: 'message.' },
    { place: 'conversation', prefix: 'conversation.' },
  ] as const;
  const prefixed = places.filter(({ prefix }) => field.startsWith(prefix));
  const wanted = prefixed.length > 0 ? prefixed : places;
  for (const { place, prefix } of wanted) {
    const name = field.startsWith(prefix) ? field.slice(prefix.length) : field;
    const kind = Object.hasOwn(messageKinds[place], name) ? messageKinds[place][name] : undefined;
    if (kind !== undefined) return { place, name, kind };
  }
  const known = new Set(wanted.flatMap(({ place }) => Object.keys(messageKinds[place])));
  throw new UsageError(`unknown field; known are ${[...known].join(', ')}`);
}

const keyOf = (target: Target) => `${target.place}.${target.name}`;
