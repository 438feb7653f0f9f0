import { setTimeout as delay } from 'node:timers/promises';

/** Work that goes on in the background. */
export interface Background {
  /** Resolves when the round under way has ended. */
  stop(): Promise<void>;
}

/** What a round is given. */
export interface Round {
  isOver(): boolean;
  /** Waits, unless it is over. */
  pause(ms: number): Promise<void>;
  /** Reports a failure of a part of the round; the other parts go on. After the end nothing is reported. */
  failed(error: unknown): void;
}

export interface Options {
  every: number;
  slowest?: number;
  onError: (error: unknown) => void;
  /** How to wait, for tests. */
  wait?: (ms: number, value: undefined, options: { signal: AbortSignal; ref: boolean }) => Promise<unknown>;
}

/**
 * Makes one round after the other until it is stopped, with a pause of `every` milliseconds between two. A failure is reported
 * to `onError` and tried again; while rounds fail, the pause doubles, up to `slowest`. The process may end meanwhile.
 */
export function inBackground(
  round: (own: Round) => Promise<void>,
  { every, slowest = every, onError, wait = delay }: Options,
): Background {
  const stopping = new AbortController();
  const isOver = () => stopping.signal.aborted;
  const pause = async (ms: number) => {
    await wait(ms, undefined, { signal: stopping.signal, ref: false }).catch(() => {});
  };

  async function work(): Promise<void> {
    for (let rest = every; !isOver(); await pause(rest)) {
      let hasFailed = false;
      const failed = (error: unknown) => {
        hasFailed = true;
        if (!isOver()) onError(error);
      };
      await round({ isOver, pause, failed }).catch(failed);
      rest = hasFailed ? Math.min(slowest, rest * 2) : every;
    }
  }
  const working = work();
  return {
    async stop() {
      stopping.abort();
      await working;
    },
  };
}
