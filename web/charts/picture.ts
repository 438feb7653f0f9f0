import { type Colour, colour } from './colours.js';

/** A cell of a drawn table: its text, and how much of it is filled, from 0 to 1. */
export interface Drawn {
  text: string;
  fill?: number;
}

const PAD = 16;
const ROW = 26;

/** A canvas of this size for sharp screens, filled with the surface, with the title on it; its context measures in points. */
function sheet(
  width: number,
  height: number,
  title: string,
  subtitle: string,
): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [width * 2, height * 2];
  const pen = canvas.getContext('2d') as CanvasRenderingContext2D;
  pen.scale(2, 2);
  pen.fillStyle = colour('surface');
  pen.fillRect(0, 0, width, height);
  write(pen, title, PAD, PAD + 12, '600 16px system-ui, sans-serif', 'text');
  write(pen, subtitle, PAD, PAD + 34, '13px system-ui, sans-serif', 'muted');
  return [canvas, pen];
}

function write(pen: CanvasRenderingContext2D, text: string, x: number, y: number, font: string, ink: Colour): void {
  pen.font = font;
  pen.fillStyle = colour(ink);
  pen.fillText(text, x, y);
}

const TOP = 64;

/** A picture of a chart that is a canvas or an image already: the title above it and the legend below. */
export function framed(
  chart: CanvasImageSource & { width: number; height: number },
  title: string,
  subtitle: string,
  legend: { label: string; colour: Colour }[] = [],
): HTMLCanvasElement {
  const width = 900;
  const height = Math.round((chart.height * (width - 2 * PAD)) / chart.width);
  const [canvas, pen] = sheet(width, TOP + height + 40, title, subtitle);
  pen.drawImage(chart, PAD, TOP, width - 2 * PAD, height);
  let x = PAD;
  for (const one of legend) {
    pen.fillStyle = colour(one.colour);
    pen.fillRect(x, TOP + height + 18, 14, 4);
    write(pen, one.label, x + 20, TOP + height + 25, '13px system-ui, sans-serif', 'text');
    x += 40 + pen.measureText(one.label).width;
  }
  return canvas;
}

/** A picture of a table; filled cells are bars, or squares of a heat map. */
export function drawTable(
  title: string,
  subtitle: string,
  header: string[],
  rows: Drawn[][],
  isHeat = false,
): HTMLCanvasElement {
  const first = isHeat ? 90 : 200;
  const other = isHeat ? 34 : 130;
  const width = Math.max(600, 2 * PAD + first + other * (header.length - 1));
  const [canvas, pen] = sheet(width, TOP + ROW * (rows.length + 1) + PAD, title, subtitle);
  const left = (n: number) => PAD + (n === 0 ? 0 : first + other * (n - 1));
  header.forEach((text, n) => {
    write(pen, text, left(n) + 4, TOP + 17, '600 12px system-ui, sans-serif', 'muted');
  });
  rows.forEach((row, line) => {
    row.forEach(({ text, fill }, n) => {
      const y = TOP + ROW * (line + 1);
      if (fill !== undefined) {
        pen.globalAlpha = isHeat ? 0.06 + 0.84 * fill : 0.25;
        pen.fillStyle = colour('accent');
        pen.fillRect(left(n), y + 2, isHeat ? other - 2 : (other - 8) * fill, ROW - 4);
        pen.globalAlpha = 1;
      }
      const size = isHeat && n > 0 ? 10 : 13;
      const ink = isHeat && (fill ?? 0) > 0.6 ? 'surface' : 'text';
      write(pen, text, left(n) + 4, y + 18, `${size}px system-ui, sans-serif`, ink);
    });
  });
  return canvas;
}
