import type { Kind } from '../../queries/ingest/kinds.js';
import { constantToJson } from './convert.js';
import { UsageError } from './errors.js';
import { messageKinds } from './fields.js';

/** A field of a `message` event that a column or a constant fills. */
export interface Target {
  /** `event`: a field of the event itself; `conversation`: an attribute below its `conversation`. */
  place: 'event' | 'conversation';
  name: string;
  kind: Kind;
}

/** The parsed --map and --set: how a row of a table becomes a `message` event. */
export interface Mapping {
  /** Column name -> the field that it fills. */
  columns: ReadonlyMap<string, readonly Target[]>;
  /** Required columns -> the message for a table that lacks one. */
  needed: ReadonlyMap<string, string>;
  /** The constants as JSON members, each with a leading comma: `,"sender":"user"`. */
  constants: Readonly<Record<Target['place'], string>>;
}

/** Columns that are used under their own names unless an option fills the field, and whether an event requires them. */
const OWN_NAMES = { id: true, time: true, conversation_id: true, text: false };

/**
 * Parses `FIELD=COLUMN` of --map and `FIELD=VALUE` of --set. Throws a UsageError with every fault: an unknown field, a
 * field filled twice, a constant of the wrong kind, no sender.
 */
export function parseMapping(maps: readonly string[], sets: readonly string[]): Mapping {
  const faults: string[] = [];
  const filled = new Set<string>();
  const columns = new Map<string, Target[]>();
  const needed = new Map<string, string>();
  const constants = { event: '', conversation: '' };

  const each = (
    option: string,
    texts: readonly string[],
    use: (target: Target, value: string, text: string) => void,
  ) => {
    for (const text of texts) {
      try {
        const [field, value] = splitAtEquals(text);
        const target = targetOf(field);
        if (filled.has(keyOf(target))) throw new UsageError(`${field} is filled twice`);
        filled.add(keyOf(target));
        use(target, value, text);
      } catch (error) {
        if (!(error instanceof UsageError)) throw error;
        faults.push(`${option} ${text}: ${error.message}`);
      }
    }
  };
  const take = (column: string, target: Target) => columns.set(column, [...(columns.get(column) ?? []), target]);

  each('--map', maps, (target, column, text) => {
    take(column, target);
    needed.set(column, `no column ${JSON.stringify(column)}, which --map ${text} names`);
  });
  each('--set', sets, (target, value) => {
    const json = constantToJson(target.kind, value);
    if (json === undefined) throw new UsageError(`must be ${target.kind.says}`);
    constants[target.place] += `,${JSON.stringify(target.name)}:${json}`;
  });
  for (const [name, isNeeded] of Object.entries(OWN_NAMES)) {
    const target = targetOf(name);
    if (filled.has(keyOf(target))) continue;
    take(name, target);
    if (isNeeded) needed.set(name, `no column "${name}": name the one with --map ${name}=COLUMN`);
  }
  if (!filled.has('event.sender')) {
    faults.push('nothing says who wrote: --map sender=COLUMN, or --set sender=user (or bot, or agent)');
  }
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return { columns, needed, constants };
}

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
