import type { Static } from '@sinclair/typebox';
import type { Faults } from '../../http/faults.js';
import { parseList, withMissing } from '../../http/lists.js';
import { parseWindow } from '../../http/window.js';
import type { ListQuery, Place } from '../../queries/lookups/conversations.js';
import type { TranscriptPage } from '../../queries/lookups/transcript.js';
import type { Filter } from '../../queries/query.js';
import { readCursor, readEntryCursor } from './cursor.js';
import type { ConversationQuery, ConversationsQuery } from './schema.js';

type Sent = Static<typeof ConversationsQuery>;

/** Parameters that take one value, and the dimension that it must equal. */
const singles = {
  bot_id: 'bot_id',
  version: 'bot_version',
  team_id: 'team_id',
  user_id: 'user_id',
  agent_id: 'agent_ids',
  state: 'state',
} as const;

/** Parameters that take lists. */
const lists = { channel_type: 'channel', language: 'language' } as const;

const LIMIT = 50;

/** What a request for a page of conversations asks, but for its scope. */
export function parsePage(query: Sent, faults: Faults): Omit<ListQuery, 'scope'> {
  return {
    window: parseWindow(query, faults),
    where: { op: 'and', of: parseFilters(query, faults) },
    part: query.q ?? null,
    after: parseCursor(query.cursor, faults),
    limit: query.limit ?? LIMIT,
  };
}

function parseFilters(query: Sent, faults: Faults): Filter[] {
  const where: Filter[] = [];
  for (const [name, dimension] of Object.entries(singles)) {
    const value = query[name as keyof typeof singles];
    if (value !== undefined) where.push({ op: 'in', dimension, values: [value] });
  }
  for (const [name, dimension] of Object.entries(lists)) {
    const values = query[name as keyof typeof lists];
    if (values === undefined || faults.has(name)) continue;
    where.push({ op: 'in', dimension, values: withMissing(parseList(name, values, faults)) });
  }
  if (query.is_test !== undefined) where.push({ op: 'in', dimension: 'is_test', values: [query.is_test === 'true'] });
  return where;
}

const ENTRIES = 1_000;
const PAGE_BYTES = 4 * 1024 * 1024;

/** What a request for one conversation asks of its messages and steps. */
export function parseTranscriptPage(query: Static<typeof ConversationQuery>, faults: Faults): TranscriptPage {
  const { cursor, limit = ENTRIES } = query;
  const after = cursor === undefined || faults.has('cursor') ? null : readEntryCursor(cursor);
  if (cursor !== undefined && after === null) faults.add('cursor', NO_CURSOR);
  return { types: ['message', 'step'], after, limit, bytes: PAGE_BYTES };
}

const NO_CURSOR = 'is not a cursor: send the next_cursor of the page before as it came';

function parseCursor(cursor: string | undefined, faults: Faults): Place | null {
  if (cursor === undefined || faults.has('cursor')) return null;
  const place = readCursor(cursor);
  if (place === null) faults.add('cursor', NO_CURSOR);
  return place;
}
