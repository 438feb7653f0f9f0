import type { Fault } from '../../errors.js';
import { TimeSlice } from '../time-slice.js';
import { attributes, commonFields, eventTypes, type Field } from './fields.js';
import { pathTo } from './path.js';

/** One event as it is stored: a row of the table `events` without its account. */
export interface EventRow {
  conversation_id: string;
  id: string;
  type: string;
  time: string;
  seq?: number;
  sender?: string;
  actor_id?: string;
  team_id?: string;
  organization_id?: string;
  attributes?: Record<string, unknown>;
  body?: Record<string, unknown>;
}

/** A received event and its index in the batch, or the reason why it could not be read. */
export type ReceivedEvent = { index: number; value: unknown } | { index: number; fault: string };

/** Maximum number of faulty events in one answer, and of faults reported per event. */
export const MAX_FAULTY = 100;
const MAX_FAULTS_EACH = 20;
/** Maximum number of faults in one answer. Beyond it only the first fault of an event is reported. */
const MAX_FAULTS = 100;
/** Maximum number of fields of an event and of attributes of its conversation: far more than are defined. */
const MAX_NAMES = 100;

const fieldsOf = new Map(
  Object.entries(eventTypes).map(([type, own]) => [type, new Map(Object.entries({ ...commonFields, ...own }))]),
);
/** Those of them that an event has even if it does not send them, or must send. */
const dueFieldsOf = new Map(
  [...fieldsOf].map(([type, fields]) => [
    type,
    [...fields].filter(([, field]) => field.needed || field.default !== undefined),
  ]),
);
const attributeKinds = new Map(Object.entries(attributes));
const attributeNames = [...attributeKinds.keys()].join(', ');
const typeNames = [...fieldsOf.keys()].join(', ');

/**
 * Validates a batch against the event types of `fields.ts` and turns each event into a row, yielding to the event loop.
 * Returns all faults of the first {@link MAX_FAULTY} faulty events, each with the JSONPath of its field or attribute
 * (`$.events[3].time`, `$.events[3].conversation.channel`). Events after those are not checked. The rows must not be
 * used if there is any fault.
 */
export async function checkEvents(
  batch: Iterable<ReceivedEvent>,
): Promise<{ rows: EventRow[]; indexes: number[]; faults: Fault[] }> {
  const rows: EventRow[] = [];
  const indexes: number[] = [];
  const faults: Fault[] = [];
  const slice = new TimeSlice();
  let faulty = 0;
  for (const sent of batch) {
    const found: Fault[] = [];
    const path = `$.events[${sent.index}]`;
    const most = faults.length < MAX_FAULTS ? MAX_FAULTS_EACH : 1;
    if ('fault' in sent) found.push({ path, message: sent.fault });
    else {
      const row = toRow(sent.value, (at, message) => {
        if (found.length < most) found.push({ path: path + at, message });
      });
      rows.push(row);
      indexes.push(sent.index);
    }
    faults.push(...found);
    if (found.length > 0 && ++faulty === MAX_FAULTY) break;
    if (slice.isOver()) await slice.next();
  }
  return { rows, indexes, faults };
}

type AddFault = (at: string, message: string) => void;

/** Why a value is not of the given kind. */
function reason(says: string, value: unknown): string {
  const isBroken = typeof value === 'string' && !value.isWellFormed();
  return isBroken ? 'has a lone surrogate: half of a UTF-16 pair, which is not a character' : `must be ${says}`;
}

function toRow(value: unknown, report: AddFault): EventRow {
  const row = {} as EventRow;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    report('', 'must be an object');
    return row;
  }
  const event = value as Record<string, unknown>;
  const fields = fieldsOf.get(event.type as string);
  if (fields === undefined) {
    report('.type', event.type == null ? 'is needed' : `must be one of ${typeNames}`);
    return row;
  }
  row.type = event.type as string;
  const names = Object.keys(event).length;
  if (names > MAX_NAMES) {
    report('', `has ${names.toLocaleString('en')} fields; those of ${row.type} are ${namesOf(fields)}`);
    return row;
  }
  for (const name in event) {
    if (name === 'type') continue;
    if (name === 'conversation') row.attributes = toAttributes(event.conversation, report);
    else {
      const field = fields.get(name);
      if (field === undefined)
        report(pathTo('', name), `is not a field of ${row.type}; its fields are ${namesOf(fields)}`);
      else if (event[name] === null) continue;
      else if (!field.kind.accepts(event[name])) report(`.${name}`, reason(field.kind.says, event[name]));
      else keep(row, name, field, event[name]);
    }
  }
  for (const [name, field] of dueFieldsOf.get(row.type) ?? []) {
    if (event[name] != null) continue;
    if (field.needed) report(`.${name}`, 'is needed');
    else keep(row, name, field, field.default);
  }
  return row;
}

function keep(row: EventRow, name: string, field: Field, value: unknown) {
  const stored = field.kind.store ? field.kind.store(value) : value;
  const column = field.column ?? (name in commonFields ? name : undefined);
  if (column !== undefined) (row as unknown as Record<string, unknown>)[column] = stored;
  else {
    row.body ??= {};
    row.body[name] = stored;
  }
}

/** The attributes of one event without empty union attributes; undefined when none is left. */
function toAttributes(value: unknown, report: AddFault): Record<string, unknown> | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    report('.conversation', 'must be an object of attributes');
    return undefined;
  }
  let kept: Record<string, unknown> | undefined;
  const names = Object.keys(value);
  if (names.length > MAX_NAMES) {
    report('.conversation', `has ${names.length.toLocaleString('en')} attributes; they are ${attributeNames}`);
    return undefined;
  }
  for (const name of names) {
    const sent = (value as Record<string, unknown>)[name];
    const kind = attributeKinds.get(name);
    if (kind === undefined) {
      report(pathTo('.conversation', name), `is not an attribute of a conversation; they are ${attributeNames}`);
      continue;
    }
    if (sent !== null && !kind.accepts(sent)) {
      report(pathTo('.conversation', name), reason(kind.says, sent));
      continue;
    }
    const isUnion = kind === attributes.visitor_ids;
    const stored = sent === null ? (isUnion ? undefined : null) : kind.store ? kind.store(sent) : sent;
    if (stored === undefined) continue;
    kept ??= {};
    kept[name] = stored;
  }
  return kept;
}

const namesOf = (fields: Map<string, Field>) => [...fields.keys(), 'type', 'conversation'].join(', ');
