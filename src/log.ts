import pino, { type DestinationStream, type Logger } from 'pino';
import { Unavailable } from './errors.js';

/** An error as the log shows it. */
export interface LoggedError {
  type: string;
  /** Only for errors whose messages are ours. */
  message?: string;
  /** The code of the system or a library; for PostgreSQL the SQLSTATE. */
  code?: string;
  severity?: string;
  routine?: string;
  constraint?: string;
  /** The stack without the message. */
  stack?: string[];
  cause?: LoggedError;
}

const MAX_CAUSES = 5;

/**
 * The parts of an error that may be logged. The message of an error that is not ours is dropped, like all its other
 * properties: drivers, parsers and serializers quote the values that caused it, and those are personal data. The class,
 * the code and the stack are enough to find the bug.
 */
export function describeError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, severity, routine, constraint_name } = error as Error & Record<string, unknown>;
  const described: LoggedError = { type: error.constructor.name };
  if (error instanceof Unavailable) described.message = error.message;
  for (const [name, value] of Object.entries({ code, severity, routine, constraint: constraint_name })) {
    if (typeof value === 'string') Object.assign(described, { [name]: value });
  }
  const stack = placesOf(error);
  if (stack.length > 0) described.stack = stack;
  if (error.cause !== undefined && depth < MAX_CAUSES) described.cause = describeError(error.cause, depth + 1);
  return described;
}

/** The lines of a stack that name positions in the code. None if they cannot be told from the message. */
function placesOf({ stack = '', message }: Error): string[] {
  const start = stack.indexOf(message);
  if (start === -1) return [];
  return stack
    .slice(start + message.length)
    .split('\n')
    .filter((line) => /^ {4}at /.test(line))
    .map((line) => line.trim());
}

/**
 * Creates the log of the service: one JSON object per line. It never contains data that people sent: errors are reduced
 * by {@link describeError}, also those that a library logs, and requests and answers are not logged.
 */
export function makeLog(level: string, stream: DestinationStream = pino.destination({ sync: true })): Logger {
  return pino(
    {
      level,
      serializers: { err: (error) => describeError(error), req: () => undefined, res: () => undefined },
      hooks: {
        logMethod(args, write) {
          const [first] = args as unknown[];
          // Without a message, pino would log the message of the error.
          if (first instanceof Error) write.call(this, { err: first } as never, 'error');
          else if (args.length === 1 && (first as { err?: unknown } | null)?.err !== undefined) {
            write.call(this, first as never, 'error');
          } else write.apply(this, args);
        },
      },
    },
    stream,
  );
}
