/** Random events and questions, from a seed. */
import { type Random, randomEvent } from '../fold/events.js';
import type { Event } from '../fold/fold.js';
import { type Asked, type Filter, numbers } from './naive.js';
import { numberOf, type Row } from './rows.js';

const zones = [
  'UTC',
  'Europe/Helsinki',
  'Europe/London',
  'America/New_York',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Asia/Kathmandu',
];

/** Around changes of these zones' clocks in 2024, and one day without. */
const days = [
  '2024-03-10',
  '2024-03-31',
  '2024-04-07',
  '2024-06-15',
  '2024-09-08',
  '2024-10-06',
  '2024-10-27',
  '2024-11-03',
];

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The events of one conversation, days away from where `randomEvent` puts them, some names hard to match. */
export function randomConversation(r: Random, id: string): Event[] {
  const shift = Date.parse(r.pick(days)) - Date.UTC(2024, 0, 8) + (r.below(4 * 24 * 60) - 2 * 24 * 60) * MINUTE;
  return Array.from({ length: 1 + r.below(12) }, (_, n) => {
    const event = randomEvent(r, n, id);
    const text = JSON.stringify({ ...event, time: new Date(Date.parse(event.time) + shift).toISOString() });
    return JSON.parse(
      text
        .replaceAll('"r2"', '"two\\nrooms"')
        .replaceAll('"s1"', '"50%_\\\\"')
        .replaceAll('"v2"', '"V 2\\u00a0"')
        .replaceAll('"s2"', '"𝒮2"')
        .replaceAll('999999999999999.999999', '99999999.999999'),
    );
  });
}

const texts = [
  'scope',
  'scope',
  'chat_session_id',
  'chat_type',
  'chat_initiator',
  'owner_organization_id',
  'team_id',
  'user_id',
  'user_organization_id',
  'is_test',
  'currency',
  'chatted_organization_ids',
  'room_ids',
  'visitor_ids',
  'visitor_session_ids',
];
const identifiers = ['chat_session_id', 'visitor_ids', 'visitor_session_ids'];

/** A random question; values of filters are mostly some that a row has. */
export function randomQuestion(r: Random, rows: Row[]): Asked {
  const groupBy = r.shuffle([...new Set([...texts, ...numbers])]).slice(0, r.pick([0, 0, 1, 1, 2, 3]));
  const aggregations = r.shuffle([
    { type: 'count' },
    ...['sum', 'avg', 'min', 'max'].map((type) => ({ type, fields: someOf(r, numbers) })),
    ...['hyperUnique', 'distinctCount'].map((type) => ({ type, fields: someOf(r, identifiers) })),
  ]);
  const filters = r.pick([
    undefined,
    randomFilter(r, rows, 4),
    randomFilter(r, rows, 4),
    [{ type: 'selector', dimension: 'scope', value: r.pick(['org', 'team', 'user']) }, randomFilter(r, rows, 3)],
  ]);
  return {
    ...randomTime(r, r.pick(rows).start),
    group_by: groupBy,
    aggregations: aggregations.slice(0, 1 + r.below(4)),
    filters,
  };
}

const someOf = (r: Random, items: string[]) => r.shuffle(items).slice(0, 1 + r.below(items.length));

/** A range around a time, and a granularity that comes to some hundred buckets at most. */
function randomTime(r: Random, around: number): Pick<Asked, 'interval' | 'granularity'> {
  const [granularity, most] = r.pick<[Asked['granularity'], number]>([
    ['all', 400],
    ['all', 400],
    ['minute', 0.1],
    ['fifteen_minute', 2],
    ['thirty_minute', 4],
    ['hour', 8],
    ['day', 200],
    ['week', 400],
    ['month', 400],
    ['year', 2_000],
    [{ type: 'period', period: 'PT2H' }, 10],
    [{ type: 'period', period: 'PT45M' }, 5],
    [{ type: 'period', period: 'P3D' }, 300],
  ]);
  const length = Math.max(1, Math.floor((most * DAY * (1 + r.below(100))) / 100));
  const from = around - r.pick([r.below(length), 0, r.below(2) * length]);
  const to = from + length;
  const end = to % 1_000 === 999 ? to + 1 : to; // would cover one millisecond more
  const iso = (time: number) => new Date(time).toISOString();
  return { interval: { start: iso(from), end: iso(end), time_zone: r.pick(zones) }, granularity };
}

function randomFilter(r: Random, rows: Row[], depth: number): Filter {
  const inner = () => randomFilter(r, rows, depth - 1);
  if (depth > 1 && r.chance(0.55)) {
    if (r.chance(0.3)) return { type: 'not', field: inner() };
    return { type: r.pick(['and', 'or', 'or']), fields: Array.from({ length: 1 + r.below(3) }, inner) };
  }
  if (r.chance(0.3)) return numberFilter(r, rows);
  const dimension = r.pick(texts);
  const value = () =>
    r.chance(0.8) ? r.pick(textsOf(r.pick(rows), dimension)) : r.pick(['ann', 'no such', 'true', 7]);
  switch (r.pick(['selector', 'selector', 'in', 'bound', 'like', 'regex'])) {
    case 'selector':
      return { type: 'selector', dimension, value: value() };
    case 'in':
      return { type: 'in', dimension, values: Array.from({ length: r.below(4) }, value) };
    case 'bound':
      return { type: 'bound', dimension, ...limits(r, () => value() ?? 'm') };
    case 'like': {
      const mark = r.pick([undefined, '!', '\\']);
      const plain = [...String(value() ?? 'x')].map((c) => (mark !== undefined && '%_!\\'.includes(c) ? mark + c : c));
      const pattern = plain.map((c) => (r.chance(0.2) ? r.pick(['%', '_', '%', '%_']) : c)).join('');
      return { type: 'like', dimension, pattern, ...(mark ? { escape: mark } : {}) };
    }
    default:
      return { type: 'regex', dimension, pattern: randomPattern(r, String(value() ?? 'x')) };
  }
}

const textsOf = ({ texts: own, lists }: Row, dimension: string): (string | null)[] => {
  const list = lists[dimension];
  if (dimension === 'currency') return ['EUR', 'USD', null];
  return list === undefined ? [own[dimension] ?? null] : list.length === 0 ? [null] : list;
};

/** A pattern that a text may match: parts of it loosened. */
function randomPattern(r: Random, text: string): string {
  const parts = [...text].slice(0, 12).map((char) => {
    const plain = char.replace(/[\\^$.*+?()[\]{}|]/, '\\$&');
    const loose = [
      '.',
      '\\w',
      '\\d',
      '\\s',
      `${plain}?`,
      `(${plain}|x)`,
      '[^q]',
      '[a-z]',
      `${plain}{1,2}`,
      `(?:${plain})+`,
      '.*',
    ];
    return r.chance(0.25) ? r.pick(loose) : plain;
  });
  return `${r.chance(0.5) ? '^' : ''}${parts.join('')}${r.chance(0.4) ? '$' : ''}`;
}

function numberFilter(r: Random, rows: Row[]): Filter {
  const dimension = r.pick(numbers);
  const value = () => {
    const found = numberOf(r.pick(rows), dimension);
    const text = `${found < 0n ? '-' : ''}${String(found < 0n ? -found : found)
      .padStart(7, '0')
      .replace(/(\d{6})$/, '.$1')}`;
    return r.pick([text, Number(text), r.below(4), `${r.below(3)}.0`]);
  };
  const orNull = () => (r.chance(0.1) ? null : value());
  return r.pick<() => Filter>([
    () => ({ type: 'selector', dimension, value: orNull() }),
    () => ({ type: 'in', dimension, values: Array.from({ length: r.below(4) }, orNull) }),
    () => ({ type: 'bound', dimension, ...limits(r, value), ordering: r.pick(['numeric', 'lexicographic']) }),
  ])();
}

function limits(r: Random, value: () => unknown) {
  const sides = r.pick([['lower'], ['upper'], ['lower', 'upper']]);
  return Object.fromEntries(
    sides.flatMap((side) => [[side, value()], ...(r.chance(0.4) ? [[`${side}Strict`, r.chance(0.7)]] : [])]),
  );
}
