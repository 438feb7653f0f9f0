/** How long a request in progress may continue after the import was stopped. */
const GRACE_MS = 5000;

/** Stops an import early: after an interrupt, or after an error that a retry cannot fix. */
export class Halt {
  readonly #stopping = new AbortController();
  readonly #aborting = new AbortController();
  #grace: NodeJS.Timeout | undefined;

  /** Aborted when nothing new may start: no reading, no request, no waiting for a retry. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** Aborted when the grace period of the requests in progress is over. */
  get aborting(): AbortSignal {
    return this.#aborting.signal;
  }

  /** Why the import was stopped; undefined while it runs. */
  get reason(): Error | undefined {
    return this.#stopping.signal.reason;
  }

  /** Stops the import; only the first reason is kept. */
  stop(reason: Error): void {
    if (this.stopping.aborted) return;
    this.#stopping.abort(reason);
    this.#grace = setTimeout(() => this.#aborting.abort(reason), GRACE_MS);
  }

  /** Must be called at the end, or the process waits for the grace period. */
  dispose(): void {
    clearTimeout(this.#grace);
  }
}
