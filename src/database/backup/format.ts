/*
 * A backup is a gzip file of lines. The first is a `Head`. Then each table follows: a `TableHead`, its rows as COPY writes
 * them as text, and a line `\.`. The last line is an `End`. A row never holds a line feed and never is `\.`, since COPY
 * escapes both.
 */

/** The number of this format. */
export const FORMAT = 1;

/** A migration of the database that was backed up. */
export interface Applied {
  version: number;
  name: string;
  digest: string | null;
}

export interface Head {
  conversation_reports_backup: typeof FORMAT;
  /** The version of the program that wrote it. */
  version: string;
  /** The moment whose rows it holds. */
  at: string;
  migrations: Applied[];
}

export interface TableHead {
  table: string;
  columns: string[];
}

export interface TableEnd {
  table: string;
  rows: number;
  /** Of the rows as they stand in the file. */
  sha256: string;
}

export interface End {
  end: true;
  tables: TableEnd[];
  /** The sequences, and a value that none of them has given yet in these rows. */
  sequences: { sequence: string; next: number }[];
}

/** The line behind the rows of a table. */
export const DONE = '\\.';

/** Tables that say what the schema is: a restore makes them by migrations. */
export const ofSchema = ['schema_migrations', 'schema_functions'];

/** How far a backup or restore is. */
export interface Progress {
  table: string;
  /** Rows of all tables so far. */
  rows: number;
  /** Bytes of these rows before compression. */
  bytes: number;
}
