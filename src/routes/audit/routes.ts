import type { FastifyInstance } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import type { Database } from '../../database/database.js';
import { Faults } from '../../http/faults.js';
import { type AuditCursor, auditTrail } from '../../queries/audit.js';
import { AuditAnswer, AuditQuery } from './schema.js';

/** `GET /v1/audit`: who made and ended keys, links and sources, who was let in on people, and what was removed. */
export async function auditRoutes(app: FastifyInstance, db: Database): Promise<void> {
  const schema = { querystring: AuditQuery, response: { 200: AuditAnswer } };
  app.get('/v1/audit', { attachValidation: true, schema }, async (request, reply): Promise<AuditAnswer> => {
    const faults = new Faults(request);
    const { limit = 50, cursor } = request.query as { limit?: number; cursor?: string };
    const after = cursor === undefined || faults.has('cursor') ? null : readCursor(cursor);
    if (cursor !== undefined && after === null && !faults.has('cursor')) {
      faults.add('cursor', 'is not a cursor: send next_cursor of the previous page unchanged');
    }
    faults.check();
    const { entries, next } = await auditTrail(db, scopeFor(request.principal, 'admin'), after, limit);
    reply.header('cache-control', 'private').header('vary', 'authorization');
    return { entries, next_cursor: next === null ? null : writeCursor(next) };
  });
}

const writeCursor = ({ time, id }: AuditCursor) => Buffer.from(`${time} ${id}`).toString('base64url');

/** Decodes a cursor; null for a text that `writeCursor` did not produce. */
function readCursor(cursor: string): AuditCursor | null {
  const [, time, id] = /^(\d{1,16}) (\d{1,16})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const place = { time: Number(time), id: Number(id) };
  const isPlace = Number.isSafeInteger(place.time) && Number.isSafeInteger(place.id) && writeCursor(place) === cursor;
  return isPlace ? place : null;
}
