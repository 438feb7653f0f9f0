/*
 * SIGINT and SIGTERM from the first line of the program on. Loading all of it takes most of a second, and the first process of
 * a container that has no handler yet never hears of its signal. This module imports nothing, so that it comes first.
 */

const signals = ['SIGINT', 'SIGTERM'] as const;

/** While nothing has been started there is nothing to undo. */
const early = () => process.exit(0);

for (const signal of signals) process.on(signal, early);

/** Puts a handler in the place of the early one; without one, signals do what they usually do. */
export function onSignals(handler?: (signal: NodeJS.Signals) => void): void {
  for (const signal of signals) {
    if (handler !== undefined) process.on(signal, handler);
    process.off(signal, early);
  }
}
