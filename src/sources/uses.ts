import { commonFields, eventTypes } from '../queries/ingest/fields.js';
import type { FieldSource, Mapping } from './mapping.js';
import { pathOf } from './paths.js';
import type { Use } from './source.js';

/**
 * The places of a record that a mapping reads. A table must have those of needed fields, where an event is made of every
 * record and nothing else fills the field.
 */
export function usesOf(mapping: Mapping): Use[] {
  const because = new Map<string, string | undefined>();
  const note = (text: string, reason?: string) => because.set(text, because.get(text) ?? reason);
  for (const condition of mapping.skip_if) for (const path of Object.keys(condition)) note(whole(path, undefined));
  for (const [n, event] of mapping.events.entries()) {
    const isAlways = event.each === undefined && event.when === undefined;
    const known = { ...commonFields, ...eventTypes[event.type] };
    for (const path of Object.keys(event.when ?? {})) note(whole(path, event.each));
    for (const [field, from] of Object.entries(event.fields)) {
      const isNeeded = isAlways && known[field]?.needed === true;
      notePaths(from, event.each, isNeeded ? `, which events[${n}].${field} of the mapping names` : undefined);
    }
    for (const from of Object.values(event.conversation)) notePaths(from, event.each, undefined);
  }
  return [...because].map(([text, reason]) => ({
    path: pathOf(text),
    ...(reason === undefined ? {} : { because: reason }),
  }));

  function notePaths(from: FieldSource, each: string | undefined, reason: string | undefined): void {
    const isOnly =
      typeof from === 'string' || ('from' in from && typeof from.from === 'string' && from.else === undefined);
    for (const path of pathsOf(from)) note(whole(path, each), isOnly ? reason : undefined);
  }
}

const pathsOf = (from: FieldSource): string[] => {
  if (typeof from === 'string') return [from];
  if ('from' in from) return [from.from].flat();
  return 'join' in from ? from.join : [];
};

/** A path from the record, also where it was one from an element. */
function whole(path: string, each: string | undefined): string {
  if (path === '$') return path;
  if (path.startsWith('$.')) return path.slice(2);
  return each === undefined ? path : `${each.replace(/^\$\./, '')}.${path}`;
}
