import { Type } from '@sinclair/typebox';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database.js';
import { refuseQuery } from '../http/body.js';

const Status = Type.Object({ status: Type.Literal('ok') });

/** `/healthz`: the process is alive. `/readyz`: it can also reach its database. Neither needs a key. */
export async function healthRoutes(app: FastifyInstance, db: Database): Promise<void> {
  app.get('/healthz', { onRequest: refuseQuery, schema: { response: { 200: Status } } }, async () => ({
    status: 'ok' as const,
  }));
  app.get('/readyz', { onRequest: refuseQuery, schema: { response: { 200: Status } } }, async () => {
    await db.read((sql) => sql`select 1`);
    return { status: 'ok' as const };
  });
}
