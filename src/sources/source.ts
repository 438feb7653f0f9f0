import type { Path } from './paths.js';

/** An event as `POST /v1/events` takes it. */
export type Event = { type: string } & Record<string, unknown>;

/** What became of one record. */
export interface Mapped {
  /** In the order of their times where the record tells one. */
  events: Event[];
  /** Why a record, or a part of it, makes no event although nothing is wrong with it: a short phrase that repeats. */
  ignored: string[];
  /** What is wrong with it, in words for the person who sends it. */
  faults: string[];
}

/**
 * Data of one product, as records that become events. A record is parsed JSON: an element of an export, a row of a table
 * with its cells as texts, or the body of a webhook. The same record always makes the same events, with the same ids: what
 * comes twice changes nothing.
 */
export interface Source {
  name: string;
  /** What a record is, for `--help` and the documentation. */
  about: string;
  /** Where a JSON document keeps its records, as a path; without it the document is the record. */
  records?: string;
  /** The places of a record that it reads, if they are few and known: what a table lacks, and has beside them, can be said. */
  reads?: readonly Use[];
  /** Whether a record is surely of this product, so that nobody needs to name it. */
  recognizes?(record: unknown): boolean;
  /**
   * For files of plain text: makes records of their lines. The function gets one line after the other, null at the end, and
   * returns a record that is complete, or undefined.
   */
  lines?(): (line: string | null) => unknown;
  /** Whether a line of such a file surely is of this product. */
  recognizesLine?(line: string): boolean;
  /** The same source for data whose times do not say all themselves; only for products whose times do not. */
  configured?(how: Configuration): Source;
  /** What `configured` takes. */
  takes?: readonly (keyof Configuration)[];
  map(record: unknown): Mapped;
}

/** What people say of data that does not say it. */
export interface Configuration {
  /** The time zone of its times. */
  time_zone?: string;
  /** How times are written: a pattern as mappings have it. */
  time_format?: string;
}

/** A place that a source reads. */
export interface Use {
  path: Path;
  /** Why each table must have it, to follow the words `no column "x"`; undefined if it need not. */
  because?: string;
}

export const nothing = (): Mapped => ({ events: [], ignored: [], faults: [] });
export const ignored = (reason: string): Mapped => ({ events: [], ignored: [reason], faults: [] });
