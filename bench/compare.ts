import type { Read } from './canonical.js';

/** The numbers of an answer under the text of their time and groups; buckets without anything are in some answers only. */
export function normal({ body }: Pick<Read, 'body'>, rows: readonly (readonly unknown[])[]): Map<string, number[]> {
  const labels =
    (body.bucket === undefined ? 0 : 1) + (body.group_by?.length ?? 0) + (body.others === undefined ? 0 : 1);
  const found = new Map<string, number[]>();
  for (const row of rows) {
    const numbers = row.slice(labels).map(Number);
    if (numbers.every((number) => number === 0)) continue;
    const [first, ...others] = row.slice(0, labels);
    const time = first instanceof Date ? first.getTime() : Number(Date.parse(String(first)));
    const label = JSON.stringify([body.bucket === undefined || typeof first === 'number' ? first : time, ...others]);
    if (found.has(label)) throw new Error(`two rows for ${label}`);
    found.set(label, numbers);
  }
  return found;
}

/** What differs, or null: counts must be equal, and sums, means and percentiles to 12 digits. */
export function differing(ours: Map<string, number[]>, theirs: Map<string, number[]>): string | null {
  if (ours.size !== theirs.size) return `${ours.size} and ${theirs.size} rows`;
  for (const [label, numbers] of ours) {
    const others = theirs.get(label);
    const isSame = numbers.every((number, n) => {
      const other = others?.[n] ?? Number.NaN;
      return Math.abs(number - other) <= 1e-12 * Math.abs(other); // no count is so large that this hides one
    });
    if (!isSame || numbers.length !== others?.length) return `${label} ${numbers} and ${others}`;
  }
  return null;
}
