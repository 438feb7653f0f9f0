/**
 * Whether the long form of the tests runs: `npm run test:full`, which sets FULL=1. Tests that are long by nature (soaks, random
 * questions, whole data sets) have a short form in `npm test`, which asks the same of fewer things.
 */
export const isFull = !['', '0', undefined].includes(process.env.FULL);

/** How many of something a test takes. */
export const inForm = (short: number, full: number): number => (isFull ? full : short);
