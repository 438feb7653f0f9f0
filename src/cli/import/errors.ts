/** The command line is wrong or does not fit the files. One fault per line. Exit status 2. */
export class UsageError extends Error {}

/** The import cannot continue: a truncated file, an invalid key, a service that stays unavailable. Exit status 1. */
export class ImportError extends Error {}

/** The import was interrupted. Exit status 130, as shells report for a process that SIGINT ended. */
export class Interrupted extends Error {}
