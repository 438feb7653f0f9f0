import type { Halt } from './halt.js';

/**
 * Works on all items, on at most `limit` at once, each taken when there is a hand free for it. The first failure halts
 * the rest. Resolves when nothing is under way any more and the source is closed; whether all went well, `halt` says.
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
