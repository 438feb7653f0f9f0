import { DONE } from './format.js';

/** The file ends where something must follow. */
export class Truncated extends Error {}

/** A line of JSON is longer than any that a backup has. */
const LONGEST = 1024 * 1024;
const LINE_FEED = 0x0a;

/** Reads the lines and the rows of a backup, with no more of it in memory than a chunk and a row. */
export class Lines {
  readonly #chunks: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** The next line as text. */
  async line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf(LINE_FEED);
      if (end !== -1) return this.#take(end + 1).toString('utf8', 0, end);
      if (this.#rest.length > LONGEST) throw new SyntaxError('a line is too long');
      await this.#more();
    }
  }

  /** The rows up to the line that ends them, in chunks of whole rows. */
  async *rows(): AsyncGenerator<Buffer> {
    const mark = Buffer.from(`${DONE}\n`);
    for (;;) {
      if (this.#rest.subarray(0, mark.length).equals(mark)) {
        this.#take(mark.length);
        return;
      }
      const inside = this.#rest.indexOf(`\n${DONE}\n`);
      const end = inside === -1 ? this.#rest.lastIndexOf(LINE_FEED) : inside;
      // A line feed at the very end may be the one before the mark, of which only a part is here: it is looked at again.
      if (end === -1) await this.#more();
      else yield this.#take(end + 1);
      if (this.#rest.length === 0) await this.#more();
      else if (inside === -1 && this.#rest.length < mark.length) await this.#more();
    }
  }

  /** Whether nothing follows. Reads to the end of the file, where gzip has its checksum. */
  async isOver(): Promise<boolean> {
    if (this.#rest.length > 0) return false;
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done) return true;
      if (value.length > 0) return false;
    }
  }

  #take(length: number): Buffer {
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next();
    if (done) throw new Truncated('the file is not complete');
    this.#rest = this.#rest.length === 0 ? value : Buffer.concat([this.#rest, value]);
  }
}
