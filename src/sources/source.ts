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
  map(record: unknown): Mapped;
}

export const nothing = (): Mapped => ({ events: [], ignored: [], faults: [] });
export const ignored = (reason: string): Mapped => ({ events: [], ignored: [reason], faults: [] });
