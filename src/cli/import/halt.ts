/** So long may a request that is under way go on once the import stops. */
const GRACE_MS = 5000;

/** The one way an import ends early: by an interrupt, or by a fault that no retry mends. */
export class Halt {
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #grace: NodeJS.Timeout | undefined;

  /** Aborted as soon as nothing new may start: no reading, no request, no waiting for the next try. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborted when the requests that were under way have had their time, too. */
  get aborting(): AbortSignal {
    return this.#aborting.signal;
  }

  /** Why the import ends early; undefined while it does not. */
  get reason(): Error | undefined {
    return this.#stopping.signal.reason;
  }

  /** Stops the import; of several reasons the first one stays. */
  stop(reason: Error): void {
    if (this.stopping.aborted) return;
    this.#stopping.abort(reason);
    this.#grace = setTimeout(() => this.#aborting.abort(reason), GRACE_MS);
  }

  /** To be called at the end, or the process waits out the time of grace. */
  dispose(): void {
    clearTimeout(this.#grace);
  }
}
