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
 * Files that only run in the long form, or if they are named, so that `npm test` takes a few minutes: they start browsers or
 * programs again and again, or work under load for a while.
 */
export const longFiles = [
  'attack',
  'backup',
  'backup-rows',
  'bombs',
  'client-samples',
  'clients',
  'commands',
  'config',
  'dashboard',
  'dashboard-pages',
  'database',
  'demo',
  'distribute',
  'docs',
  'documentation',
  'driver',
  'embedded',
  'graphiql',
  'graphql-clients',
  'graphql-data',
  'guesses',
  'heartbeat',
  'hooks-load',
  'import',
  'isolation',
  'metrics',
  'migrate',
  'names',
  'outage',
  'packed',
  'processes',
  'real-data',
  'release',
  'segments-days',
  'segments-race',
  'segments-refresh',
  'shares',
  'shutdown',
  'soak',
  'star',
  'start',
  'strays',
  'traces',
];
