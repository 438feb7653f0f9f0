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

/** The path is there, but not for this method: 405. */
export class WrongMethod extends Error {
  readonly allowed: string[];
  constructor(allowed: string[]) {
    super(`only ${allowed.join(', ')} is answered here`);
    this.allowed = allowed;
  }
}

/** A body that does not arrive in time: 408. */
export class SlowBody extends Error {}

/** A body or batch over the limit: 413. */
export class TooLarge extends Error {}

/** A body of a type or encoding that is not read here: 415. */
export class Unsupported extends Error {}

/** The database is away, full or slower than the deadline: 503 with `Retry-After`. */
export class Unavailable extends Error {}
