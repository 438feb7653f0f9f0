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

/**
 * Files that only run in the long form, or if they are named: they start browsers or programs, again and again, and are half of
 * the time of all tests.
 */
export const longFiles = [
  'backup',
  'backup-rows',
  'client-samples',
  'clients',
  'commands',
  'dashboard',
  'dashboard-pages',
  'demo',
  'distribute',
  'docs',
  'documentation',
  'graphiql',
  'isolation',
  'outage',
  'packed',
  'processes',
  'release',
  'soak',
];
