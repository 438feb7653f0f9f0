import pino, { type DestinationStream, type Logger } from 'pino';
import { Unavailable } from './errors.js';

/** An error as the log shows it. */
export interface LoggedError {
  type: string;
  /** Only of errors whose texts are ours. */
  message?: string;
  /** Of the system or a library; of PostgreSQL the SQLSTATE. */
  code?: string;
  severity?: string;
  routine?: string;
  constraint?: string;
  /** The places in the code, without the message. */
  stack?: string[];
  cause?: LoggedError;
}

const MAX_CAUSES = 5;

/**
 * What may be logged of an error. The message of one that is not ours is left out, and so is everything else that it
 * carries: drivers, parsers and serializers quote the values they stumble over, and those are people's. What it is, its
 * code and where it happened find the fault.
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

/** The lines of a stack that name places. Where the message cannot be told from them there are none. */
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
 * The log of the service: a JSON object a line. It never holds what people sent: errors are cut down by
 * {@link describeError}, also where a library logs one, and requests and answers are not written at all.
 */
export function makeLog(level: string, stream: DestinationStream = pino.destination({ sync: true })): Logger {
  return pino(
    {
      level,
      serializers: { err: (error) => describeError(error), req: () => undefined, res: () => undefined },
      hooks: {
        logMethod(args, write) {
          const [first] = args as unknown[];
          // Given an error and no sentence, pino would make its message the sentence.
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
