import { isLosslessNumber } from 'lossless-json';
import { isObject } from '../../queries/ingest/json.js';
import type { Event, Mapped } from '../source.js';
import { timeFrom } from '../times.js';

/** The parts that presets are made of: values of foreign records as fields of events take them. */

export type Row = Record<string, unknown>;

/** A record or a part of one as an object; empty for anything else. */
export const row = (value: unknown): Row => (isObject(value) ? value : {});

/** A list; empty for anything else. */
export const list = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** An id, name or word as a text of 1 to 200 characters; longer ones are cut. Undefined for none. */
export function short(value: unknown): string | undefined {
  const text = scalar(value);
  if (text === undefined) return undefined;
  const clean = storable(text);
  return clean === '' ? undefined : clean.length <= 200 ? clean : [...clean].slice(0, 200).join('');
}

/** What somebody wrote, cut at the 100,000 characters that an event takes. Undefined for none. */
export function long(value: unknown): string | undefined {
  const text = scalar(value);
  if (text === undefined || text === '') return undefined;
  const clean = storable(text);
  return clean.length <= 100_000 ? clean : [...clean].slice(0, 100_000).join('');
}

/** A list of words, as `tags` are; undefined for none. */
export function words(value: unknown): string[] | undefined {
  const found = list(value).flatMap((item) => short(item) ?? []);
  return found.length === 0 ? undefined : found.slice(0, 100);
}

/** A list of words, empty where the record has the list and it is empty: the last tag was taken away. */
export const wordsNow = (value: unknown): string[] | undefined =>
  Array.isArray(value) ? (words(value) ?? []) : undefined;

function scalar(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || isLosslessNumber(value)) return String(value);
  return undefined;
}

const storable = (text: string) => text.toWellFormed().replaceAll('\0', '');

/** A text of HTML as plain text: `<br>`, `</p>` and `</div>` end lines, other tags go, and the usual entities are read. */
export function plain(value: unknown): string | undefined {
  const text = scalar(value);
  if (text === undefined) return undefined;
  const bare = text
    .replace(/<(?:br|\/p|\/div|\/li)\b[^>]{0,1000}>/gi, '\n')
    .replace(/<\/?[a-z!][^>]{0,10000}>/gi, '')
    .replace(/&(lt|gt|quot|#39|apos|nbsp|amp);/g, (all, name: string) => entities[name] ?? all);
  return long(bare.trim());
}

const entities: Record<string, string> = { lt: '<', gt: '>', quot: '"', '#39': "'", apos: "'", nbsp: ' ', amp: '&' };

/** A number of seconds or milliseconds since 1970, or a text with an offset, as events carry times; undefined if none. */
export function instant(value: unknown, zone: string | null = null): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const text = String(value).trim();
  const format = /^-?\d+(?:\.\d+)?$/.test(text) ? (Number(text) >= 1e11 ? 'epoch_ms' : 'epoch_s') : 'iso';
  const read = timeFrom(format === 'iso' ? text : Number(text), { format, zone });
  return 'time' in read ? read.time : undefined;
}

/** The microseconds below the millisecond of a time in seconds: they order what happened in one millisecond. */
export function below(seconds: unknown): number | undefined {
  const micros = Math.round(Number(String(seconds)) * 1e6) % 1_000;
  return Number.isFinite(micros) && micros > 0 ? micros : undefined;
}

/** An event without the fields that have no value, and without a conversation that says nothing. */
export function event(type: string, fields: Row, about: Row = {}): Event {
  const made: Event = { type };
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) made[name] = value;
  const said = Object.entries(about).filter(([, value]) => value !== undefined);
  if (said.length > 0) made.conversation = Object.fromEntries(said);
  return made;
}

/** Takes an event in, or says what it needs and lacks. */
export function take(mapped: Mapped, made: Event, where = ''): void {
  const lacking = ['id', 'time', 'conversation_id'].filter((name) => made[name] === undefined);
  if (lacking.length === 0) mapped.events.push(made);
  else mapped.faults.push(`${where}${lacking.join(' and ')}: there is nothing that can be read`);
}

/** Some results as one. */
export function together(all: readonly Mapped[]): Mapped {
  return {
    events: all.flatMap(({ events }) => events),
    ignored: all.flatMap(({ ignored }) => ignored),
    faults: all.flatMap(({ faults }) => faults),
  };
}
