/** One fault of a request. `path` is a parameter's name, or a JSONPath into the body (`$.events[3].time`). */
export interface Fault {
  path: string;
  message: string;
}

/** Error codes of the GraphQL dialect, as clients of the vendor know them. */
export type GraphqlCode = 'validation-failed' | 'not-exists' | 'access-denied' | 'limit-exceeded' | 'unavailable';

/** What a refused request ran into: the limits and failures that metrics count. */
export const sheds = [
  'key_requests',
  'key_bodies',
  'key_rate',
  'all_bodies',
  'statements',
  'statement_bytes',
  'database',
  'wrong_secrets',
  'stopping',
] as const;
export type Shed = (typeof sheds)[number];

/** A refusal of a request. Its message is for the caller. */
export abstract class Refusal extends Error {
  /** The HTTP status. */
  abstract readonly status: number;
  /** The code in the GraphQL dialect. */
  abstract readonly code: GraphqlCode;
  /** The single faults, if any. */
  readonly faults: readonly Fault[] = [];
  /** Seconds after which to retry; null if a retry is pointless. */
  readonly retryAfter: number | null = null;
  /** What a request that may be retried ran into. */
  readonly shed: Shed | null = null;
}

/** The request is invalid. It has every fault that was found, not only the first. */
export class InvalidRequest extends Refusal {
  readonly status: number = 400;
  readonly code: GraphqlCode = 'validation-failed';
  override readonly faults: readonly Fault[];
  constructor(faults: readonly Fault[]) {
    const [first] = faults;
    const many = faults.length > 1 ? `${faults.length} faults in the request; the first: ` : '';
    super(first === undefined ? 'the request is not valid' : `${many}${first.path} ${first.message}`);
    this.faults = faults;
  }
}

/** The answer would be too large. */
export class LimitExceeded extends InvalidRequest {
  override readonly code = 'limit-exceeded';
}

/** A statement exceeded its temporary disk space. */
export class TooMuchWork extends Refusal {
  readonly status = 400;
  readonly code = 'limit-exceeded';
}

/** The key is missing or invalid. */
export class Unauthenticated extends Refusal {
  readonly status = 401;
  readonly code = 'access-denied';
}

/** The key is valid but may not do this. `faults` names the lines of a batch, if any. */
export class Forbidden extends Refusal {
  readonly status = 403;
  readonly code = 'access-denied';
  override readonly faults: readonly Fault[];
  constructor(message: string, faults: readonly Fault[] = []) {
    super(message);
    this.faults = faults;
  }
}

/** Unknown, or in another account. The two are indistinguishable to the caller. */
export class NotFound extends Refusal {
  readonly status = 404;
  readonly code = 'not-exists';
}

/** The path exists, but not for this method. */
export class WrongMethod extends Refusal {
  readonly status = 405;
  readonly code = 'validation-failed';
  readonly allowed: readonly string[];
  constructor(allowed: readonly string[]) {
    super(`the method is not allowed here: use ${allowed.join(' or ')}`);
    this.allowed = allowed;
  }
}

/** The body does not arrive in time. */
export class SlowBody extends Refusal {
  readonly status = 408;
  readonly code = 'validation-failed';
}

/** The body or batch exceeds a limit. */
export class TooLarge extends Refusal {
  readonly status = 413;
  readonly code = 'limit-exceeded';
}

/** The type or encoding of the body is not supported. */
export class Unsupported extends Refusal {
  readonly status = 415;
  readonly code = 'validation-failed';
}

/** The key exceeds its share. */
export class TooManyRequests extends Refusal {
  readonly status = 429;
  readonly code = 'limit-exceeded';
  override readonly retryAfter: number;
  override readonly shed: Shed;
  constructor(message: string, shed: Shed, retryAfter = 2) {
    super(message);
    this.shed = shed;
    this.retryAfter = retryAfter;
  }
}

/** The database is unreachable, full, or slower than the deadline. */
export class Unavailable extends Refusal {
  readonly status = 503;
  readonly code = 'unavailable';
  override readonly retryAfter = 2;
  override readonly shed: Shed;
  constructor(message: string, { shed = 'database', ...options }: ErrorOptions & { shed?: Shed } = {}) {
    super(message, options);
    this.shed = shed;
  }
}
