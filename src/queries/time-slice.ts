import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work after which the event loop is given back. */
const LONGEST = 10;

/** Long work on the event loop, in turns: between its parts, `if (turn.isOver()) await turn.next()` lets others in. */
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
