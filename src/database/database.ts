import type postgres from '#postgres';
import { Unavailable } from '../errors.js';
import { type ConnectOptions, connect, type Sql, type Target } from './connect.js';
import { asFailure, isLostConnection } from './failures.js';
import { heartbeat } from './heartbeat.js';
import { noteStatement } from './meter.js';
import { type KeyShare, type Load, shares, type Weight } from './shares.js';

/** The database as queries see it. Every statement has a deadline, and failures become the errors of errors.ts. */
export interface Database {
  /** The timeout of a statement in milliseconds, unless it has its own. */
  readonly timeout: number;
  /**
   * Runs a read-only statement. It is retried once if the connection was lost. `heavy` marks statements that may read
   * all conversations of an account; only a few of those run at the same time.
   */
  read<Row extends object>(query: Query<Row>, weight?: 'light' | 'heavy'): Promise<Row[]>;
  /**
   * The same for a statement whose rows are handled as they arrive, each as its columns in PostgreSQL's binary format.
   * `begin` is called anew for a retry.
   */
  scan<Result>(query: Query<object>, begin: () => Scan<Result>, weight: 'light' | 'heavy'): Promise<Result>;
  /**
   * Runs statements in one transaction with one snapshot (`repeatable read`). Each may take `timeout` milliseconds. Throws
   * `Unavailable` if it conflicts with another transaction; it has changed nothing then. With `read committed`, a statement
   * waits for the others and sees what they did, so there are no conflicts.
   */
  transaction<Result>(work: (sql: Sql) => Promise<Result>, timeout: number, level?: Isolation): Promise<Result>;
  /** Runs a statement once. After `Unavailable` it is unknown whether it was executed. */
  write<Row extends object>(query: Query<Row>, options?: WriteOptions): Promise<Row[]>;
}

export type Isolation = 'repeatable read' | 'read committed';

/** Handles the rows of one statement. */
export interface Scan<Result> {
  row(columns: (Buffer | null)[]): void;
  end(): Result;
}

export interface WriteOptions {
  /** The bytes that it holds while it waits. Throws `TooManyRequests` if too many bytes are waiting. */
  bytes?: number;
  /** Timeout of this statement in milliseconds, instead of the default. */
  timeout?: number;
}

export interface PoolOptions extends ConnectOptions {
  /** The share of one key. */
  share?: KeyShare | undefined;
  /** Called with what each statement took. */
  onStatement?: ((statement: Statement) => void) | undefined;
}

/** What a statement, or a transaction, took. */
export interface Statement {
  weight: Weight;
  /** Milliseconds that it waited for a connection. */
  waited: number;
  /** Milliseconds from then to its end, or until its caller gave up. */
  took: number;
  isFailed: boolean;
}

export interface Pool extends Database {
  /** The statements of this moment, the most that can run, and whether the database has stopped answering. */
  load(): Load & { connections: number; isAway: boolean };
  /** Closes all connections; statements that still run after a few seconds are cancelled. */
  close(): Promise<void>;
}

type Query<Row extends object> = (sql: Sql) => postgres.PendingQuery<Row[]>;

/** A running statement. */
type RunningQuery = Promise<{ command: string; count: number }> & { cancel(): void };

/** How much longer than the server's own timeout the client waits for a statement, in milliseconds. */
const GRACE = 500;

/**
 * A read is only retried if the connection was lost within this many milliseconds, because its caller has waited too.
 */
const RETRY_WITHIN = 1_000;

const away = () => new Unavailable('the database does not answer');

/**
 * A pool of connections that survives failures of its server: if the server refuses, dies or freezes, statements fail
 * with `Unavailable` within seconds, and work again as soon as the server does.
 *
 * When the server stops answering, the pool drops its sockets and opens new ones. Statements on the old ones may still
 * be executed. A cancel request would be wrong: after a thaw it would hit whatever runs then.
 */
export function openPool(target: Target, { share, onStatement, ...options }: PoolOptions): Pool {
  let sql = connect(target, options);
  const { enter, renew, clear, load } = shares(options.max, share);

  function startAnew(): void {
    const old = sql;
    sql = connect(target, options);
    old.end({ timeout: 0 }).catch(() => {}); // rejects the statements on it
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
    writeOptions: WriteOptions = {},
  ): Promise<Row[]> {
    const rows: Row[] = [];
    const { timeout = options.statementTimeout } = writeOptions;
    const isUsual = timeout === options.statementTimeout;
    const start = (sql: Sql) => (isUsual ? gathered(query(sql), rows) : withTimeout(sql, query, timeout, rows));
    await execute(start, weight, writeOptions, () => rows.length);
    return rows;
  }

  /** Runs what `start` starts. `arrived` says how many of its rows have arrived. */
  async function execute(
    start: (sql: Sql) => RunningQuery,
    weight: Weight,
    { bytes, timeout = options.statementTimeout }: WriteOptions,
    arrived: () => number,
  ): Promise<void> {
    if (heart.away()) throw away();
    const started = performance.now();
    const leave = await enter(options.statementTimeout, weight, bytes);
    const waited = performance.now() - started;
    let isFailed = true;
    let pending: RunningQuery;
    try {
      pending = start(sql);
    } catch (error) {
      leave();
      throw error;
    }
    pending.then(leave, leave); // also after its caller gave up: its connection is busy as long as it runs
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
      if (command === 'SELECT' && count !== arrived()) {
        throw new Error(`the database sent ${count} rows, and ${arrived()} arrived`);
      }
      isFailed = false;
    } finally {
      clearTimeout(timer);
      const whole = performance.now() - started;
      noteStatement(whole);
      onStatement?.({ weight, waited, took: whole - waited, isFailed });
    }
  }

  /** Tries again, once, if the connection was lost. */
  async function retried<Result>(attempt: () => Promise<Result>): Promise<Result> {
    try {
      const started = performance.now();
      return await attempt().catch((error) => {
        const soon = performance.now() - started < RETRY_WITHIN;
        return soon && isLostConnection(error) ? attempt() : Promise.reject(error);
      });
    } catch (error) {
      throw asFailure(error);
    }
  }

  return {
    timeout: options.statementTimeout,
    read: (query, weight = 'light') => retried(() => run(query, weight)),
    scan: (query, begin, weight) =>
      retried(async () => {
        const { row, end } = begin();
        let count = 0;
        let failure: { error: unknown } | undefined;
        const handle = (columns: (Buffer | null)[]) => {
          count++;
          try {
            if (failure === undefined) row(columns);
          } catch (error) {
            failure = { error }; // the driver would lose its connection over it
          }
        };
        await execute(
          (sql) => handled(query(sql), handle),
          weight,
          {},
          () => count,
        );
        if (failure !== undefined) throw failure.error;
        return end();
      }),
    async write(query, writeOptions) {
      try {
        return await run(query, 'write', writeOptions);
      } catch (error) {
        throw asFailure(error);
      }
    },
    async transaction(work, timeout, level = 'repeatable read') {
      let result: { value: Awaited<ReturnType<typeof work>> } | undefined;
      const start = (sql: Sql) => {
        const done = sql.begin(`isolation level ${level}`, async (tx) => {
          await tx`select set_config('statement_timeout', ${String(timeout)}, true)`;
          result = { value: await work(tx as unknown as Sql) };
          return { command: 'COMMIT', count: 0 };
        });
        return Object.assign(done as Promise<{ command: string; count: number }>, { cancel: () => {} });
      };
      try {
        await execute(start, 'write', { timeout }, () => 0);
      } catch (error) {
        throw asFailure(error);
      }
      return (result as { value: Awaited<ReturnType<typeof work>> }).value;
    },
    load: () => ({ ...load(), connections: options.max, isAway: heart.away() }),
    async close() {
      await Promise.all([sql.end({ timeout: 5 }), heart.stop()]);
    },
  };
}

/**
 * Collects rows one by one: an array filled by the driver could have holes, which would read as "none" or "unknown".
 */
const gathered = <Row extends object>(query: postgres.PendingQuery<Row[]>, rows: Row[]): RunningQuery =>
  query.forEach((row) => {
    rows.push(row as Row);
  }) as unknown as RunningQuery;

/** Hands over rows one by one, in binary. The bytes are valid until `handle` returns. */
const handled = (query: postgres.PendingQuery<object[]>, handle: (columns: (Buffer | null)[]) => void): RunningQuery =>
  query.raw().forEach((row) => {
    handle(row as unknown as (Buffer | null)[]);
  }) as unknown as RunningQuery;

/** Runs a statement with its own timeout. */
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
