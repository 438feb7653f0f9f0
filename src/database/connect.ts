import postgres from '#postgres';

export type Sql = postgres.Sql<{ bigint: number; numeric: string }>;
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** Where a PostgreSQL is: a URL, or the socket folder of the embedded one. */
export type Target = string | { host: string; port: number; username: string; database: string };

export interface ConnectOptions {
  /** Most connections of this pool. */
  max: number;
  /** Milliseconds after which the server itself ends a statement. */
  statementTimeout: number;
  /** `off` only in tests: an answer then comes before the data is on disk. */
  synchronousCommit?: 'on' | 'off';
  /** Most bytes that one connection may have in temporary files at a time. Only where its role may set that. */
  tempFileLimit?: number | undefined;
}

/** int8 as a number. Beyond 2^53 it would be rounded: an error, never a wrong number. */
const bigint: postgres.PostgresType<number> = {
  to: 20,
  from: [20],
  serialize: String,
  parse: (text: string) => {
    const value = Number(text);
    if (!Number.isSafeInteger(value)) throw new RangeError(`${text} does not fit a JSON number`);
    return value;
  },
};

/**
 * A pool of connections. It connects when first used.
 *
 * `backoff` is constant because the driver's own doubles up to 20 s for the whole pool after a restart of the server;
 * `max_pipeline: 1` keeps a short query from waiting behind a long one while another connection is idle.
 */
export function connect(target: Target, options: ConnectOptions): Sql {
  const settings = {
    max: options.max,
    max_pipeline: 1,
    backoff: () => 0.1,
    connect_timeout: 3, // s; a server on its way down takes connections that it never serves
    idle_timeout: 0,
    onnotice: () => {},
    types: { bigint },
    connection: {
      application_name: 'conversation-reports',
      statement_timeout: options.statementTimeout,
      idle_in_transaction_session_timeout: 60_000,
      TimeZone: 'UTC',
      jit: 'off',
      // A plan made for any value guesses that a range is short; one planning a statement costs less than such a guess.
      plan_cache_mode: 'force_custom_plan',
      // One statement uses one core: how many run at a time is for `shares` to say.
      max_parallel_workers_per_gather: 0,
      ...(options.tempFileLimit === undefined ? {} : { temp_file_limit: Math.ceil(options.tempFileLimit / 1024) }), // kB
      ...(options.synchronousCommit ? { synchronous_commit: options.synchronousCommit } : {}),
    },
  };
  const sql = typeof target === 'string' ? postgres(target, settings) : postgres({ ...target, ...settings });
  return sql as unknown as Sql;
}
