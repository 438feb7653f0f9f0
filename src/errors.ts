/** One fault of a request. `path` is a parameter's name, or a JSONPath into the body (`$.events[3].time`). */
export interface Fault {
  path: string;
  message: string;
}

/** Codes of the errors of the GraphQL dialect, as its vendor's clients know them. */
export type GraphqlCode = 'validation-failed' | 'not-exists' | 'access-denied' | 'limit-exceeded' | 'unavailable';

/** What a request is refused with. Its message is for the caller. */
export abstract class Refusal extends Error {
  /** The HTTP status. */
  abstract readonly status: number;
  /** What the GraphQL dialect calls it. */
  abstract readonly code: GraphqlCode;
  /** What is wrong where, if there is such a place. */
  readonly faults: readonly Fault[] = [];
  /** Seconds after which to try again; null where that changes nothing. */
  readonly retryAfter: number | null = null;
}

/** The request itself is wrong. Carries every fault that was found, not only the first. */
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

/** What is asked for is too much for one answer. */
export class LimitExceeded extends InvalidRequest {
  override readonly code = 'limit-exceeded';
}

/** A statement that needs more working space than one may use. */
export class TooMuchWork extends Refusal {
  readonly status = 400;
  readonly code = 'limit-exceeded';
}

/** No key, or a bad one. */
export class Unauthenticated extends Refusal {
  readonly status = 401;
  readonly code = 'access-denied';
}

/** The key is good but may not do this. `faults` names the lines of a batch where there are any. */
export class Forbidden extends Refusal {
  readonly status = 403;
  readonly code = 'access-denied';
  override readonly faults: readonly Fault[];
  constructor(message: string, faults: readonly Fault[] = []) {
    super(message);
    this.faults = faults;
  }
}

/** Unknown here, or another account's. The two are never told apart. */
export class NotFound extends Refusal {
  readonly status = 404;
  readonly code = 'not-exists';
}

/** The path is there, but not for this method. */
export class WrongMethod extends Refusal {
  readonly status = 405;
  readonly code = 'validation-failed';
  readonly allowed: readonly string[];
  constructor(allowed: readonly string[]) {
    super(`only ${allowed.join(', ')} is answered here`);
    this.allowed = allowed;
  }
}

/** A body that does not arrive in time. */
export class SlowBody extends Refusal {
  readonly status = 408;
  readonly code = 'validation-failed';
}

/** A body or batch over the limit. */
export class TooLarge extends Refusal {
  readonly status = 413;
  readonly code = 'limit-exceeded';
}

/** A body of a type or encoding that is not read here. */
export class Unsupported extends Refusal {
  readonly status = 415;
  readonly code = 'validation-failed';
}

/** More of one key at a time than its share. */
export class TooManyRequests extends Refusal {
  readonly status = 429;
  readonly code = 'limit-exceeded';
  override readonly retryAfter: number;
  constructor(message: string, retryAfter = 2) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The database is away, full or slower than the deadline. */
export class Unavailable extends Refusal {
  readonly status = 503;
  readonly code = 'unavailable';
  override readonly retryAfter = 2;
}
