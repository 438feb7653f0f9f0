/** One fault of a request. `path` is a parameter's name, or a JSONPath into the body (`$.events[3].time`). */
export interface Fault {
  path: string;
  message: string;
}

/** The request itself is wrong: 400. Carries every fault that was found, not only the first. */
export class InvalidRequest extends Error {
  readonly faults: Fault[];
  constructor(faults: Fault[]) {
    super(faults.map((fault) => `${fault.path}: ${fault.message}`).join('; '));
    this.faults = faults;
  }
}

/** What is asked for is too much for one answer: 400 as well, said apart because a dialect may name it apart. */
export class LimitExceeded extends InvalidRequest {}

/** A statement that needs more working space than one may use: 400. */
export class TooMuchWork extends Error {}

/** No key, or a bad one: 401. */
export class Unauthenticated extends Error {}

/** The key is good but may not do this: 403. `faults` names the lines of a batch where there are any. */
export class Forbidden extends Error {
  readonly faults: Fault[];
  constructor(message: string, faults: Fault[] = []) {
    super(message);
    this.faults = faults;
  }
}

/** Unknown here, or another account's: 404. The two are never told apart. */
export class NotFound extends Error {}

/** A body or batch over the limit: 413. */
export class TooLarge extends Error {}

/** A body of a type or encoding that is not read here: 415. */
export class Unsupported extends Error {}

/** More of one key at a time than its share: 429 with `Retry-After`, in seconds. */
export class TooManyRequests extends Error {
  readonly retryAfter: number;
  constructor(message: string, retryAfter = 2) {
    super(message);
    this.retryAfter = retryAfter;
  }
}

/** The database is away, full or slower than the deadline: 503 with `Retry-After`. */
export class Unavailable extends Error {}
