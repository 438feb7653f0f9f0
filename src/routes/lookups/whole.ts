import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import type { Database } from '../../database/database.js';
import { csvRows } from '../../http/csv.js';
import { conversations, type ListCursor, type ListQuery } from '../../queries/lookups/conversations.js';
import type { AsOf } from '../../queries/query.js';
import { shapeConversation, tableOfConversations } from './shape.js';

/** Rows per read. Nothing is held between two reads, however slowly the client receives them. */
const PAGE = 1_000;

/**
 * Streams the whole list as CSV, page by page as the client receives it, with a single `now` but without a snapshot. A
 * failure before the first row is answered as usual; a later failure breaks the connection, so that no truncated file
 * looks complete.
 */
export async function sendWholeList(
  request: FastifyRequest,
  reply: FastifyReply,
  db: Database,
  asked: Omit<ListQuery, 'scope'>,
  asOf: AsOf,
): Promise<FastifyReply> {
  const scope = scopeFor(request.principal, 'read');
  const read = (after: ListCursor | null) => conversations(db, { ...asked, scope, after, limit: PAGE }, asOf);
  const first = await read(asked.after);
  async function* parts() {
    yield csvRows([tableOfConversations([]).columns]);
    for (let page = first; ; page = await read(page.next)) {
      const rows = page.conversations.map((row) => shapeConversation(row, asked.window.zone));
      if (rows.length > 0) yield csvRows(tableOfConversations(rows).rows);
      if (page.next === null) return;
    }
  }
  reply.header('cache-control', 'private').header('vary', 'accept, authorization').type('text/csv; charset=utf-8');
  if (request.method === 'HEAD') return reply.serializer(String).send('');
  return reply.send(Readable.from(parts(), { highWaterMark: 1 }));
}
