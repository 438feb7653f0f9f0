/**
 * Whether the long form of the tests runs: `npm run test:full`, which sets FULL=1. Tests that are long by nature (soaks,
 * random queries, whole data sets) have a short form in `npm test`, which does the same with less data.
 */
export const isFull = !['', '0', undefined].includes(process.env.FULL);

/**
 * TIMES=1, on a machine that does nothing else: times are asserted (`npm run test:attack`, `npm run test:outage`), what takes
 * many minutes runs whole (`npm run test:segments`), and packages are installed that only one test needs (`npm run
 * test:generators`).
 */
export const isTimed = !['', '0', undefined].includes(process.env.TIMES);

/** How many of something a test takes. */
export const inForm = (short: number, full: number): number => (isFull ? full : short);
