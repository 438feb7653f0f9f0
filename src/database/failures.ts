import postgres from '#postgres';
import { TooMuchWork, Unavailable } from '../errors.js';

/** SQLSTATE classes that say "not now": the statement was fine, the server could not carry it out. */
const away = new Map([
  ['08', 'the connection to the database failed'],
  ['57P', 'the database is shutting down or starting up'],
  ['53', 'the database is out of a resource'],
  ['58', 'the database met a system error'],
  ['57014', 'the statement ran past its time'],
  ['40', 'the transaction met another one'],
  ['25006', 'the database takes no writes now'],
]);

/** The statement wrote as much to disk as `temp_file_limit` allows. */
const PAST_TEMP_FILES = '53400';

/** Whether an error means that the connection is gone, so that nothing more can be sent on it. */
export const isLostConnection = (error: unknown): boolean =>
  error instanceof postgres.PostgresError
    ? error.severity === 'FATAL' || error.code.startsWith('57P0')
    : /^(CONNECTION_|CONNECT_|E[A-Z]+$)/.test(codeOf(error));

const codeOf = (error: unknown) => String((error as { code?: unknown } | null)?.code ?? '');

/**
 * An error of the driver as the service means it: `Unavailable` (503, try again) where the database was away, out of a
 * resource or too slow; anything else comes back as it is, a fault of ours.
 */
export function asFailure(error: unknown): unknown {
  if (error instanceof Unavailable) return error;
  const code = codeOf(error);
  if (error instanceof postgres.PostgresError) {
    if (code === PAST_TEMP_FILES) {
      return new TooMuchWork(
        'the answer needs more working space than one question may use: ask for a shorter range, or for fewer groups',
        { cause: error },
      );
    }
    for (const [prefix, says] of away) if (code.startsWith(prefix)) return new Unavailable(says, { cause: error });
    return error;
  }
  return isLostConnection(error) ? new Unavailable('the database cannot be reached', { cause: error }) : error;
}
