import { attributes, commonFields, eventTypes } from '../../queries/ingest/fields.js';
import type { Kind } from '../../queries/ingest/kinds.js';

/** The fields that a row of a table can fill, by their position in the `message` event: name -> kind. */
export const messageKinds: Readonly<Record<'event' | 'conversation', Readonly<Record<string, Kind>>>> = {
  event: Object.fromEntries(
    Object.entries({ ...commonFields, ...eventTypes.message }).map(([name, { kind }]) => [name, kind]),
  ),
  conversation: attributes,
};
