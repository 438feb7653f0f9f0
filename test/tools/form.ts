/**
 * Whether the long form of the tests runs: `npm run test:full`, which sets FULL=1. Tests that are long by nature (soaks,
 * random queries, whole data sets) have a short form in `npm test`, which does the same with less data.
 */
export const isFull = !['', '0', undefined].includes(process.env.FULL);

/** Whether times are asserted (TIMES=1): `npm run test:attack` and `npm run test:outage`, on a machine that does nothing else. */
export const isTimed = !['', '0', undefined].includes(process.env.TIMES);

/** How many of something a test takes. */
export const inForm = (short: number, full: number): number => (isFull ? full : short);
