import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How late an event loop ran, in milliseconds beyond its own tick: 99 of 100 samples at most, and the worst. */
export interface Delay {
  p99: number;
  worst: number;
}

const TICK = 5;

// Loaded into the service's process before it, which knows nothing of it; it answers its parent and starts anew.
if (process.send !== undefined) {
  const histogram = monitorEventLoopDelay({ resolution: TICK });
  histogram.enable();
  const beyond = (nanoseconds: number) => Math.max(0, nanoseconds / 1e6 - TICK);
  process.on('message', () => {
    const delay: Delay = { p99: beyond(histogram.percentile(99)), worst: beyond(histogram.max) };
    histogram.reset();
    process.send?.(delay);
  });
  process.channel?.unref();
}
