import type postgres from '#postgres';
import { Unavailable } from '../errors.js';
import { type ConnectOptions, connect, type Sql, type Target } from './connect.js';
import { asFailure, isLostConnection } from './failures.js';
import { heartbeat } from './heartbeat.js';
import { type KeyShare, shares, type Weight } from './shares.js';

/** The database as queries see it: each statement has a deadline, and failures are the named errors of errors.ts. */
export interface Database {
  /**
   * Runs a statement that changes nothing. One that a lost connection took along is asked once more. `heavy` is one that may
   * read all conversations of an account: only some of those run at a time.
   */
  read<Row extends object>(query: Query<Row>, weight?: 'light' | 'heavy'): Promise<Row[]>;
  /**
   * Runs a statement once. After an `Unavailable` nobody knows whether it was carried out.
   */
  write<Row extends object>(query: Query<Row>, options?: WriteOptions): Promise<Row[]>;
}

export interface WriteOptions {
  /** What it holds while it waits for its turn; beyond what may wait it is `TooManyRequests`. */
  bytes?: number;
  /** Milliseconds that this statement may take, instead of the usual limit. */
  timeout?: number;
}

export interface PoolOptions extends ConnectOptions {
  /** What one key may use at a time. */
  share?: KeyShare | undefined;
}

export interface Pool extends Database {
  /** Ends all connections; what is still under way after a few seconds is cut off. */
  close(): Promise<void>;
}

type Query<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** A statement under way. */
type RunningQuery = Promise<{ command: string; count: number }> & { cancel(): void };

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
export function openPool(target: Target, { share, ...options }: PoolOptions): Pool {
  let sql = connect(target, options);
  const { enter, renew, clear } = shares(options.max, share);

  function startAnew(): void {
    const old = sql;
    sql = connect(target, options);
    old.end({ timeout: 0 }).catch(() => {}); // rejects what is under way on it
    renew();
  }
  const heart = heartbeat(() => connect(target, { ...options, max: 1 }), {
    onAway() {
      clear(away());
      startAnew();
    },
    onForgotten: startAnew,
  });

  async function run<Row extends object>(
    query: Query<Row>,
    weight: Weight,
    { bytes, timeout = options.statementTimeout }: WriteOptions = {},
  ): Promise<Row[]> {
    if (heart.away()) throw away();
    const started = performance.now();
    const leave = await enter(options.statementTimeout, weight, bytes);
    const rows: Row[] = [];
    let pending: RunningQuery;
    try {
      const isUsual = timeout === options.statementTimeout;
      pending = isUsual ? gathered(query(sql), rows) : withTimeout(sql, query, timeout, rows);
    } catch (error) {
      leave();
      throw error;
    }
    pending.then(leave, leave); // also after its caller gave up: as long as it runs, its connection is not free
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const left = Math.max(0, timeout - (performance.now() - started)) + GRACE;
      timer = setTimeout(() => {
        reject(new Unavailable('the database did not answer in time'));
        pending.cancel();
      }, left);
    });
    try {
      const { command, count } = await Promise.race([pending, late]);
      if (command === 'SELECT' && count !== rows.length) {
        throw new Error(`the database sent ${count} rows, and ${rows.length} arrived`);
      }
      return rows;
    } finally {
      clearTimeout(timer);
    }
  }

  return {
    async read(query, weight = 'light') {
      try {
        const started = performance.now();
        return await run(query, weight).catch((error) => {
          const soon = performance.now() - started < RETRY_WITHIN;
          return soon && isLostConnection(error) ? run(query, weight) : Promise.reject(error);
        });
      } catch (error) {
        throw asFailure(error);
      }
    },
    async write(query, writeOptions) {
      try {
        return await run(query, 'write', writeOptions);
      } catch (error) {
        throw asFailure(error);
      }
    },
    async close() {
      await Promise.all([sql.end({ timeout: 5 }), heart.stop()]);
    },
  };
}

/** Gathers rows one by one: a result that the driver fills could have holes, and a hole reads as "none" or "unknown". */
const gathered = <Row extends object>(query: postgres.PendingQuery<Row[]>, rows: Row[]): RunningQuery =>
  query.forEach((row) => {
    rows.push(row as Row);
  }) as unknown as RunningQuery;

/** Runs a statement under a limit of its own. */
function withTimeout<Row extends object>(sql: Sql, query: Query<Row>, timeout: number, rows: Row[]): RunningQuery {
  let statement: RunningQuery | undefined;
  const done = sql.begin(async (tx) => {
    await tx`select set_config('statement_timeout', ${String(timeout)}, true)`;
    statement = gathered(query(tx as unknown as Sql), rows);
    const { command, count } = await statement;
    return { command, count };
  });
  return Object.assign(done as Promise<{ command: string; count: number }>, { cancel: () => statement?.cancel() });
}
