import { type Static, type TSchema, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { attributes, commonFields, eventTypes } from '../queries/ingest/fields.js';
import { isZone } from '../queries/time/zone.js';
import { isTimeFormat } from './times.js';

const Constant = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);
const Path = Type.String({ minLength: 1, maxLength: 500 });
const Paths = Type.Union([Path, Type.Array(Path, { minItems: 1, maxItems: 20 })]);

/**
 * Where a value comes from: a path; or the first of some `paths` that leads to something, with other words for its `values`,
 * and a value `else` for none; a constant; or several values joined by a text.
 */
const FieldFrom = Type.Union([
  Path,
  Type.Object(
    {
      from: Paths,
      values: Type.Optional(Type.Record(Type.String(), Constant)),
      else: Type.Optional(Constant),
      format: Type.Optional(Type.String({ maxLength: 100 })),
      time_zone: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  Type.Object({ const: Type.Unknown() }, { additionalProperties: false }),
  Type.Object(
    { join: Type.Array(Path, { minItems: 1, maxItems: 20 }), with: Type.Optional(Type.String({ maxLength: 20 })) },
    { additionalProperties: false },
  ),
]);

/** Values by path; a list of them is any of them. `true` is any value, `false` none. */
const Condition = Type.Record(Type.String(), Type.Union([Constant, Type.Array(Constant)]));

const EventFrom = Type.Object({
  type: Type.Optional(Type.String()),
  each: Type.Optional(Path),
  when: Type.Optional(Condition),
  id_from: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 20 })),
  conversation: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
});

const MappingSchema = Type.Object(
  {
    records: Type.Optional(Path),
    time_format: Type.Optional(Type.String({ maxLength: 100 })),
    time_zone: Type.Optional(Type.String()),
    prefix: Type.Optional(Type.String({ maxLength: 50 })),
    skip_if: Type.Optional(Type.Union([Condition, Type.Array(Condition, { maxItems: 50 })])),
    events: Type.Array(Type.Intersect([EventFrom, Type.Record(Type.String(), Type.Unknown())]), {
      minItems: 1,
      maxItems: 50,
    }),
  },
  { additionalProperties: false },
);

export type FieldSource = Static<typeof FieldFrom>;
export type Condition = Static<typeof Condition>;

/** How an event is made of a record, or of each element of a list in it. */
export interface EventMapping {
  type: string;
  each?: string;
  when?: Condition;
  id_from?: string[];
  /** The fields of the event, by name. */
  fields: Record<string, FieldSource>;
  /** The attributes of its conversation. */
  conversation: Record<string, FieldSource>;
}

/** How the records of a file or of webhooks become events: what `--mapping` and sources take, checked. */
export interface Mapping {
  records?: string;
  time_format: string;
  time_zone: string | null;
  prefix: string;
  /** Records that meet any of them are left out. */
  skip_if: Condition[];
  events: EventMapping[];
}

export interface MappingFault {
  /** Keys and positions from the top of the mapping. */
  path: (string | number)[];
  message: string;
}

/** Checks a mapping as it was read. Returns all faults. */
export function parseMapping(value: unknown): { mapping: Mapping } | { faults: MappingFault[] } {
  const faults: MappingFault[] = [];
  const fault = (path: (string | number)[], message: string) => faults.push({ path, message });
  shapeFaults(MappingSchema, value, [], fault);
  if (faults.length > 0) return { faults };
  const raw = value as Static<typeof MappingSchema>;
  checkTimes(raw.time_format, raw.time_zone, [], fault);
  const events = raw.events.map((event, n): EventMapping => {
    const at = ['events', n];
    const { type = 'message', each, when, id_from, conversation = {}, ...fields } = event as Record<string, unknown>;
    const own = eventTypes[type as string];
    if (own === undefined) fault([...at, 'type'], `must be one of ${Object.keys(eventTypes).join(', ')}`);
    const known = { ...commonFields, ...own };
    for (const [name, from] of Object.entries(fields)) {
      if (own !== undefined && !Object.hasOwn(known, name)) {
        fault(
          [...at, name],
          `is no field of ${type}; it has ${Object.keys(known).join(', ')}, conversation, and here each, when and id_from`,
        );
      } else checkField(from, [...at, name], fault);
    }
    for (const [name, from] of Object.entries(conversation as object)) {
      if (!Object.hasOwn(attributes, name)) {
        fault([...at, 'conversation', name], `is no attribute; there are ${Object.keys(attributes).join(', ')}`);
      } else checkField(from, [...at, 'conversation', name], fault);
    }
    for (const [name, { needed }] of Object.entries(known)) {
      if (needed && !Object.hasOwn(fields, name) && !(name === 'id' && id_from !== undefined)) {
        fault(
          [...at, name],
          name === 'id' ? 'is needed: name where it is, or make one with id_from' : 'is needed: name where it is',
        );
      }
    }
    for (const [k, name] of ((id_from as string[] | undefined) ?? []).entries()) {
      if (name === 'id' || !Object.hasOwn(fields, name))
        fault([...at, 'id_from', k], `is no field that this event gets: ${Object.keys(fields).join(', ')}`);
    }
    return {
      type: type as string,
      ...(each === undefined ? {} : { each: each as string }),
      ...(when === undefined ? {} : { when: when as Condition }),
      ...(id_from === undefined ? {} : { id_from: id_from as string[] }),
      fields: fields as Record<string, FieldSource>,
      conversation: conversation as Record<string, FieldSource>,
    };
  });
  if (faults.length > 0) return { faults };
  const { records, time_format = 'iso', time_zone = null, prefix = '', skip_if = [] } = raw;
  const top = { time_format, time_zone, prefix, skip_if: [skip_if].flat(), events };
  return { mapping: records === undefined ? top : { records, ...top } };
}

type Report = (path: (string | number)[], message: string) => void;

function checkField(from: unknown, path: (string | number)[], fault: Report): void {
  if (!Value.Check(FieldFrom, from)) {
    fault(path, 'must be a path, or one of {from, values, else, format, time_zone}, {const} and {join, with}');
  } else if (typeof from === 'object' && 'from' in from) checkTimes(from.format, from.time_zone, path, fault);
}

function checkTimes(
  format: string | undefined,
  zone: string | undefined,
  path: (string | number)[],
  fault: Report,
): void {
  if (format !== undefined && !isTimeFormat(format)) {
    fault(
      [...path, path.length === 0 ? 'time_format' : 'format'],
      'must be iso, epoch_s, epoch_ms, excel, or a pattern of YYYY MM DD HH hh mm ss SSS a, such as DD.MM.YYYY HH:mm',
    );
  }
  if (zone !== undefined && !isZone(zone))
    fault([...path, 'time_zone'], 'must be a name of the tz database, such as Europe/Berlin');
}

/** The faults of form, each once, with its place. */
function shapeFaults(schema: TSchema, value: unknown, at: (string | number)[], fault: Report): void {
  const seen = new Set<string>();
  for (const { path, message, schema: expected } of Value.Errors(schema, value)) {
    const place = path
      .split('/')
      .slice(1)
      .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replace(/~1/g, '/').replace(/~0/g, '~')));
    const name = place.join('/');
    if (seen.has(name)) continue;
    seen.add(name);
    if (message === 'Expected all values to match') continue; // its parts say what is wrong
    const isUnknown = message === 'Unexpected property';
    fault(
      [...at, ...place],
      isUnknown
        ? `is unknown here; there are ${Object.keys(expected.properties ?? schema.properties).join(', ')}`
        : lower(message),
    );
  }
}

const lower = (message: string) =>
  message
    .replace('Expected union value', 'must be values by path, such as {private: true}')
    .replace(/^Expected /, 'must be ')
    .replace(/^Unexpected /, 'must not be ');
