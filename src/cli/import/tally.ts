import type { LinePosition } from './lines.js';

/** Maximum number of refused lines to show, so that a file that is wrong throughout does not hide everything else. */
const MAX_SHOWN = 100;

/** Counts the results of the lines. */
export class Tally {
  read = 0;
  accepted = 0;
  duplicates = 0;
  /** Duplicates that differ from the stored events; they were not applied. */
  differing = 0;
  readonly #log: (text: string) => void;
  #refused = 0;

  constructor(log: (text: string) => void) {
    this.#log = log;
  }

  get refused(): number {
    return this.#refused;
  }

  /** The lines that are finished. */
  get settled(): number {
    return this.accepted + this.duplicates + this.refused;
  }

  refuse({ file, number }: LinePosition, reason: string): void {
    this.#refused += 1;
    if (this.#refused <= MAX_SHOWN) this.#log(`${file}:${number}: ${reason}`);
    if (this.#refused === MAX_SHOWN + 1) this.#log('more lines were refused; they are only counted from here on');
  }

  /** A summary of one or two lines. */
  summary(elapsedMs: number): string {
    const { read, accepted, duplicates, refused, settled } = this;
    const seconds = elapsedMs / 1000;
    const counts = [`${read} lines read`, `${accepted} accepted`, `${duplicates} duplicates`, `${refused} refused`];
    if (settled < read) counts.push(`${read - settled} not sent`);
    if (refused > MAX_SHOWN) counts.push(`${refused - MAX_SHOWN} of the refused not shown`);
    if (this.differing > 0)
      counts.push(`${this.differing} of the duplicates differ from the stored events and were not applied`);
    return `${counts.join(', ')}; ${seconds.toFixed(1)} s, ${Math.round(settled / seconds)} lines/s`;
  }
}
