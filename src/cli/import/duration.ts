const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000 };

/** The milliseconds of a text such as `90s`, `10m`, `1h` or `0`; undefined for any other. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const [, count, unit] = /^(\d{1,6})([smh])$/.exec(text) ?? [];
  return unit === undefined ? undefined : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}

/** Milliseconds for people, to the second: `1h 5m`, `3m 20s`, `45s`. */
export function duration(ms: number): string {
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
