import postgres from '#postgres';
import { TooMuchWork, Unavailable } from '../errors.js';

/** SQLSTATE classes for temporary failures: the statement was valid, but the server could not execute it. */
const away = new Map([
  ['08', 'the connection to the database failed'],
  ['57P', 'the database is shutting down or starting up'],
  ['53', 'the database is out of a resource'],
  ['58', 'the database had a system error'],
  ['57014', 'the statement timed out'],
  ['40', 'the transaction conflicted with another one'],
  ['25006', 'the database is read-only now'],
]);

/**
 * A coordinator of Citus that loses a node in the middle of a transaction reports it with the code of internal errors, and the
 * words of the client library in it.
 */
const INTERNAL = 'XX000';
const LOST_NODE =
  /server closed the connection|connection to the remote node|no connection to the server|postmaster was shut ?down|could not (send data to|receive data from) server|SSL SYSCALL error|terminating connection/;

/** The statement exceeded `temp_file_limit`. */
const PAST_TEMP_FILES = '53400';

/** Whether an error means that the connection is lost. */
export const isLostConnection = (error: unknown): boolean =>
  error instanceof postgres.PostgresError
    ? error.severity === 'FATAL' || error.code.startsWith('57P0')
    : /^(CONNECTION_|CONNECT_|E[A-Z]+$)/.test(codeOf(error));

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '');

/**
 * Converts an error of the driver: to `Unavailable` (503, try again) if the database was unreachable, out of a resource
 * or too slow. Any other error is returned unchanged: it is a bug of ours.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof Unavailable) return error;
  const code = codeOf(error);
  if (error instanceof postgres.PostgresError) {
    if (code === PAST_TEMP_FILES) {
      return new TooMuchWork(
        'the query needs more temporary disk space than allowed: ask for a shorter range or fewer groups',
        { cause: error },
      );
    }
    for (const [prefix, says] of away) if (code.startsWith(prefix)) return new Unavailable(says, { cause: error });
    if (code === INTERNAL && LOST_NODE.test(error.message)) {
      return new Unavailable('a node of the database cannot be reached', { cause: error });
    }
    return error;
  }
  return isLostConnection(error) ? new Unavailable('the database cannot be reached', { cause: error }) : error;
}
