import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work after which the event loop gets control back. */
const LONGEST = 10;

/**
 * Splits long work on the event loop into slices: between its steps, `if (slice.isOver()) await slice.next()` lets
 * others run.
 */
export class TimeSlice {
  #since = performance.now();

  isOver(): boolean {
    return performance.now() - this.#since > LONGEST;
  }

  async next(): Promise<void> {
    await setImmediate();
    this.#since = performance.now();
  }
}
