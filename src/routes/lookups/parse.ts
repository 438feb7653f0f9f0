import type { Static } from '@sinclair/typebox';
import type { Faults } from '../../http/faults.js';
import { readFilters } from '../../http/filters/filter.js';
import { parseSharedFilters } from '../../http/filters/shared.js';
import { readJson } from '../../http/json.js';
import { parseWindow } from '../../http/window.js';
import type { FieldNames } from '../../queries/catalogue.js';
import type { Filter } from '../../queries/filter.js';
import type { ListCursor, ListQuery } from '../../queries/lookups/conversations.js';
import type { TranscriptPage } from '../../queries/lookups/transcript.js';
import type { FilterOf } from '../../queries/query.js';
import { vocabularies } from '../../queries/vocabulary.js';
import { readCursor, readEntryCursor } from './cursor.js';
import type { ConversationQuery, ConversationsQuery } from './schema.js';

type ListParameters = Static<typeof ConversationsQuery>;

/** Parameters with a single value, and the dimension that must equal it. */
const singles = {
  bot_id: 'bot_id',
  version: 'bot_version',
  team_id: 'team_id',
  user_id: 'user_id',
  agent_id: 'agent_ids',
  state: 'state',
  intent: 'intents',
} as const;

const LIMIT = 50;

/** Parses a request for a page of conversations; the scope is added later. */
export function parsePage(query: ListParameters, faults: Faults, now: number): Omit<ListQuery, 'scope'> {
  return {
    window: parseWindow(query, faults, { now }),
    where: { op: 'and', of: parseFilters(query, faults) },
    part: query.q ?? null,
    after: parseCursor(query.cursor, faults),
    limit: query.limit ?? LIMIT,
  };
}

function parseFilters(query: ListParameters, faults: Faults): FilterOf<'conversations'>[] {
  const where: FilterOf<'conversations'>[] = [];
  for (const [name, dimension] of entries(singles)) {
    const value = query[name];
    if (value !== undefined) where.push({ op: 'in', dimension, values: [value] });
  }
  where.push(...parseSharedFilters(query, faults));
  if (query.filter !== undefined && !faults.has('filter')) where.push(parseFilter(query.filter, faults));
  return where;
}

/** Parses a filter in JSON, in the language of `/v1/query`, over the dimensions of conversations. */
function parseFilter(text: string, faults: Faults): FilterOf<'conversations'> {
  const value = readJson(text, 'filter', faults);
  const { dimensions } = vocabularies.conversations;
  const filter: Filter = readFilters(value, 'filter', dimensions as FieldNames, faults);
  return filter as FilterOf<'conversations'>; // its names are those of that vocabulary
}

const ENTRIES = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** Parses the page of messages and steps in a request for one conversation. */
export function parseTranscriptPage(query: Static<typeof ConversationQuery>, faults: Faults): TranscriptPage {
  const { cursor, limit = ENTRIES } = query;
  const after = cursor === undefined || faults.has('cursor') ? null : readEntryCursor(cursor);
  if (cursor !== undefined && after === null) faults.add('cursor', NO_CURSOR);
  return { types: ['message', 'step'], after, limit, bytes: PAGE_BYTES };
}

const NO_CURSOR = 'is not a cursor: send next_cursor of the previous page unchanged';

function parseCursor(cursor: string | undefined, faults: Faults): ListCursor | null {
  if (cursor === undefined || faults.has('cursor')) return null;
  const place = readCursor(cursor);
  if (place === null) faults.add('cursor', NO_CURSOR);
  return place;
}

/** The entries of a table with their names as types. */
const entries = <T extends object>(table: T) => Object.entries(table) as [keyof T, T[keyof T]][];
