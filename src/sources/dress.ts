import type { Source } from './source.js';

/** A source whose conversations have a prefix before their ids, and attributes beside those that its records say. */
export function dressed(source: Source, prefix: string, set: Record<string, unknown>): Source {
  const says = Object.keys(set).length > 0;
  if (prefix === '' && !says) return source;
  return {
    ...source,
    map(record) {
      const mapped = source.map(record);
      const events = mapped.events.map((event) => ({
        ...event,
        conversation_id: `${prefix}${event.conversation_id}`,
        ...(says ? { conversation: { ...(event.conversation as object | undefined), ...set } } : {}),
      }));
      return { ...mapped, events };
    },
  };
}
