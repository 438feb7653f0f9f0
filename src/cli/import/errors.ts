/** The command line cannot be meant as it is, or does not fit the files. One fault a line. Exit status 2. */
export class UsageError extends Error {}

/** The import cannot go on: a file that breaks off, a bad key, a service that stays away. Exit status 1. */
export class ImportError extends Error {}

/** Someone wants the import to stop. Exit status 130, as a shell says of a process that SIGINT ended. */
export class Interrupted extends Error {}
