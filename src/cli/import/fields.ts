import { attributes, commonFields, eventTypes } from '../../queries/ingest/fields.js';
import type { Kind } from '../../queries/ingest/kinds.js';

/** What a row of a table can fill, by place in the `message` event: a name -> its kind. */
export const messageKinds: Readonly<Record<'event' | 'conversation', Readonly<Record<string, Kind>>>> = {
  event: Object.fromEntries(
    Object.entries({ ...commonFields, ...eventTypes.message }).map(([name, { kind }]) => [name, kind]),
  ),
  conversation: attributes,
};
