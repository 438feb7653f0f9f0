import { MultiBar, type SingleBar } from 'cli-progress';

/** The progress of an import. */
export interface Snapshot {
  /** Lines that were accepted, duplicates or refused. */
  lines: number;
  /** The bytes of those lines as they are on disk. */
  bytes: number;
}

/** A terminal, or a file or pipe that receives lines. */
export type Output = NodeJS.WritableStream & { isTTY?: boolean };

const TICK_MS = { terminal: 200, plain: 5000 };

/** The rate covers the last ticks only, so that an earlier outage does not distort it. */
const TICKS_OF_RATE = 25;

/** Shows the progress and the messages of an import: a bar on a terminal, otherwise a line now and then. */
export class Progress {
  readonly #output: Output;
  #bars: MultiBar | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** `totalBytes` is undefined if the size of an input is unknown; then no remaining time is shown. */
  start(totalBytes: number | undefined, snapshot: () => Snapshot): void {
    const measure = meter(totalBytes, snapshot);
    const bar = this.#output.isTTY ? this.#bar() : undefined;
    const tick = () => {
      const { share, text } = measure();
      if (bar) bar.update(share ?? 0, { text });
      else this.log(text);
    };
    this.#timer = setInterval(tick, bar ? TICK_MS.terminal : TICK_MS.plain);
  }

  /** Prints a line, above the bar if it is shown. */
  log(text: string): void {
    const line = `${text.replace(/\p{Cc}/gu, '?')}\n`; // text from the input must not control the terminal
    if (this.#bars) this.#bars.log(line);
    else this.#output.write(line);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#bars?.update(); // stop alone would lose lines logged since the last tick
    this.#bars?.stop();
    this.#bars = undefined;
  }

  #bar(): SingleBar {
    this.#bars = new MultiBar({
      stream: this.#output,
      format: '[{bar}] {text}',
      barsize: 24,
      barCompleteChar: '#',
      barIncompleteChar: '.',
      linewrap: true,
      clearOnComplete: true,
      gracefulExit: false, // the command handles SIGINT
    });
    return this.#bars.create(1, 0, { text: '' });
  }
}

/** Returns the fraction of the bytes that was read, and the state in words. */
function meter(totalBytes: number | undefined, snapshot: () => Snapshot) {
  const samples = [{ at: performance.now(), ...snapshot() }];
  return (): { share: number | undefined; text: string } => {
    const now = { at: performance.now(), ...snapshot() };
    const before = samples[0] ?? now;
    samples.push(now);
    if (samples.length > TICKS_OF_RATE) samples.shift();
    const seconds = (now.at - before.at) / 1000;
    const counts = [`${now.lines} lines`, `${Math.round((now.lines - before.lines) / seconds)} lines/s`];
    if (totalBytes === undefined || totalBytes === 0) return { share: undefined, text: counts.join(', ') };
    const share = Math.min(1, now.bytes / totalBytes);
    const bytesPerSecond = (now.bytes - before.bytes) / seconds;
    const left =
      bytesPerSecond > 0 ? [`${formatDuration((1000 * (totalBytes - now.bytes)) / bytesPerSecond)} left`] : [];
    const words = [`${Math.floor(100 * share)}%`, ...left, ...counts];
    return { share, text: words.join(', ') };
  };
}

/** A duration in milliseconds, to the second: `1h 5m`, `3m 20s`, `45s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  const parts = { h: Math.floor(seconds / 3600), m: Math.floor(seconds / 60) % 60, s: seconds % 60 };
  const shown = Object.entries(parts).filter(([, count]) => count > 0);
  return shown.length === 0
    ? '0s'
    : shown
        .slice(0, 2)
        .map(([unit, count]) => `${count}${unit}`)
        .join(' ');
}
