import type postgres from 'postgres';
import { Unavailable } from '../errors.js';
import { type ConnectOptions, connect, type Sql, type Target } from './connect.js';
import { asFailure, isLostConnection } from './failures.js';
import { heartbeat } from './heartbeat.js';
import { slots } from './slots.js';

/** The database as queries see it: each statement has a deadline, and failures are the named errors of errors.ts. */
export interface Database {
  /** Runs a statement that changes nothing. One that a lost connection took along is asked once more. */
  read<Row extends object>(query: Query<Row>): Promise<Row[]>;
  /** Runs a statement once. After an `Unavailable` nobody knows whether it was carried out. */
  write<Row extends object>(query: Query<Row>, options?: WriteOptions): Promise<Row[]>;
}

export interface WriteOptions {
  /** Milliseconds that this statement may take, instead of the usual limit. */
  timeout?: number;
}

export interface Pool extends Database {
  /** Ends all connections; what is still under way after a few seconds is cut off. */
  close(): Promise<void>;
}

type Query<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** Milliseconds beyond the server's own limit after which the client gives up on a statement. */
const GRACE = 500;

/** Milliseconds within which a lost connection must show for the read to be tried again: its caller has waited too. */
const RETRY_WITHIN = 1_000;

const away = () => new Unavailable('the database does not answer');

/**
 * A pool of connections that survives its server: refused, killed or frozen, statements fail as `Unavailable` within
 * seconds, and work again as soon as the server does.
 *
 * When the server stops answering, the pool drops its sockets and starts anew. What they had under way may yet be carried
 * out; asking the server to cancel it would, after a thaw, hit whatever runs then.
 */
export function openPool(target: Target, options: ConnectOptions): Pool {
  let sql = connect(target, options);
  const pulse = connect(target, { ...options, max: 1 });
  const { enter, leave, clear } = slots(options.max);
  const heart = heartbeat(pulse, () => {
    const old = sql;
    sql = connect(target, options);
    clear(away());
    old.end({ timeout: 0 }).catch(() => {}); // rejects what is under way on it
  });

  async function run<Row extends object>(query: Query<Row>, timeout = options.statementTimeout): Promise<Row[]> {
    if (heart.away()) throw away();
    const started = performance.now();
    await enter(options.statementTimeout);
    let timer: NodeJS.Timeout | undefined;
    try {
      const pending = timeout === options.statementTimeout ? query(sql) : withTimeout(sql, query, timeout);
      const late = new Promise<never>((_, reject) => {
        const left = Math.max(0, timeout - (performance.now() - started)) + GRACE;
        timer = setTimeout(() => {
          reject(new Unavailable('the database did not answer in time'));
          if ('cancel' in pending) (pending as postgres.PendingQuery<Row[]>).cancel();
        }, left);
      });
      return await Promise.race([pending, late]);
    } finally {
      clearTimeout(timer);
      leave();
    }
  }

  return {
    async read(query) {
      try {
        const started = performance.now();
        return await run(query).catch((error) => {
          const soon = performance.now() - started < RETRY_WITHIN;
          return soon && isLostConnection(error) ? run(query) : Promise.reject(error);
        });
      } catch (error) {
        throw asFailure(error);
      }
    },
    async write(query, { timeout } = {}) {
      try {
        return await run(query, timeout);
      } catch (error) {
        throw asFailure(error);
      }
    },
    async close() {
      heart.stop();
      await Promise.all([sql.end({ timeout: 5 }), pulse.end({ timeout: 1 })]);
    },
  };
}

/** Runs a statement under a limit of its own. */
const withTimeout = <Row extends object>(sql: Sql, query: Query<Row>, timeout: number): Promise<Row[]> =>
  sql.begin(async (tx) => {
    await tx`select set_config('statement_timeout', ${String(timeout)}, true)`;
    return query(tx as unknown as Sql);
  }) as Promise<Row[]>;
