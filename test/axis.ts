import { type Bucket, parseSpan } from '../src/queries/time/bucket.js';
import { formatInstant, parseInstant } from '../src/queries/time/instant.js';
import { axis, type Window } from '../src/queries/time/window.js';

function instant(text: string, zone: string): number {
  const parsed = parseInstant(text, zone);
  if (!parsed.ok) throw new Error(`${text} ${parsed.message}`);
  return parsed.instant;
}

export function windowOf(zone: string, from: string, to: string): Window {
  return { from: instant(from, zone), to: instant(to, zone), zone };
}

export function span(text: string): Bucket {
  const parsed = parseSpan(text);
  if (!parsed.ok) throw new Error(`${text} ${parsed.message}`);
  return parsed.bucket;
}

export function edgesOf(window: Window, bucket: Bucket | null): number[] {
  const found = axis(window, bucket);
  if (!found.ok) throw new Error(found.message);
  return found.edges;
}

/** Every edge of the axis as `series` writes it, the end of the last bucket too. */
export function edges(zone: string, from: string, to: string, bucket: string): string[] {
  return edgesOf(windowOf(zone, from, to), span(bucket)).map((edge) => formatInstant(edge, zone, 'series'));
}

/** The words of a text: edges, separated by blanks or line ends. */
export function words(text: string): string[] {
  return text.trim().split(/\s+/);
}

/** The cells of a table: a row a line, cells between bars. */
export function table(text: string): string[][] {
  const lines = text.trim().split('\n');
  return lines.map((line) => line.split('|').map((cell) => cell.trim()));
}
