import type { Halt } from './halt.js';

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
