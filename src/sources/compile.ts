import { isLosslessNumber, stringify } from 'lossless-json';
import { attributes, commonFields, eventTypes } from '../queries/ingest/fields.js';
import { parseJson } from '../queries/ingest/json.js';
import * as kinds from '../queries/ingest/kinds.js';
import { idFrom } from './ids.js';
import type { Condition, EventMapping, FieldSource, Mapping } from './mapping.js';
import { type Path, pathOf, valueAt, valuesAt } from './paths.js';
import { type Event, ignored, type Mapped, nothing, type Source } from './source.js';
import { shown, type TimeForm, timeFrom } from './times.js';
import { usesOf } from './uses.js';

/** A value, nothing, or what is wrong with it. */
type Read = (record: unknown, element: unknown) => unknown | Fault;

class Fault {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** A source from a mapping. */
export function compile(name: string, mapping: Mapping): Source {
  const skips = mapping.skip_if.map(conditionOf);
  const makers = mapping.events.map((event) => makerOf(event, mapping));
  return {
    name,
    about: `records by the mapping ${name}`,
    ...(mapping.records === undefined ? {} : { records: mapping.records }),
    reads: usesOf(mapping),
    map(record) {
      if (skips.some((skip) => skip(record, record))) return ignored('left out by skip_if');
      const mapped = nothing();
      for (const make of makers) make(record, mapped);
      if (mapped.events.length === 0 && mapped.faults.length === 0 && mapped.ignored.length === 0) {
        mapped.ignored.push('makes no event');
      }
      return mapped;
    },
  };
}

type Maker = (record: unknown, mapped: Mapped) => void;

function makerOf(event: EventMapping, mapping: Mapping): Maker {
  const each = event.each === undefined ? null : pathOf(event.each);
  const when = event.when === undefined ? null : conditionOf(event.when);
  const known = { ...commonFields, ...eventTypes[event.type] };
  const fields = Object.entries(event.fields).map(([field, from]) => ({
    field,
    isNeeded: known[field]?.needed === true,
    read: readerOf(from, (known[field] as { kind: kinds.Kind }).kind, mapping),
  }));
  const conversation = Object.entries(event.conversation).map(([field, from]) => ({
    field,
    read: readerOf(from, (attributes as Record<string, kinds.Kind>)[field] as kinds.Kind, mapping),
  }));

  return (record, mapped) => {
    const elements = each === null ? [record] : valuesAt(each, record, record);
    for (const [n, element] of elements.entries()) {
      if (when !== null && !when(record, element)) continue;
      const made: Event = { type: event.type };
      const faults: string[] = [];
      const place = each === null ? '' : `${event.each?.replace(/\[\]$/, '')}[${n}]: `;
      for (const { field, isNeeded, read } of fields) {
        const value = read(record, element);
        if (value instanceof Fault) faults.push(`${place}${field}: ${value.message}`);
        else if (value !== undefined) made[field] = value;
        else if (isNeeded)
          faults.push(`${place}${field}: there is nothing at ${whereOf(event.fields[field] as FieldSource)}`);
      }
      const about: Record<string, unknown> = {};
      for (const { field, read } of conversation) {
        const value = read(record, element);
        if (value instanceof Fault) faults.push(`${place}conversation.${field}: ${value.message}`);
        else if (value !== undefined) about[field] = value;
      }
      if (faults.length > 0) {
        mapped.faults.push(...faults);
        continue;
      }
      if (event.id_from !== undefined && made.id === undefined)
        made.id = idFrom([event.type, ...event.id_from.map((name) => made[name])]);
      if (mapping.prefix !== '') made.conversation_id = `${mapping.prefix}${made.conversation_id}`;
      if (Object.keys(about).length > 0) made.conversation = about;
      mapped.events.push(made);
    }
  };
}

const whereOf = (from: FieldSource): string => {
  if (typeof from === 'string') return from;
  if ('from' in from) return [from.from].flat().join(' or ');
  return 'join' in from ? from.join.join(' and ') : 'its constant';
};

function readerOf(from: FieldSource, kind: kinds.Kind, mapping: Mapping): Read {
  if (typeof from === 'object' && 'const' in from) return () => converted(from.const, kind);
  if (typeof from === 'object' && 'join' in from) {
    const paths = from.join.map(pathOf);
    return (record, element) => {
      const values = paths.map((path) => valueAt(path, record, element));
      return values.every((value) => value === undefined)
        ? undefined
        : values.map((value) => textOf(value ?? '')).join(from.with ?? '-');
    };
  }
  const detailed = typeof from === 'object' ? from : { from };
  const paths = [detailed.from].flat().map(pathOf);
  const form: TimeForm = {
    format: detailed.format ?? mapping.time_format,
    zone: detailed.time_zone ?? mapping.time_zone,
  };
  const words = detailed.values === undefined ? null : new Map(Object.entries(detailed.values));
  return (record, element) => {
    const value = isList(kind) ? everyOf(paths, record, element) : firstOf(paths, record, element);
    if (value === undefined) return detailed.else === undefined ? undefined : converted(detailed.else, kind);
    if (words !== null) {
      const word = words.get(textOf(value));
      if (word !== undefined) return converted(word, kind);
      if (detailed.else !== undefined) return converted(detailed.else, kind);
      return new Fault(`${shown(value)} is not among the values ${[...words.keys()].join(', ')}`);
    }
    if (kind === kinds.time) {
      const read = timeFrom(value, form);
      return 'time' in read ? read.time : new Fault(read.fault);
    }
    return converted(value, kind);
  };
}

/** Whether a field is a list of texts: it takes every value of its path. */
const isList = (kind: kinds.Kind) => kind === kinds.texts || kind === kinds.union;

function firstOf(paths: Path[], record: unknown, element: unknown): unknown {
  for (const path of paths) {
    const value = valueAt(path, record, element);
    if (value !== undefined) return value;
  }
  return undefined;
}

function everyOf(paths: Path[], record: unknown, element: unknown): unknown {
  const values = paths.flatMap((path) => {
    const found = valuesAt(path, record, element).flat();
    // One text where a list is wanted, as a table has it, holds the list.
    return path.steps.some(({ isEach }) => isEach)
      ? found
      : found.flatMap((value) => (typeof value === 'string' ? listIn(value) : [value]));
  });
  return values.length === 0 ? undefined : values;
}

/**
 * A value as its field takes it: numbers become texts where a text is wanted, and texts become numbers, truths, objects and
 * lists. What cannot be converted stays as it is, so that the service says what is wrong.
 */
export function converted(value: unknown, kind: kinds.Kind): unknown {
  if (kind.accepts(value)) return value;
  if (kind === kinds.texts)
    return (Array.isArray(value) ? value : listIn(value)).map((item) => textOf(item).slice(0, 200));
  if (typeof value === 'object' && !isLosslessNumber(value)) return value;
  if (typeof value !== 'string') return kind.accepts(textOf(value)) ? textOf(value) : value;
  const text = /^(?:true|false)$/i.test(value) ? value.toLowerCase() : value;
  try {
    const parsed: unknown = parseJson(` ${text}`); // the blank, because it finds long numbers by what is before them
    return kind.accepts(parsed) ? parsed : value;
  } catch {
    return value;
  }
}

/** The items of a list that came as one text: JSON, or texts with commas between them. */
function listIn(value: unknown): unknown[] {
  const text = textOf(value);
  if (text.startsWith('[')) {
    try {
      const parsed: unknown = parseJson(text);
      if (Array.isArray(parsed)) return parsed;
    } catch {
      // no JSON: one text
    }
  }
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

const textOf = (value: unknown): string =>
  typeof value === 'object' && value !== null && !isLosslessNumber(value) ? (stringify(value) ?? '') : String(value);

/** Whether a record meets a condition: each of its paths leads to one of its values. */
export function conditionOf(condition: Condition): (record: unknown, element: unknown) => boolean {
  const tests = Object.entries(condition).map(([text, wanted]) => {
    const path = pathOf(text);
    const all = [wanted].flat();
    return (record: unknown, element: unknown) => {
      const values = valuesAt(path, record, element);
      return all.some((one) => {
        if (
          one === true &&
          !values.some((value) => typeof value === 'boolean' || /^(true|false)$/i.test(String(value)))
        )
          return values.length > 0;
        if (one === false && values.length === 0) return true;
        return values.some((value) => textOf(value).toLowerCase() === textOf(one).toLowerCase());
      });
    };
  });
  return (record, element) => tests.every((test) => test(record, element));
}
