/** Answers of the query language computed row by row in memory: slow, plain, and apart from the service. */
import { Temporal } from 'temporal-polyfill';
import { axisOf, compareText, isLike } from '../reporting/naive.js';
import { before, type Range } from './ranges.js';
import { type Dataset, type Exact, exact, numbers, type Row, SCALE, toNumber, type Value, withClock } from './rows.js';

// biome-ignore lint/suspicious/noExplicitAny: filters and measures as a client writes them
type Any = any;

export interface Asked {
  dataset: Dataset;
  start_time: string | number;
  end_time: string | number;
  time_zone: string;
  bucket?: string;
  measures: Any[];
  group_by?: string[];
  filter?: Any;
  order_by?: { by: string; direction?: string }[];
  limit?: number;
  others?: boolean;
  compare?: Any;
}

type Key = Value | null;
type Cell = number | null;
interface Group {
  keys: Key[];
  isOthers: boolean;
  /** Rows of each bucket of each range. */
  rows: Map<number, Row[]>[];
}

const granularities: Record<string, string> = {
  '15m': 'fifteen_minute',
  '30m': 'thirty_minute',
  '1h': 'hour',
  '1d': 'day',
  '1w': 'week',
  '1m': 'month',
  '1q': 'quarter',
  '1y': 'year',
};

/** The first instant of a date, or an instant. */
const instant = (time: string | number, zone: string) =>
  typeof time === 'number'
    ? time
    : time.length === 10
      ? Temporal.PlainDate.from(time).toZonedDateTime(zone).epochMilliseconds
      : Date.parse(time);

/** The rows of the answer; null where the range to compare with has no time in it. */
export function evaluate(rows: Row[], asked: Asked): (Key | Cell)[][] | null {
  const zone = asked.time_zone;
  const groupBy = asked.group_by ?? [];
  const main = { from: instant(asked.start_time, zone), to: instant(asked.end_time, zone) };
  const ranges: Range[] = [main];
  if (typeof asked.compare === 'string') {
    ranges.push(before(main, zone, asked.compare, asked.bucket === '1w' || asked.bucket === 'P1W'));
  } else if (asked.compare != null) {
    ranges.push({ from: instant(asked.compare.start_time, zone), to: instant(asked.compare.end_time, zone) });
  }
  if (ranges.some(({ from, to }) => to <= from)) return null;
  const axes = ranges.map(({ from, to }) => axisFor(from, to, asked));
  const clocked = rows.map((row) => withClock(row, zone));
  const found = ranges.map(({ from, to }) =>
    clocked.filter((row) => row.time >= from && row.time < to && passes(row, asked.filter, asked.dataset)),
  );
  const bucketOf = (row: Row, side: number) => (axes[side] as number[]).findLastIndex((start) => start <= row.time);
  const put = (group: Group, row: Row, side: number) => {
    const buckets = group.rows[side] as Map<number, Row[]>;
    const bucket = bucketOf(row, side);
    buckets.set(bucket, [...(buckets.get(bucket) ?? []), row]);
  };
  const empty = (keys: Key[], isOthers = false): Group => ({ keys, isOthers, rows: ranges.map(() => new Map()) });

  const groups = new Map<string, Group>();
  if (groupBy.length === 0) groups.set('[]', empty([]));
  for (const [side, list] of found.entries()) {
    for (const row of list) {
      for (const keys of keysOf(row, groupBy)) {
        const id = JSON.stringify(keys);
        if (!groups.has(id)) groups.set(id, empty(keys));
        put(groups.get(id) as Group, row, side);
      }
    }
  }
  const cell = (group: Group, side: number, bucket: number | null, measure: Any) => {
    const own = group.rows[side] as Map<number, Row[]>;
    return aggregate(bucket === null ? [...own.values()].flat() : (own.get(bucket) ?? []), measure, asked.dataset);
  };
  const order = (asked.order_by ?? []).map(({ by, direction = 'desc' }) => ({
    measure: asked.measures.find((measure) => nameOf(measure) === by),
    sign: direction === 'asc' ? 1 : -1,
  }));
  const compareBy = (a: Group, b: Group, x: number | null, y: number | null) => {
    for (const { measure, sign } of order) {
      const [p, q] = [cell(a, 0, x, measure), cell(b, 0, y, measure)];
      if (p === q) continue;
      if (p === null || q === null) return p === null ? 1 : -1;
      return sign * (p - q);
    }
    return 0;
  };
  const ranked = [...groups.values()].sort((a, b) => compareBy(a, b, null, null) || compareAll(a.keys, b.keys));
  const shown = ranked.slice(0, asked.limit ?? ranked.length);
  if (asked.others) {
    const isShown = new Set(shown.map(({ keys }) => JSON.stringify(keys)));
    const rest = empty(
      groupBy.map(() => null),
      true,
    );
    for (const [side, list] of found.entries()) {
      for (const row of list) {
        if (keysOf(row, groupBy).some((keys) => !isShown.has(JSON.stringify(keys)))) put(rest, row, side);
      }
    }
    shown.push(rest);
  }
  const lines = shown.flatMap((group, place) =>
    (axes[0] as number[]).flatMap((start, bucket) =>
      groupBy.length === 0 || group.rows.some((own) => own.has(bucket)) ? [{ group, place, start, bucket }] : [],
    ),
  );
  lines.sort((a, b) => {
    if (order.length === 0) return a.bucket - b.bucket || a.place - b.place;
    if (groupBy.length > 0) return a.place - b.place || a.bucket - b.bucket;
    return compareBy(a.group, b.group, a.bucket, b.bucket) || a.bucket - b.bucket;
  });
  return lines.map(({ group, start, bucket }) => [
    ...(asked.bucket === undefined ? [] : [label(start, zone)]),
    ...group.keys,
    ...(asked.others ? [group.isOthers] : []),
    ...asked.measures.flatMap((measure) => [
      cell(group, 0, bucket, measure),
      ...(axes[1] === undefined ? [] : [bucket < axes[1].length ? cell(group, 1, bucket, measure) : null]),
    ]),
  ]);
}

const axisFor = (from: number, to: number, { bucket, time_zone: zone }: Asked) => {
  if (bucket === undefined) return [from];
  return axisOf(from, to, granularities[bucket] ?? { type: 'period', period: bucket }, zone);
};

const keysOf = (row: Row, names: string[]): Key[][] =>
  names.reduce<Key[][]>(
    (all, name) => {
      const values = row.values[name] ?? [];
      return all.flatMap((keys) => (values.length === 0 ? [null] : values).map((value) => [...keys, value]));
    },
    [[]],
  );

function compareAll(a: Key[], b: Key[]): number {
  for (const [n, x] of a.entries()) {
    const y = b[n] as Key;
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return typeof x === 'string' ? compareText(x, y as string) : Number(x) - Number(y);
  }
  return 0;
}

const only = (dimension: string, value: Value) => ({ type: 'selector', dimension, value });

/** The named measures, as the definition of the product words them. */
const named: Record<string, Record<string, Any>> = {
  conversations: {
    conversations: { aggregate: 'count' },
    users: { aggregate: 'distinct', of: 'user_id' },
    messages: { aggregate: 'sum', of: 'messages' },
    user_messages: { aggregate: 'sum', of: 'user_messages' },
    bot_messages: { aggregate: 'sum', of: 'bot_messages' },
    agent_messages: { aggregate: 'sum', of: 'agent_messages' },
    contained: { aggregate: 'count', own: only('is_contained', true) },
    handovers: { aggregate: 'count', own: only('is_contained', false) },
    covered: { aggregate: 'count', own: only('is_covered', true) },
    meaningful: { aggregate: 'count', own: only('is_meaningful', true) },
    open: { aggregate: 'count', own: only('state', 'open') },
    closed: { aggregate: 'count', own: only('state', 'closed') },
    rated: { aggregate: 'count', of: 'rating' },
    containment_rate: { aggregate: 'share', of: only('is_contained', true), among: undefined },
    avg_rating: { aggregate: 'avg', of: 'rating' },
    csat: {
      aggregate: 'share',
      of: { type: 'in', dimension: 'rating', values: [4, 5] },
      among: { type: 'not', field: { type: 'selector', dimension: 'rating', value: null } },
    },
    avg_duration_seconds: { aggregate: 'avg', of: 'duration_seconds' },
    avg_first_response_seconds: { aggregate: 'avg', of: 'first_response_seconds' },
    avg_resolution_seconds: { aggregate: 'avg', of: 'resolution_seconds' },
  },
  messages: {
    messages: { aggregate: 'count' },
    users: { aggregate: 'distinct', of: 'user_id', own: only('sender', 'user') },
    conversations: { aggregate: 'distinct', of: 'conversation_id' },
    avg_bot_response_seconds: { aggregate: 'avg', of: 'response_seconds', own: only('sender', 'bot') },
    avg_agent_response_seconds: { aggregate: 'avg', of: 'response_seconds', own: only('sender', 'agent') },
  },
  participations: {
    count: { aggregate: 'count' },
    ...Object.fromEntries(
      numbers.participations.flatMap((of) =>
        ['sum', 'avg', 'min', 'max'].map((aggregate) => [`${of}_${aggregate}`, { aggregate, of }]),
      ),
    ),
    ...Object.fromEntries(
      ['chat_session_id', 'visitor_ids', 'visitor_session_ids'].flatMap((of) =>
        ['distinct_count', 'hyper_unique'].map((suffix) => [`${of}_${suffix}`, { aggregate: 'distinct', of }]),
      ),
    ),
  },
};
export const namedMeasures = (dataset: Dataset) => Object.keys(named[dataset] as object);

/** The column of a measure. */
export function nameOf(measure: Any): string {
  if (typeof measure === 'string') return measure;
  if (measure.as !== undefined) return measure.as;
  if (measure.measure !== undefined) return measure.measure;
  if (measure.of === undefined) return measure.aggregate;
  return measure.aggregate === 'percentile' ? `${measure.of}_p${measure.p}` : `${measure.of}_${measure.aggregate}`;
}

/** Whether a measure is a quotient or interpolated, and so not always a number that a double holds exactly. */
export const isRounded = (measure: Any, dataset: Dataset): boolean =>
  ['avg', 'percentile', 'share'].includes(definition(measure, dataset).aggregate);

/** Whether a measure of all is the sum of that of its parts. */
export function addsUp(measure: Any, dataset: Dataset): boolean {
  const { aggregate } = definition(measure, dataset);
  return aggregate === 'count' || aggregate === 'sum';
}

const definition = (measure: Any, dataset: Dataset): Any =>
  typeof measure === 'string'
    ? named[dataset]?.[measure]
    : measure.measure !== undefined
      ? named[dataset]?.[measure.measure]
      : measure;

function aggregate(all: Row[], measure: Any, dataset: Dataset): Cell {
  const { aggregate: kind, of, own, among, p } = definition(measure, dataset);
  const rows = all.filter(
    (row) => passes(row, own, dataset) && (typeof measure === 'string' || passes(row, measure.filter, dataset)),
  );
  const values = typeof of === 'string' ? rows.flatMap((row) => row.numbers[of] ?? []) : [];
  switch (kind) {
    case 'count':
      if (of === undefined) return rows.length;
      return (numbers[dataset] as string[]).includes(of)
        ? values.length
        : rows.filter((row) => (row.values[of] ?? []).length > 0).length;
    case 'distinct':
      return new Set(rows.flatMap((row) => row.values[of] ?? [])).size;
    case 'share': {
      const base = rows.filter((row) => passes(row, among, dataset));
      return base.length === 0 ? null : base.filter((row) => passes(row, of, dataset)).length / base.length;
    }
    case 'sum':
      return toNumber(values.reduce((a, b) => a + b, 0n));
  }
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => Number(a > b) - Number(a < b));
  if (kind === 'min') return toNumber(sorted[0] as Exact);
  if (kind === 'max') return toNumber(sorted.at(-1) as Exact);
  if (kind === 'avg')
    return toNumber((values.reduce((a, b) => a + b, 0n) * 10n ** 20n) / BigInt(values.length), 20 + SCALE);
  // Interpolated in double precision, as PostgreSQL does: groups whose percentiles are equal but for that are ranked by it.
  const place = (p / 100) * (sorted.length - 1);
  const low = toNumber(sorted[Math.floor(place)] as Exact);
  const high = toNumber(sorted[Math.ceil(place)] as Exact);
  return low + (place - Math.floor(place)) * (high - low);
}

/** Whether a row passes a filter: true or false, nothing between. */
export function passes(row: Row, filter: Any, dataset: Dataset): boolean {
  if (filter === undefined || filter === null) return true;
  if (Array.isArray(filter)) return filter.every((one) => passes(row, one, dataset));
  const values = row.values[filter.dimension] ?? [];
  const isSame = (value: Value, wanted: unknown) =>
    typeof value === 'number' ? exact(value) === exact(wanted as number | string) : String(value) === String(wanted);
  switch (filter.type) {
    case 'and':
      return filter.fields.every((one: Any) => passes(row, one, dataset));
    case 'or':
      return filter.fields.some((one: Any) => passes(row, one, dataset));
    case 'not':
      return !passes(row, filter.field, dataset);
    case 'selector':
    case 'in':
      return (filter.type === 'in' ? filter.values : [filter.value]).some((wanted: unknown) =>
        wanted === null ? values.length === 0 : values.some((value) => isSame(value, wanted)),
      );
    case 'bound':
      return values.some((value) => isWithin(value, filter));
    case 'like':
      return values.some((value) => isLike([...String(value)], [...filter.pattern], filter.escape));
    case 'regex':
      return values.some((value) => new RegExp(filter.pattern, 'us').test(String(value)));
  }
  throw new Error(`no filter: ${filter.type}`);
}

function isWithin(value: Value, { lower, upper, lowerStrict, upperStrict }: Any): boolean {
  const order = (limit: unknown) => {
    if (typeof value !== 'number') return compareText(String(value), String(limit));
    const [a, b] = [exact(value), exact(limit as number | string)];
    return Number(a > b) - Number(a < b);
  };
  const isAbove = lower === undefined || (lowerStrict ? order(lower) > 0 : order(lower) >= 0);
  return isAbove && (upper === undefined || (upperStrict ? order(upper) < 0 : order(upper) <= 0));
}

function label(time: number, zone: string): string {
  const text = Temporal.Instant.fromEpochMilliseconds(time)
    .toZonedDateTimeISO(zone)
    .toString({ fractionalSecondDigits: time % 1000 === 0 ? 0 : 3, timeZoneName: 'never' });
  return zone === 'UTC' ? text.replace('+00:00', 'Z') : text;
}
