import postgres from '#postgres';

export type Sql = postgres.Sql<{ bigint: number; numeric: string }>;
export type Fragment = postgres.PendingQuery<postgres.Row[]>;

/** The address of a PostgreSQL: a URL, or the socket folder of the embedded server. */
export type Target = string | { host: string; port: number; username: string; database: string };

export interface ConnectOptions {
  /** Maximum number of connections in this pool. */
  max: number;
  /** Milliseconds after which the server cancels a statement. */
  statementTimeout: number;
  /** `off` only in tests: a commit is then acknowledged before the data is on disk. */
  synchronousCommit?: 'on' | 'off';
  /** Only in tests: sees each statement with its parameters, before it is sent. */
  observe?: (text: string, parameters: readonly unknown[]) => void;
  /** Another than UTC only in tests: no statement may depend on it, as the nodes of a distributed database have their own. */
  timeZone?: string;
  /** Maximum size of the temporary files of one connection, in bytes. Only applied if its role may set it. */
  tempFileLimit?: number | undefined;
}

/** Parses int8 as a number. Beyond 2^53 it throws instead of rounding. */
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
 * A pool of connections, which connects on first use.
 *
 * `backoff` is constant, because the driver's default doubles up to 20 s for the whole pool after a server restart.
 * `max_pipeline: 1` keeps a short query from waiting behind a long one while another connection is idle.
 */
export function connect(target: Target, options: ConnectOptions): Sql {
  const { observe } = options;
  const settings = {
    ...(observe && { debug: (_: number, text: string, parameters: unknown[]) => observe(text, parameters) }),
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
      // How values are written, whatever the server's own settings: the driver reads no other form.
      TimeZone: options.timeZone ?? 'UTC',
      DateStyle: 'ISO, YMD',
      IntervalStyle: 'postgres',
      bytea_output: 'hex',
      extra_float_digits: 1,
      jit: 'off',
      // A generic plan assumes a short range; planning every statement costs less than that mistake.
      plan_cache_mode: 'force_custom_plan',
      // No parallel workers: one statement uses one core, and `shares` limits how many run at a time.
      max_parallel_workers_per_gather: 0,
      ...(options.tempFileLimit === undefined ? {} : { temp_file_limit: Math.ceil(options.tempFileLimit / 1024) }), // kB
      ...(options.synchronousCommit ? { synchronous_commit: options.synchronousCommit } : {}),
    },
  };
  const sql = typeof target === 'string' ? postgres(target, settings) : postgres({ ...target, ...settings });
  return sql as unknown as Sql;
}
