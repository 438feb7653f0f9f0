import type { Mapping } from './map.js';

/** Maximum number of ignored columns to name: in a table whose keys are data there would be no end of them. */
const MAX_NAMED = 100;

/** Compares the columns that tables have with those that a mapping uses. */
export class Columns {
  readonly mapping: Mapping;
  readonly #onIgnored: (names: readonly string[]) => void;
  readonly #missing: Map<string, string>;
  readonly #ignored = new Set<string>();

  /** `onIgnored` is called once for every column that the mapping does not use. */
  constructor(mapping: Mapping, onIgnored: (names: readonly string[]) => void) {
    this.mapping = mapping;
    this.#onIgnored = onIgnored;
    this.#missing = new Map(mapping.needed);
  }

  see(names: readonly string[]): void {
    const ignored: string[] = [];
    for (const name of names) {
      if (this.mapping.columns.has(name)) {
        this.#missing.delete(name);
      } else if (!this.#ignored.has(name) && this.#ignored.size < MAX_NAMED) {
        this.#ignored.add(name);
        ignored.push(name);
      }
    }
    if (ignored.length > 0) this.#onIgnored(ignored);
  }

  /** Messages for the required columns that no row has had so far; empty once all were seen. */
  missing(): string[] {
    return [...this.#missing.values()];
  }
}
