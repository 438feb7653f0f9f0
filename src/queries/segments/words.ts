import type { Test } from '../filter.js';
import type { Vocabulary } from './plan.js';
import type { Word } from './read.js';

/** The words of one column: their codes, and which tests each passes. */
export class Words {
  /** One more than the greatest code. */
  size = 1;
  readonly #values = new Map<number, string>();
  readonly #passing: Uint8Array<ArrayBuffer>[];

  readonly vocabulary: Vocabulary;
  constructor(vocabulary: Vocabulary) {
    this.vocabulary = vocabulary;
    // Code 0 is null: it passes `in` with null among its values, and nothing else.
    this.#passing = vocabulary.tests.map((test) => {
      const table = new Uint8Array(256);
      table[0] = test.op === 'in' && test.values.includes(null) ? 1 : 0;
      return table;
    });
  }

  add({ code, value, passes }: Word): void {
    this.size = Math.max(this.size, code + 1);
    this.#values.set(code, value);
    passes.forEach((passed, n) => {
      if (!passed) return;
      let table = this.#passing[n] as Uint8Array<ArrayBuffer>;
      if (code >= table.length) {
        const longer = new Uint8Array(Math.max(code + 1, 2 * table.length));
        longer.set(table);
        table = longer;
        this.#passing[n] = table;
      }
      table[code] = 1;
    });
  }

  /** For each code whether it passes a test of this vocabulary: for every code of a byte; others beyond its end do not. */
  passing(test: Test): Uint8Array {
    const table = this.#passing[this.vocabulary.tests.indexOf(test)];
    if (table === undefined) throw new TypeError(`a test of ${test.dimension} was not asked for`);
    return table;
  }

  textOf(code: number): string | null {
    if (code === 0) return null;
    const value = this.#values.get(code);
    if (value === undefined) throw new TypeError(`${this.vocabulary.column} has no word ${code}`);
    return value;
  }
}
