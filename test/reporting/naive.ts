/** Reports computed row by row in memory, from what the query language means: slow, plain, and apart from the service. */
import { Temporal } from 'temporal-polyfill';
import { type Micros, micros, numberOf, type Row, splitByCurrency } from './rows.js';

// biome-ignore lint/suspicious/noExplicitAny: filters as a client writes them
export type Filter = any;

export interface Asked {
  interval: { start: string; end: string; time_zone: string };
  granularity: string | { type: string; period: string };
  aggregations: { type: string; fields?: string[] }[];
  group_by: string[];
  filters: Filter;
}

type Key = string | number | null;
type Cell = number | null;

export const numbers = ['order_count', 'sales', 'subscription_sales', 'user_message_count', 'visitor_message_count'];
const lists = ['chatted_organization_ids', 'room_ids', 'visitor_ids', 'visitor_session_ids'];

/** The data of the answer, how many notices it comes with, and how many rows are behind it. */
export function evaluate(all: Row[], asked: Asked): { data: (Key | Cell)[][]; notices: number; behind: number } {
  const { interval, aggregations, group_by: groupBy, filters } = asked;
  const zone = interval.time_zone;
  const [from, to] = [Date.parse(interval.start), Date.parse(interval.end)];
  const named = JSON.stringify([groupBy, filters]);
  const rows = (named.includes('"currency"') ? all.flatMap(splitByCurrency) : all).filter(
    (row) => row.start >= from && row.start < to && passes(row, filters),
  );
  const axis = asked.granularity === 'all' ? [from] : axisOf(from, to, asked.granularity, zone);
  const groups = new Map<string, { bucket: number; keys: Key[]; rows: Row[] }>();
  if (groupBy.length === 0)
    for (const bucket of axis.keys()) groups.set(`${bucket} []`, { bucket, keys: [], rows: [] });
  for (const row of rows) {
    const bucket = axis.findLastIndex((start) => start <= row.start);
    for (const keys of product(groupBy.map((name) => keysOf(row, name)))) {
      const id = `${bucket} ${JSON.stringify(keys)}`;
      const group = groups.get(id) ?? { bucket, keys, rows: [] };
      groups.set(id, group);
      group.rows.push(row);
    }
  }
  const cells = aggregations.flatMap(({ type, fields = [] }) =>
    type === 'count' ? [{ type, field: '' }] : fields.map((field) => ({ type, field })),
  );
  const sorted = [...groups.values()].sort((a, b) => a.bucket - b.bucket || compareAll(a.keys, b.keys));
  const isMixed = sorted.some((group) => cells.some(({ type, field }) => isOfManyCurrencies(group.rows, type, field)));
  return {
    data: sorted.map((group) => [
      label(axis[group.bucket] as number, zone),
      ...group.keys,
      ...cells.map(({ type, field }) => aggregate(group.rows, type, field)),
    ]),
    behind: rows.length,
    notices: Number(!groupBy.includes('scope') && !pins(filters)) + Number(isMixed),
  };
}

const pins = (filter: Filter): boolean =>
  Array.isArray(filter)
    ? filter.some(pins)
    : filter?.type === 'and'
      ? filter.fields.some(pins)
      : filter?.dimension === 'scope' &&
        (filter.type === 'selector' || (filter.type === 'in' && new Set(filter.values).size === 1));

function isOfManyCurrencies(rows: Row[], type: string, field: string): boolean {
  if (!field.endsWith('sales') || !['sum', 'avg', 'min', 'max'].includes(type)) return false;
  const orders = rows.flatMap((row) => row.orders).filter((order) => field === 'sales' || order.subscription);
  return new Set(orders.flatMap(({ currency }) => currency ?? [])).size > 1;
}

/** All values of a dimension that there are: none for a missing one. */
function valuesOf(row: Row, dimension: string): string[] {
  return lists.includes(dimension)
    ? (row.lists[dimension] ?? [])
    : [row.texts[dimension]].flatMap((text) => text ?? []);
}

function keysOf(row: Row, dimension: string): Key[] {
  if (numbers.includes(dimension)) return [toNumber(numberOf(row, dimension))];
  const values = valuesOf(row, dimension);
  return values.length === 0 ? [null] : values;
}

const product = (sets: Key[][]): Key[][] =>
  sets.reduce<Key[][]>((all, set) => all.flatMap((keys) => set.map((key) => [...keys, key])), [[]]);

function aggregate(rows: Row[], type: string, field: string): Cell {
  if (type === 'count') return rows.length;
  if (type === 'hyperUnique' || type === 'distinctCount')
    return new Set(rows.flatMap((row) => valuesOf(row, field))).size;
  const values = rows.map((row) => numberOf(row, field));
  const sum = values.reduce((a, b) => a + b, 0n);
  if (type === 'sum') return toNumber(sum);
  if (values.length === 0) return null;
  if (type === 'avg') return toNumber((sum * 10n ** 20n) / BigInt(values.length), 26);
  return toNumber(values.reduce((a, b) => ((type === 'min' ? a < b : a > b) ? a : b)));
}

/** An exact decimal as the nearest double. */
function toNumber(value: bigint, digits = 6): number {
  const text = String(value < 0n ? -value : value).padStart(digits + 1, '0');
  return Number(`${value < 0n ? '-' : ''}${text.slice(0, -digits)}.${text.slice(-digits)}`) + 0;
}

/** Whether a row passes a filter: true or false, nothing between. */
export function passes(row: Row, filter: Filter): boolean {
  if (filter === undefined || filter === null) return true;
  if (Array.isArray(filter)) return filter.every((one) => passes(row, one));
  switch (filter.type) {
    case 'and':
      return filter.fields.every((one: Filter) => passes(row, one));
    case 'or':
      return filter.fields.some((one: Filter) => passes(row, one));
    case 'not':
      return !passes(row, filter.field);
    case 'selector':
      return isAnyOf(row, filter.dimension, [filter.value]);
    case 'in':
      return isAnyOf(row, filter.dimension, filter.values);
    case 'bound':
      return isWithin(row, filter);
    case 'like':
      return valuesOf(row, filter.dimension).some((value) => isLike([...value], [...filter.pattern], filter.escape));
    case 'regex': {
      const pattern = new RegExp(filter.pattern.replaceAll('\\s', '[\\t-\\r ]'), 'us');
      return valuesOf(row, filter.dimension).some((value) => pattern.test(value));
    }
  }
  throw new Error(`no filter: ${filter.type}`);
}

function isAnyOf(row: Row, dimension: string, wanted: unknown[]): boolean {
  if (numbers.includes(dimension)) {
    const value = numberOf(row, dimension);
    return wanted.some((one) => one !== null && micros(String(one)) === value);
  }
  const values = valuesOf(row, dimension);
  return wanted.some((one) => (one === null ? values.length === 0 : values.includes(String(one))));
}

function isWithin(row: Row, { dimension, lower, upper, lowerStrict, upperStrict }: Filter): boolean {
  const isNumber = numbers.includes(dimension);
  const values: (Micros | string)[] = isNumber ? [numberOf(row, dimension)] : valuesOf(row, dimension);
  const order = (value: Micros | string, limit: unknown) =>
    isNumber
      ? Number((value as Micros) > micros(String(limit))) - Number((value as Micros) < micros(String(limit)))
      : compareText(value as string, String(limit));
  return values.some((value) => {
    const above = lower === undefined || (lowerStrict ? order(value, lower) > 0 : order(value, lower) >= 0);
    return above && (upper === undefined || (upperStrict ? order(value, upper) < 0 : order(value, upper) <= 0));
  });
}

export function isLike(value: string[], pattern: string[], mark?: string): boolean {
  const [first, second, ...rest] = pattern;
  if (first === undefined) return value.length === 0;
  if (first === mark) return value[0] === second && isLike(value.slice(1), rest, mark);
  const tail = pattern.slice(1);
  if (first === '%') return isLike(value, tail, mark) || (value.length > 0 && isLike(value.slice(1), pattern, mark));
  return value.length > 0 && (first === '_' || first === value[0]) && isLike(value.slice(1), tail, mark);
}

export const compareText = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b));

function compareAll(a: Key[], b: Key[]): number {
  for (const [n, x] of a.entries()) {
    const y = b[n] as Key;
    if (x === y) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    return typeof x === 'number' ? x - (y as number) : compareText(x, y as string);
  }
  return 0;
}

const MINUTES: Record<string, number> = {
  minute: 1,
  fifteen_minute: 15,
  thirty_minute: 30,
  hour: 60,
  PT2H: 120,
  PT45M: 45,
};

/** The starts of the buckets that touch a range, by the calendar of the zone. */
export function axisOf(
  from: number,
  to: number,
  granularity: Exclude<Asked['granularity'], 'all'>,
  zone: string,
): number[] {
  const name = typeof granularity === 'string' ? granularity : granularity.period;
  const starts: number[] = [];
  const minutes = MINUTES[name];
  let date = Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate();
  if (minutes === undefined) date = firstDay(date, name);
  for (;;) {
    const day = date.toZonedDateTime(zone).epochMilliseconds;
    if (day >= to) return starts;
    const next = minutes === undefined ? nextFirst(date, name) : date.add({ days: 1 });
    const end = next.toZonedDateTime(zone).epochMilliseconds;
    const length = minutes === undefined ? end - day : minutes * 60_000;
    for (let start = day; start < end && start < to; start += length) {
      if (Math.min(start + length, end) > from) starts.push(start);
    }
    date = next;
  }
}

const epoch = Temporal.PlainDate.from('1970-01-01');

/** The first day of the bucket that a day is in. */
function firstDay(date: Temporal.PlainDate, name: string): Temporal.PlainDate {
  const days = epoch.until(date).days;
  if (name === 'day') return date;
  if (name === 'week') return date.subtract({ days: date.dayOfWeek - 1 });
  if (name === 'month') return date.with({ day: 1 });
  if (name === 'quarter') return date.with({ day: 1, month: date.month - ((date.month - 1) % 3) });
  if (name === 'year') return date.with({ month: 1, day: 1 });
  if (name === 'P3D') return date.subtract({ days: ((days % 3) + 3) % 3 });
  throw new Error(`no granularity: ${name}`);
}

function nextFirst(first: Temporal.PlainDate, name: string): Temporal.PlainDate {
  if (name === 'P3D') return first.add({ days: 3 });
  return first.add({
    days: Number(name === 'day'),
    weeks: Number(name === 'week'),
    months: name === 'quarter' ? 3 : Number(name === 'month'),
    years: Number(name === 'year'),
  });
}

function label(instant: number, zone: string): string {
  const time = Temporal.Instant.fromEpochMilliseconds(instant).toZonedDateTimeISO(zone);
  const text = time.toString({ fractionalSecondDigits: 3, timeZoneName: 'never' });
  return zone === 'UTC' ? text.replace('+00:00', 'Z') : text;
}
