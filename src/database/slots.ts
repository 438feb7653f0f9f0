import { Unavailable } from '../errors.js';

/** Most statements that wait for a connection. Beyond it, a new one is told to come back: memory must not grow. */
const MOST_WAITING = 1_000;

/**
 * So many statements at a time as there are connections; the others wait here rather than in the driver, where they could
 * not be told to give up.
 */
export function slots(count: number) {
  let free = count;
  const waiting = new Set<{ enter: () => void; refuse: (error: Error) => void }>();
  return {
    /** Resolves when a slot is free, and rejects when that takes longer than `patience` milliseconds. */
    enter(patience: number): Promise<void> {
      if (free > 0) {
        free--;
        return Promise.resolve();
      }
      if (waiting.size >= MOST_WAITING)
        return Promise.reject(new Unavailable('too many requests wait for the database'));
      return new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => one.refuse(new Unavailable('no connection to the database became free in time')),
          patience,
        );
        const one = {
          enter: () => {
            clearTimeout(timer);
            waiting.delete(one);
            resolve();
          },
          refuse: (error: Error) => {
            clearTimeout(timer);
            waiting.delete(one);
            reject(error);
          },
        };
        waiting.add(one);
      });
    },
    leave(): void {
      const [next] = waiting;
      if (next === undefined) free++;
      else next.enter();
    },
    /** Tells everyone who waits to give up. */
    clear(error: Error): void {
      for (const one of waiting) one.refuse(error);
    },
  };
}
