/** The command line is wrong or does not fit the files. One fault per line. Exit status 2. */
export class UsageError extends Error {}

/** The import cannot continue: a truncated file, an invalid key, a service that stays unavailable. Exit status 1. */
export class ImportError extends Error {}

/** The import was interrupted. Exit status 130, as shells report for a process that SIGINT ended. */
export class Interrupted extends Error {}

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

/**
 * Processes all items, at most `limit` at the same time, and pulls an item only when a worker is free. The first
 * failure stops the rest. Resolves when all workers have finished and the source is closed; `halt` tells whether all
 * went well.
 */
export async function inParallel<T>(
  items: AsyncGenerator<T>,
  limit: number,
  halt: Halt,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const worker = async () => {
    try {
      while (!halt.stopping.aborted) {
        const next = await items.next();
        if (next.done || halt.stopping.aborted) return;
        await work(next.value);
      }
    } catch (error) {
      halt.stop(error as Error);
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  await items.return(undefined);
}
