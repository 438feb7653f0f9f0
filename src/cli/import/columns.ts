import type { Mapping } from './map.js';

/** So many ignored columns are named; a table whose keys are data would have no end of them. */
const MAX_NAMED = 100;

/** The columns that tables turn out to have, against those that a mapping takes. */
export class Columns {
  readonly mapping: Mapping;
  readonly #onIgnored: (names: readonly string[]) => void;
  readonly #missing: Map<string, string>;
  readonly #ignored = new Set<string>();

  /** `onIgnored` hears every column that nothing takes, once. */
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

  /** What to say of the needed columns that no row had; empty as soon as all were seen. */
  missing(): string[] {
    return [...this.#missing.values()];
  }
}
