/** An answer as it is sent, with the headers that are its own. */
export interface Written {
  body: string;
  headers: Record<string, string>;
}

/** Bytes that are kept in all, and of one answer. A character of a string takes up to two bytes. */
const MOST = 32 * 1024 * 1024;
const MOST_EACH = 1024 * 1024;

/** What an answer takes besides its body. */
const OVERHEAD = 1_000;

const sizeOf = ({ body }: Written) => 2 * body.length + OVERHEAD;

/**
 * Answers by their entity tag, for the next who ask the same: a dashboard asks for the same panels for each of its readers.
 * A tag covers all that an answer depends on (validators.ts), so one that is found is true, and nothing is kept by age. The
 * answers of an account are dropped as soon as a request finds other facts of it. Beyond a number of bytes, those go that were
 * not asked for the longest.
 */
export class KeptAnswers {
  /** The one that was asked for last comes last. */
  readonly #answers = new Map<string, { account: string; answer: Written }>();
  /** The facts of each account with answers, and the tags of those. */
  readonly #accounts = new Map<string, { facts: string; tags: Set<string> }>();
  #bytes = 0;

  /** Those of an account with these facts. Those of other facts are dropped. */
  of(account: string, facts: string): { get(tag: string): Written | null; keep(tag: string, answer: Written): void } {
    const known = this.#accounts.get(account);
    if (known !== undefined && known.facts !== facts) for (const tag of [...known.tags]) this.#drop(tag);
    return {
      get: (tag) => this.#get(tag),
      keep: (tag, answer) => this.#keep(account, facts, tag, answer),
    };
  }

  #get(tag: string): Written | null {
    const found = this.#answers.get(tag);
    if (found === undefined) return null;
    this.#answers.delete(tag);
    this.#answers.set(tag, found);
    return found.answer;
  }

  #keep(account: string, facts: string, tag: string, answer: Written): void {
    const known = this.#accounts.get(account) ?? { facts, tags: new Set() };
    // Meanwhile another request has found other facts, or computed the same; and a large answer would push out many.
    if (known.facts !== facts || this.#answers.has(tag) || sizeOf(answer) > MOST_EACH) return;
    this.#accounts.set(account, known);
    known.tags.add(tag);
    this.#answers.set(tag, { account, answer });
    this.#bytes += sizeOf(answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#bytes <= MOST) break;
      this.#drop(oldest);
    }
  }

  #drop(tag: string): void {
    const found = this.#answers.get(tag);
    if (found === undefined) return;
    this.#answers.delete(tag);
    this.#bytes -= sizeOf(found.answer);
    const known = this.#accounts.get(found.account);
    known?.tags.delete(tag);
    if (known?.tags.size === 0) this.#accounts.delete(found.account);
  }
}
