import { Readable } from 'node:stream';
import type { Database } from '../../database/database.js';
import { csvRows } from '../../http/csv.js';
import { conversations, type ListCursor, type ListQuery } from '../../queries/lookups/conversations.js';
import type { AsOf } from '../../queries/query.js';
import { shapeConversation, tableOfConversations } from './shape.js';

/** Rows per read. Nothing is held between two reads, however slowly the client receives them. */
const PAGE = 1_000;

/**
 * The whole list as a stream of CSV, read page by page as the client receives it, with a single `now` but without a
 * snapshot. Rejects if the first page cannot be read; a later failure ends the stream with an error, so that no truncated
 * file looks complete.
 */
export async function wholeList(db: Database, query: ListQuery, asOf: AsOf): Promise<Readable> {
  const read = (after: ListCursor | null) => conversations(db, { ...query, after, limit: PAGE }, asOf);
  const first = await read(query.after);
  async function* parts() {
    yield csvRows([tableOfConversations([]).columns]);
    for (let page = first; ; page = await read(page.next)) {
      const rows = page.conversations.map((row) => shapeConversation(row, query.window.zone));
      if (rows.length > 0) yield csvRows(tableOfConversations(rows).rows);
      if (page.next === null) return;
    }
  }
  return Readable.from(parts(), { highWaterMark: 1 });
}
