import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance } from 'fastify';
import type { Database } from '../database/database.js';
import { only } from '../database/rows.js';
import { callers } from '../database/shares.js';
import { TooManyRequests, Unavailable } from '../errors.js';
import { whenAnswered } from './answered.js';

/**
 * Limits of one key. All except the rate apply to this process only; several processes on one database each grant as
 * much.
 */
export interface Limits {
  /** Maximum number of requests, running and waiting. */
  requests: number;
  /** Maximum total size of their bodies in bytes. A single body may always have any size. */
  bytes: number;
  /**
   * Maximum total size of the bodies of all keys in bytes, as far as they have arrived. A single body may always have
   * any size.
   */
  total: number;
  /** Maximum requests per second, over all processes on the database; null for no limit. */
  rate: number | null;
}

const MIB = 1024 * 1024;

export const usualLimits: Limits = { requests: 100, bytes: 32 * MIB, total: 128 * MIB, rate: null };

/**
 * Refuses requests beyond the share of their key with 429, before their body is read, and bodies beyond the total of
 * all keys with 503. Tags the statements of admitted requests with their key, so that connections are shared fairly
 * between keys. Returns what applies it to the routes of an `app`, which must already be authenticated: requests with a
 * key and those by its links count together.
 */
export function admission(db: Database, limits: Limits): (app: FastifyInstance) => Promise<void> {
  const busy = new Map<string, { requests: number; bytes: number }>();
  const held = { bytes: 0 };
  return (app) => admit(app, db, limits, busy, held);
}

async function admit(
  app: FastifyInstance,
  db: Database,
  limits: Limits,
  busy: Map<string, { requests: number; bytes: number }>,
  held: { bytes: number },
): Promise<void> {
  app.addHook('onRequest', (request, reply, done) => {
    const { key_id } = request.principal;
    const own = busy.get(key_id) ?? { requests: 0, bytes: 0 };
    let size = Number(request.headers['content-length'] ?? 0) || 0;
    let arrived = 0;
    if (own.requests >= limits.requests) return done(tooManyRequests(limits));
    if (own.requests > 0 && own.bytes + size > limits.bytes) return done(tooManyBytes(limits));
    busy.set(key_id, own);
    own.requests++;
    own.bytes += size;
    let isOver = false;
    request.grow = (read) => {
      if (isOver) return; // its client has gone, and what it held is given back
      const more = Math.max(0, read - size);
      if (own.requests > 1 && own.bytes + more > limits.bytes) throw tooManyBytes(limits);
      own.bytes += more;
      size += more;
      // What a body says of its size is not held yet: who sends slowly must not keep others out.
      const fresh = Math.max(0, read - arrived);
      if (held.bytes > arrived && held.bytes + fresh > limits.total) throw full(limits);
      held.bytes += fresh;
      arrived += fresh;
    };
    whenAnswered(reply, () => {
      isOver = true;
      own.requests--;
      own.bytes -= size;
      held.bytes -= arrived;
      if (own.requests === 0) busy.delete(key_id);
    });
    done();
  });

  app.decorateRequest('grow');
  app.addHook('preHandler', (request, _reply, done) => {
    callers.run(request.principal.key_id, done);
  });

  if (limits.rate !== null) await app.register(rateLimit, rate(db, limits.rate));
}

declare module 'fastify' {
  interface FastifyRequest {
    /**
     * Reports the size of the body as far as it is known. Throws `TooManyRequests` beyond the share of the key, and
     * `Unavailable` beyond the total of all keys.
     */
    grow(bytes: number): void;
  }
}

const tooManyRequests = ({ requests }: Limits) =>
  new TooManyRequests(
    `${requests} requests of this key are in progress: wait for their answers before sending more`,
    'key_requests',
  );

const tooManyBytes = ({ bytes }: Limits) =>
  new TooManyRequests(
    `the request bodies of this key in progress would exceed ${bytes / MIB} MiB together: send fewer at a time`,
    'key_bodies',
  );

const full = ({ total }: Limits) =>
  new Unavailable(`all request bodies in progress would exceed ${total / MIB} MiB together: try again`, {
    shed: 'all_bodies',
  });

/** Limits the requests per second of each key; the counter is in the database. */
const rate = (db: Database, most: number) => ({
  max: most,
  timeWindow: 1_000,
  keyGenerator: ({ principal }: { principal: { account_id: string; key_id: string } }) =>
    `${principal.account_id} ${principal.key_id}`,
  store: counterIn(db),
  errorResponseBuilder: () => new TooManyRequests(`this key may send ${most} requests per second`, 'key_rate', 1),
  addHeaders: none,
  addHeadersOnExceeding: none,
});

/** The error handler sets Retry-After. */
const none = {
  'x-ratelimit-limit': false,
  'x-ratelimit-remaining': false,
  'x-ratelimit-reset': false,
  'retry-after': false,
};

type Counted = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The store of the rate-limit plugin: counts a request and returns the number in the current second. */
const counterIn = (db: Database) =>
  class {
    incr(key: string, counted: Counted): void {
      count(db, key).then(
        (result) => counted(null, result),
        (error) => counted(error),
      );
    }
    child() {
      return this;
    }
  };

async function count(db: Database, key: string): Promise<{ current: number; ttl: number }> {
  const [account, key_id] = key.split(' ');
  return only(
    await db.write<{ current: number; ttl: number }>(
      (sql) => sql`
        insert into request_rates as r (account_id, key_id, second, requests)
        values (${account as string}::uuid, ${key_id as string}, date_trunc('second', clock_timestamp()), 1)
        on conflict (account_id, key_id) do update set second = excluded.second,
          requests = case when r.second = excluded.second then r.requests + 1 else 1 end
        returning requests as current, 1000 - extract(milliseconds from clock_timestamp())::int % 1000 as ttl`,
    ),
  );
}
