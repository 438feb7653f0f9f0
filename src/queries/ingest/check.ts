import type { Fault } from '../../errors.js';
import { attributes, commonFields, eventTypes, type Field } from './fields.js';

/** One event as it is stored: a row of the table `events`, without what the batch's account says. */
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

/** A value that a sender sent as an event, at its place in the batch; or why there is none there. */
export type Sent = { index: number; value: unknown } | { index: number; fault: string };

/** Faulty events that are named in one answer, and faults that are named of one event. */
export const MAX_FAULTY = 100;
const MAX_FAULTS_EACH = 20;

const fieldsOf = new Map(
  Object.entries(eventTypes).map(([type, own]) => [type, new Map(Object.entries({ ...commonFields, ...own }))]),
);
const attributeKinds = new Map(Object.entries(attributes));
const typeNames = [...fieldsOf.keys()].join(', ');

/**
 * Checks a batch against the event types of `fields.ts` and turns each event into its row.
 * All faults of the first {@link MAX_FAULTY} faulty events come back, each under the JSONPath of its field or attribute
 * (`$.events[3].time`, `$.events[3].conversation.channel`); with any fault the rows are of no use.
 */
export function checkEvents(batch: Sent[]): { rows: EventRow[]; indexes: number[]; faults: Fault[]; faulty: number } {
  const rows: EventRow[] = [];
  const indexes: number[] = [];
  const faults: Fault[] = [];
  let faulty = 0;
  for (const sent of batch) {
    const found: Fault[] = [];
    const path = `$.events[${sent.index}]`;
    if ('fault' in sent) found.push({ path, message: sent.fault });
    else {
      const row = toRow(sent.value, (at, message) => found.push({ path: path + at, message }));
      rows.push(row);
      indexes.push(sent.index);
    }
    if (found.length > 0 && ++faulty <= MAX_FAULTY) faults.push(...found.slice(0, MAX_FAULTS_EACH));
  }
  return { rows, indexes, faults, faulty };
}

type Report = (at: string, message: string) => void;

function toRow(value: unknown, report: Report): EventRow {
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
  for (const name in event) {
    if (name === 'type') continue;
    if (name === 'conversation') row.attributes = toAttributes(event.conversation, report);
    else {
      const field = fields.get(name);
      if (field === undefined) report(`.${name}`, `is not a field of ${row.type}; its fields are ${namesOf(fields)}`);
      else if (event[name] === null) continue;
      else if (!field.kind.accepts(event[name])) report(`.${name}`, `must be ${field.kind.says}`);
      else keep(row, name, field, event[name]);
    }
  }
  for (const [name, field] of fields) {
    if (event[name] != null) continue;
    if (field.needed) report(`.${name}`, 'is needed');
    else if (field.default !== undefined) keep(row, name, field, field.default);
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

/** The attributes of one event, unions that say nothing left out; undefined when none is left. */
function toAttributes(value: unknown, report: Report): Record<string, unknown> | undefined {
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    report('.conversation', 'must be an object of attributes');
    return undefined;
  }
  let kept: Record<string, unknown> | undefined;
  for (const [name, sent] of Object.entries(value as object)) {
    const kind = attributeKinds.get(name);
    const at = `.conversation.${name}`;
    if (kind === undefined) {
      report(at, `is not an attribute of a conversation; they are ${[...attributeKinds.keys()].join(', ')}`);
      continue;
    }
    if (sent !== null && !kind.accepts(sent)) {
      report(at, `must be ${kind.says}`);
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
