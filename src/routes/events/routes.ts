import { Type } from '@sinclair/typebox';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { scopeFor } from '../../auth/principal.js';
import { requires } from '../../auth/requires.js';
import type { Database } from '../../database/database.js';
import { Forbidden, InvalidRequest } from '../../errors.js';
import { expectBody, refuseQuery } from '../../http/body.js';
import { checkEvents } from '../../queries/ingest/check.js';
import { checkClaims } from '../../queries/ingest/claims.js';
import { ingest } from '../../queries/ingest/ingest.js';
import { lagOf } from '../../queries/ingest/lag.js';
import { MAX_BATCH_BYTES } from '../../queries/ingest/limits.js';
import type { Retention } from '../../queries/retention/days.js';
import { pastOf } from '../../queries/retention/past.js';
import { parseBatch } from './batch.js';
import { parseNdjson, type Received, unpack } from './parse.js';

const Accepted = Type.Object({
  accepted: Type.Integer({ description: 'Events that were new and are stored' }),
  duplicates: Type.Integer({
    description: 'Events whose conversation and id were already stored; they changed nothing',
  }),
});

/** `POST /v1/events` stores a batch of events, all of it or nothing. */
export async function eventRoutes(
  app: FastifyInstance,
  db: Database,
  now: () => number,
  retention: Retention,
): Promise<void> {
  // The body arrives as bytes: queries/ingest validates it and names every faulty line.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(
    ['application/json', 'application/x-ndjson'],
    { parseAs: 'buffer', bodyLimit: MAX_BATCH_BYTES },
    (_request, body, done) => done(null, body),
  );

  expectBody(app, ['application/json', 'application/x-ndjson'], ['gzip']);

  app.post(
    '/v1/events',
    { onRequest: [requires('write'), refuseQuery], schema: { response: { 200: Accepted } } },
    async (request, reply) => {
      const events = await eventsOf(request);
      const store = async () => {
        const { rows, indexes, faults } = await checkEvents(events);
        if (faults.length > 0) throw new InvalidRequest(faults);
        const scope = scopeFor(request.principal, 'write');
        checkClaims(scope, rows, indexes, now());
        const isPast = await pastOf(db, scope.account, rows, retention, now());
        const stored = await ingest(db, scope, rows, indexes, { isPast });
        const { accepted, duplicates } = stored;
        request.ingested = { accepted, duplicates, refused: 0, lag: accepted === 0 ? null : lagOf(rows, now()) };
        return stored;
      };
      const { differing, ...answer } = await store().catch((error) => {
        const isRefused = error instanceof InvalidRequest || error instanceof Forbidden;
        if (isRefused) request.ingested = { accepted: 0, duplicates: 0, refused: events.count, lag: null };
        throw error;
      });
      if (differing > 0) {
        const notice = `${differing} of the duplicates differ from the stored events and were not applied`;
        reply.header('report-notice', notice);
      }
      return answer;
    },
  );
}

async function eventsOf(request: FastifyRequest): Promise<Received> {
  const body = (request.body ?? Buffer.alloc(0)) as Buffer;
  const bytes = await unpack(body, request.headers['content-encoding']);
  request.grow(bytes.length);
  return request.headers['content-type']?.startsWith('application/x-ndjson') ? parseNdjson(bytes) : parseBatch(bytes);
}
