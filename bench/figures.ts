import type { LoadFigures } from './load.js';
import type { MixFigures } from './mix.js';
import type { Party, ReadFigures } from './reads.js';

/** Milliseconds or rates of the rounds of one thing. */
export type Samples = number[];

export const median = (samples: Samples): number => {
  const sorted = [...samples].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
};

/** A line of the result: what is measured, beside what, and the ratio of the two in each round. */
export interface Line {
  name: string;
  unit: string;
  ours: Samples;
  peer: Samples;
  peerName: string;
  /** What the ratio should be at least. */
  target: number;
}

/** The ratio of each round. */
export const ratios = (ours: Samples, peer: Samples): Samples => ours.map((value, n) => value / (peer[n] as number));

/** A median with its spread, for people who read JSON. */
export const summary = (samples: Samples) => ({
  median: median(samples),
  lowest: Math.min(...samples),
  highest: Math.max(...samples),
});

const short = (value: number) =>
  value >= 100 ? Math.round(value).toLocaleString('en') : value >= 10 ? value.toFixed(0) : value.toPrecision(2);
const range = (samples: Samples) =>
  `${short(median(samples))} (${short(Math.min(...samples))} to ${short(Math.max(...samples))})`;
const brief = (value: number) =>
  value >= 10 ? value.toFixed(0) : value >= 0.1 ? value.toFixed(2) : value.toPrecision(2);
const spread = (samples: Samples) =>
  `**${brief(median(samples))}** (${brief(Math.min(...samples))} to ${brief(Math.max(...samples))})`;

const markdown = (head: string[], rows: string[][]) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Rates beside those of a peer. */
export function ingestTable(lines: Line[]): string {
  const rows = lines.map(({ name, unit, ours, peer, peerName, target }) => {
    const all = ratios(ours, peer);
    return [
      name,
      `${short(median(ours))} ${unit}`,
      `${short(median(peer))} ${unit} (${peerName})`,
      spread(all),
      `at least ${target}${median(all) >= target ? '' : ', missed'}`,
    ];
  });
  return markdown(['measured', 'here', 'beside', 'ratio: median (lowest to highest)', 'target'], rows);
}

/** The parties of a read whose times are shown beside DuckDB's. */
export const toDuck = (read: ReadFigures, party: Party): Samples => ratios(read[party], read.duckdb);

/** Milliseconds of each party, and the ratios that count. */
export function readTable(reads: ReadFigures[]): string {
  const empty = reads.find(({ name }) => name === 'empty');
  const rows = reads.map((read) => {
    const { name, means, target } = read;
    const reached = median(toDuck(read, 'run'));
    return [
      `**${name}** ${means}`,
      range(read.run),
      range(read.http),
      empty === undefined || read === empty ? '' : short(Math.max(0, median(read.http) - median(empty.http))),
      range(read.sql),
      range(read.duckdb),
      spread(toDuck(read, 'run')),
      spread(toDuck(read, 'http')),
      spread(ratios(read.run, read.sql)),
      target === undefined ? '' : `${target}${reached <= target ? '' : ', missed'}`,
    ];
  });
  const head = ['read', '`run(query)`, ms', 'HTTP, ms', 'above an empty report', 'SQL by hand, ms', 'DuckDB, ms'];
  return markdown([...head, 'run / DuckDB', 'HTTP / DuckDB', 'run / SQL', 'run / DuckDB at most'], rows);
}

/** Requests a second, and what they are of those of the others in the same round. */
export function loadTable({ computed, service, constant, pgbench, validated, notes }: LoadFigures): string {
  const row = (name: string, rates: Samples) => [
    name,
    range(rates),
    ...(pgbench === null ? [] : [spread(ratios(rates, pgbench.narrow)), spread(ratios(rates, pgbench.wide))]),
    spread(ratios(rates, constant)),
  ];
  const rows = [
    row('query a, each time computed', computed),
    row('query a, over and over', service),
    ...(validated === null ? [] : [row('query a, validated (304)', validated)]),
    ...(pgbench === null ? [] : [row('pgbench, narrow rollup', pgbench.narrow)]),
    ...(pgbench === null ? [] : [row('pgbench, rollup by five dimensions', pgbench.wide)]),
    row('a constant route', constant),
  ];
  const beside = pgbench === null ? [] : ['of pgbench, narrow', 'of pgbench, five dimensions'];
  const table = markdown(['32 connections', 'requests/s', ...beside, 'of the constant route'], rows);
  return [table, ...notes].join('\n\n');
}

/** Small panels with and without heavy reports beside them. */
export function mixTable({ alone, beside, reports }: MixFigures): string {
  const rows = [
    { name: 'alone', ...alone },
    { name: `beside ${reports} heavy reports of another key`, ...beside },
  ].map(({ name, panels, median, p95, loop }) => [
    name,
    String(panels),
    ...[median, p95, loop.p99, loop.worst].map(short),
  ]);
  return markdown(
    ['small panels', 'asked', 'median, ms', 'p95, ms', 'event loop late by, p99, ms', 'and at worst, ms'],
    rows,
  );
}
