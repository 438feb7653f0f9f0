import { median, toDuck } from './figures.js';
import type { Party, ReadFigures } from './reads.js';

const kinds: { party: Party; name: string; color: string }[] = [
  { party: 'sql', name: 'SQL by hand', color: '#8a8f98' },
  { party: 'http', name: 'over HTTP', color: '#e08e0b' },
  { party: 'run', name: 'run(query)', color: '#1f6feb' },
];

const WIDTH = 760;
const LEFT = 130;
const RIGHT = 30;
const TOP = 70;
const ROW = 26;

/** The reads as dots on a logarithmic scale, DuckDB's time being 1: a picture in SVG, which any code host shows. */
export function chart(all: ReadFigures[], caption: string): string {
  const reads = all.filter(({ name }) => name !== 'empty');
  const values = reads.flatMap((read) => kinds.map(({ party }) => median(toDuck(read, party))));
  // The powers of ten around all of them and 1.
  const lowest = Math.min(-1, Math.floor(Math.log10(Math.min(...values))));
  const highest = Math.max(1, Math.ceil(Math.log10(Math.max(...values))));
  const x = (value: number) =>
    (LEFT + ((Math.log10(value) - lowest) / (highest - lowest)) * (WIDTH - LEFT - RIGHT)).toFixed(1);
  const bottom = TOP + reads.length * ROW;
  const ticks = Array.from({ length: highest - lowest + 1 }, (_, n) => 10 ** (lowest + n));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + 40}" font-family="sans-serif" font-size="13" fill="#24292f">`,
    `<rect width="${WIDTH}" height="${bottom + 40}" fill="#ffffff"/>`,
    `<text x="16" y="24" font-size="15">${escaped(caption)}</text>`,
    ...kinds.map(
      ({ name, color }, n) =>
        `<circle cx="${LEFT + n * 130}" cy="46" r="5" fill="${color}"/><text x="${LEFT + 12 + n * 130}" y="50">${name}</text>`,
    ),
    ...ticks.map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${TOP - 8}" y2="${bottom}" stroke="${tick === 1 ? '#24292f' : '#d0d7de'}"/>` +
        `<text x="${x(tick)}" y="${bottom + 18}" text-anchor="middle">${tick === 1 ? '1 (DuckDB)' : Number(tick.toPrecision(1))}</text>`,
    ),
    ...reads.flatMap((read, n) => {
      const y = TOP + (n + 0.5) * ROW;
      const dots = kinds.map(
        ({ party, color }) => `<circle cx="${x(median(toDuck(read, party)))}" cy="${y}" r="5" fill="${color}"/>`,
      );
      return [`<text x="${LEFT - 14}" y="${y + 4}" text-anchor="end">${escaped(read.name)}</text>`, ...dots];
    }),
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
