/** Random events and queries, from a seed. */
import type { Random } from '../fold/events.js';
import type { Event } from '../fold/fold.js';
import { compareText } from '../reporting/naive.js';
import { randomConversation } from '../reporting/random.js';
import { type Asked, namedMeasures, nameOf } from './naive.js';
import { type Dataset, dimensions, numbers, type Row } from './rows.js';

// biome-ignore lint/suspicious/noExplicitAny: filters and measures as a client writes them
type Any = any;

const zones = [
  'UTC',
  'Europe/Helsinki',
  'Europe/London',
  'America/New_York',
  'America/St_Johns',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Asia/Kathmandu',
];
const DAY = 86_400_000;

/** The events of a conversation, with what queries ask besides. */
export const queriedConversation = (r: Random, id: string): Event[] =>
  randomConversation(r, id).map((event) => {
    const isLater = r.chance(0.3); // some messages are hours after the conversation's start
    return {
      ...event,
      ...(isLater ? { time: new Date(Date.parse(event.time) + r.below(36 * 60) * 60_000).toISOString() } : {}),
      ...(event.type === 'message' && r.chance(0.4) ? { intent: r.pick(['refund', 'Refund', 'order status']) } : {}),
      ...(r.chance(0.1)
        ? { conversation: { ...event.conversation, desk_id: 'd1', campaign_id: r.pick(['x', 'y']) } }
        : {}),
    };
  });

export function randomQuery(r: Random, dataset: Dataset, rows: Row[]): Asked {
  const time = randomTime(r, r.pick(rows).time);
  const groupBy = r.shuffle(dimensions[dataset]).slice(0, r.pick([0, 0, 1, 1, 2, 3]));
  const filter = r.pick([undefined, undefined, randomFilter(r, dataset, rows, 3), [randomFilter(r, dataset, rows, 2)]]);
  const isSplit = JSON.stringify([groupBy, filter]).includes('"currency"');
  const found = Array.from({ length: 1 + r.below(5) }, () => randomMeasure(r, dataset, rows)).filter(
    (measure) => isSplit || !JSON.stringify(measure).includes('"currency"'),
  );
  const taken = new Set(['time', 'is_others', ...groupBy]);
  const measures = (found.length === 0 ? [{ aggregate: 'count' }] : found).map((measure, n) => {
    const name = nameOf(measure);
    if (!taken.has(name)) {
      taken.add(name);
      return measure;
    }
    return typeof measure === 'string' ? { measure, as: `m${n}` } : { ...measure, as: `m${n}` };
  });
  const limit = groupBy.length > 0 && r.chance(0.4) ? 1 + r.below(5) : undefined;
  const order = r.shuffle(measures).slice(0, r.pick([0, 1, 1, 2]));
  return {
    dataset,
    ...time,
    measures,
    ...(groupBy.length > 0 ? { group_by: groupBy } : {}),
    ...(filter === undefined ? {} : { filter }),
    ...(order.length > 0
      ? {
          order_by: order.map((measure) => ({
            by: nameOf(measure),
            ...(r.chance(0.6) ? { direction: r.pick(['asc', 'desc']) } : {}),
          })),
        }
      : {}),
    ...(limit === undefined ? {} : { limit, ...(r.chance(0.6) ? { others: true } : {}) }),
  };
}

function randomMeasure(r: Random, dataset: Dataset, rows: Row[]): Any {
  const filter = r.chance(0.3) ? { filter: randomFilter(r, dataset, rows, 2) } : {};
  if (r.chance(0.4)) {
    const measure = r.pick(namedMeasures(dataset));
    return 'filter' in filter ? { measure, ...filter } : measure;
  }
  const aggregate = r.pick(['count', 'sum', 'avg', 'min', 'max', 'distinct', 'percentile', 'percentile']);
  const of =
    aggregate === 'distinct'
      ? r.pick(dimensions[dataset])
      : aggregate === 'count'
        ? r.pick([undefined, ...dimensions[dataset], ...numbers[dataset]])
        : r.pick(numbers[dataset]);
  return {
    aggregate,
    ...(of === undefined ? {} : { of }),
    ...(aggregate === 'percentile' ? { p: r.pick([0, 12.5, 50, 90, 99.9, 100, r.below(101)]) } : {}),
    ...filter,
  };
}

/** A range around a time, of whole local days or months or of any length, and a bucket that fits into the limits. */
function randomTime(
  r: Random,
  around: number,
): Pick<Asked, 'start_time' | 'end_time' | 'time_zone' | 'bucket' | 'compare'> {
  const [bucket, most] = r.pick<[string | undefined, number]>([
    [undefined, 400],
    [undefined, 400],
    ['15m', 2],
    ['30m', 4],
    ['1h', 8],
    ['1d', 100],
    ['1w', 400],
    ['1m', 400],
    ['1q', 400],
    ['1y', 2_000],
    ['PT2H', 10],
    ['PT45M', 5],
    ['P3D', 200],
  ]);
  const compare = r.chance(0.35) ? r.pick(['previous_period', 'previous_period', 'previous_year']) : undefined;
  const length = Math.max(60_000, Math.floor((most * DAY * (1 + r.below(100))) / 100));
  const from = around - r.pick([r.below(length), 0, r.below(2) * length]);
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  const month = (time: number) => `${day(time).slice(0, 8)}01`;
  const [start, end] = r.pick([
    [new Date(from).toISOString(), new Date(from + length).toISOString()],
    [from, from + length],
    [day(from), day(from + length + DAY)],
    ...(most > 40 ? [[month(from), month(from + length + 31 * DAY)]] : []),
  ]) as [string | number, string | number];
  const ranges = { start_time: day(from - 3 * DAY), end_time: day(from + length) };
  const compared = compare !== undefined && r.chance(0.2) ? ranges : compare;
  return {
    start_time: start,
    end_time: end,
    time_zone: r.pick(zones),
    ...(bucket === undefined ? {} : { bucket }),
    ...(compared === undefined ? {} : { compare: compared }),
  };
}

const booleans: Partial<Record<Dataset, string[]>> = {
  conversations: ['is_test', 'is_contained', 'is_covered', 'is_meaningful'],
  messages: ['is_test'],
};
const numeric = ['hour_of_day', 'day_of_week', 'rating', ...numbers.participations];

export function randomFilter(r: Random, dataset: Dataset, rows: Row[], depth: number): Any {
  const inner = () => randomFilter(r, dataset, rows, depth - 1);
  if (depth > 1 && r.chance(0.5)) {
    if (r.chance(0.3)) return { type: 'not', field: inner() };
    return { type: r.pick(['and', 'or', 'or']), fields: Array.from({ length: 1 + r.below(3) }, inner) };
  }
  const dimension = r.pick(dimensions[dataset]);
  const isNumber = numeric.includes(dimension);
  const isBoolean = booleans[dataset]?.includes(dimension) ?? false;
  const value = () => {
    if (r.chance(0.1)) return null;
    if (isBoolean) return r.pick([true, false, 'true', 'false']);
    if (dimension === 'hour_of_day') return r.below(24);
    if (dimension === 'day_of_week') return r.pick([1, 2, 6, 7, '3']);
    if (dimension === 'currency') return r.pick(['EUR', 'USD']);
    return r.pick(r.pick(rows).values[dimension] ?? []) ?? (isNumber ? 1 : 'no such');
  };
  const filled = () => value() ?? (isNumber ? 3 : 'm');
  const kinds = ['selector', 'selector', 'in', ...(isBoolean ? [] : ['bound', ...(isNumber ? [] : ['like', 'regex'])])];
  switch (r.pick(kinds)) {
    case 'selector':
      return { type: 'selector', dimension, value: value() };
    case 'in':
      return { type: 'in', dimension, values: Array.from({ length: r.below(4) }, value) };
    case 'bound': {
      const [lower, upper] = [filled(), filled()].sort((a, b) =>
        isNumber ? Number(a) - Number(b) : compareText(String(a), String(b)),
      );
      return {
        type: 'bound',
        dimension,
        ...(r.chance(0.7) ? { lower, ...(r.chance(0.4) ? { lowerStrict: r.chance(0.7) } : {}) } : { upper }),
        ...(r.chance(0.4) ? { upper } : {}),
      };
    }
    case 'like':
      return {
        type: 'like',
        dimension,
        pattern: [...String(filled())]
          .map((c) => (/[%_\\]/.test(c) ? '_' : r.chance(0.2) ? r.pick(['%', '_']) : c))
          .join(''),
      };
    default:
      return {
        type: 'regex',
        dimension,
        pattern: [...String(filled())]
          .slice(0, 12)
          .map((c) => (/[\p{L}\p{N}]/u.test(c) ? (r.chance(0.2) ? r.pick(['.', '.*', `${c}?`]) : c) : '.'))
          .join(''),
      };
  }
}
