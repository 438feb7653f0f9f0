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
