const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** The milliseconds of a text such as `90s`, `10m`, `24h`, `7d` or `0`; undefined for any other text. */
export function parseDuration(text: string): number | undefined {
  const [, count, unit] = /^(0|[1-9][0-9]{0,5})([smhd])?$/.exec(text) ?? [];
  if (count === undefined || (unit === undefined && count !== '0')) return undefined;
  return unit === undefined ? 0 : Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
}
