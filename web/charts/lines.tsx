import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';
import { bucketName, shown } from '../format.js';
import type { Unit } from '../types.js';
import { type Colour, colour, onScheme } from './colours.js';

export interface Series {
  label: string;
  values: (number | null)[];
  colour: Colour;
  isDashed?: boolean;
}

interface Props {
  title: string;
  /** Starts of the buckets, as the API writes them. */
  times: string[];
  series: Series[];
  unit: Unit;
  bucket: string;
  zone: string;
  /** Shows what is behind the bucket at this place. */
  pick: (place: number) => void;
  /** Told of the drawing, for a picture of it. */
  drawn: (canvas: HTMLCanvasElement) => void;
}

const HEIGHT = 230;

/** Lines over time. Arrow keys move along them and Enter shows what is behind a point, as the pointer does. */
export function Lines(props: Props) {
  const { title, times, series, unit, bucket, pick } = props;
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [place, setPlace] = useState<number | null>(null);

  const about = JSON.stringify([times, series, unit, bucket]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `about` stands for the data
  useEffect(() => {
    const draw = () => {
      plot.current?.destroy();
      plot.current = plotOf(frame.current as HTMLDivElement, props, setPlace);
      props.drawn(plot.current.ctx.canvas);
    };
    draw();
    setPlace(null);
    const stop = onScheme(draw);
    const sizes = new ResizeObserver(([entry]) => {
      const width = Math.round(entry?.contentRect.width ?? 0);
      if (width > 0 && plot.current?.width !== width) plot.current?.setSize({ width, height: HEIGHT });
    });
    sizes.observe(frame.current as HTMLDivElement);
    return () => {
      sizes.disconnect();
      stop();
      plot.current?.destroy();
      plot.current = null;
    };
  }, [about]);

  const move = (to: number) => {
    const next = Math.max(0, Math.min(times.length - 1, to));
    setPlace(next);
    plot.current?.setCursor({
      left: plot.current.valToPos(plot.current.data[0][next] as number, 'x'),
      top: HEIGHT / 3,
    });
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const at = place ?? times.length - 1;
    const to = new Map([
      ['ArrowLeft', place === null ? at : at - 1],
      ['ArrowRight', at + 1],
      ['Home', 0],
      ['End', times.length - 1],
    ]).get(event.key);
    if (to === undefined && event.key !== 'Enter') return;
    event.preventDefault();
    if (to === undefined) pick(at);
    else move(to);
  };
  const last = place ?? times.length - 1;
  return (
    <>
      <p class="legend" aria-live="polite">
        <span class="moment">{bucketName(times[last] as string, bucket)}</span>
        {series.map((one) => (
          <span key={one.label}>
            <i class={`mark ink-${one.colour} ${one.isDashed ? 'dashed' : ''}`} />
            {one.label} <b>{shown(one.values[last], unit)}</b>
          </span>
        ))}
      </p>
      {/* biome-ignore lint/a11y/useSemanticElements: a fieldset is for forms */}
      <div
        ref={frame}
        class="lines"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: arrow keys move along the chart
        tabIndex={0}
        role="group"
        aria-label={`${title}: ${times.length} points. Arrow keys move, Enter shows the conversations.`}
        onKeyDown={onKeyDown}
        onClick={() => place !== null && pick(place)}
      />
    </>
  );
}

function plotOf(
  frame: HTMLDivElement,
  { times, series, unit, bucket, zone }: Props,
  onPlace: (n: number | null) => void,
): uPlot {
  const axis: uPlot.Axis = {
    stroke: colour('muted'),
    font: '12px system-ui, sans-serif',
    grid: { stroke: colour('line'), width: 1 },
    ticks: { show: false },
  };
  const options: uPlot.Options = {
    width: frame.clientWidth,
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), zone),
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
    scales: {
      // Of a single bucket uPlot would make years.
      x: { range: (_plot, first, last) => (times.length > 1 ? [first, last] : [first - HALF_DAY, first + HALF_DAY]) },
      y: { range: (_plot, _least, most) => [0, topOf(most, unit)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        space: 60,
        size: 32,
        incrs: stepsFrom(bucket),
        values: (_plot, marks) => marks.map(dateIn(zone, bucket)),
      },
      {
        ...axis,
        size: 58,
        splits: unit === 'seconds' ? (_plot, _n, least, most) => secondSplits(least, most) : undefined,
        values: (_plot, marks) => marks.map((mark) => shown(mark, unit)),
      } as uPlot.Axis,
    ],
    series: [
      {},
      ...series.map((one) => ({
        stroke: colour(one.colour),
        width: one.isDashed ? 1.5 : 2,
        ...(one.isDashed ? { dash: [5, 4] } : {}),
        // A gap is a bucket without a value: the line ends there, and a point between two gaps would be invisible.
        points: { show: one.values.includes(null) || one.values.length < 2, size: 4 },
        spanGaps: false,
      })),
    ],
    hooks: { setCursor: [(plot) => onPlace(plot.cursor.idx ?? null)] },
  };
  const data = [times.map((time) => Date.parse(time) / 1_000), ...series.map(({ values }) => values)];
  return new uPlot(options, data as uPlot.AlignedData, frame);
}

const HOUR = 3_600;
const DAY = 24 * HOUR;

/** Distances of marks on the time axis; those of 30 and 365 days stand for calendar months and years. */
const STEPS = [
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR),
  ...[1, 2, 4, 7, 14, 30, 90, 180, 365, 730].map((days) => days * DAY),
];
const LEAST: Record<string, number> = { '1h': HOUR, '1d': DAY, '1w': 7 * DAY, '1m': 30 * DAY };

/** Those that are no shorter than a bucket: a shorter one would bear the same name several times. */
const stepsFrom = (bucket: string): number[] => STEPS.filter((step) => step >= (LEAST[bucket] ?? HOUR));

/** Room on both sides of a single bucket. */
const HALF_DAY = DAY / 2;

/** Where the vertical axis ends: a little above the largest value, but no share is more than all. */
function topOf(most: number, unit: Unit): number {
  const top = most > 0 ? most * 1.08 : 1;
  return unit === 'ratio' ? Math.min(1, top) : top;
}

/** How an axis says a moment: as short as the bucket allows, in the chosen zone. */
function dateIn(timeZone: string, bucket: string): (seconds: number) => string {
  const days = new Intl.DateTimeFormat('en', { timeZone, day: 'numeric', month: 'short' });
  const months = new Intl.DateTimeFormat('en', { timeZone, month: 'short', year: 'numeric' });
  const hours = new Intl.DateTimeFormat('en', { timeZone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
  return (seconds) => {
    const date = new Date(1_000 * seconds);
    if (bucket === '1m') return months.format(date);
    const hour = hours.format(date);
    return bucket === '1h' && hour !== '00:00' ? hour : days.format(date);
  };
}

const SECONDS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400];

/** Marks at whole minutes, hours and days. */
function secondSplits(least: number, most: number): number[] {
  const step = SECONDS.find((one) => most / one <= 5) ?? 86_400 * Math.ceil(most / 86_400 / 5);
  const first = Math.ceil(least / step);
  return Array.from({ length: Math.floor(most / step) - first + 1 }, (_, n) => (first + n) * step);
}
