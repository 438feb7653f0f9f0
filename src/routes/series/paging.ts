import type { Faults } from '../../http/faults.js';
import { byCodePoint } from '../../queries/order.js';
import type { Pagination } from './schema.js';

/** A value, the number of messages that have it, and its rank: by count descending, then by code point. */
export interface Ranked {
  id: string;
  count: number;
  rank: number;
}

/** A cursor into a ranked list: the sort key of one row, which need not exist any more. */
type RankedCursor = Pick<Ranked, 'id' | 'count'>;

/** The requested part of a ranked list. */
export interface Paging {
  direction: 'first' | 'last';
  count: number;
  /** The cursor after (`first`) or before (`last`) which the page lies. */
  from: RankedCursor | null;
  /** Whether neither first nor last was given. */
  isDefault: boolean;
}

const COUNT = 50;

interface PageParameters {
  first?: number;
  after?: string;
  last?: number;
  before?: string;
}

/** Parses the requested page: `first` with `after`, or `last` with `before`. */
export function parsePaging(sent: PageParameters, faults: Faults): Paging {
  const apart = [
    ['first', 'last'],
    ['after', 'before'],
    ['last', 'after'],
    ['first', 'before'],
  ] as const;
  for (const [one, other] of apart) {
    if (sent[one] === undefined || sent[other] === undefined) continue;
    faults.add(one, `cannot be combined with ${other}: use first with after, or last with before`);
    faults.add(other, `cannot be combined with ${one}: use first with after, or last with before`);
  }
  if (sent.before !== undefined && sent.last === undefined) {
    faults.add('before', 'requires last: the number of rows before it');
    faults.add('last', 'is required with before');
  }
  const direction = sent.last === undefined ? 'first' : 'last';
  const name = direction === 'first' ? 'after' : 'before';
  return {
    direction,
    count: sent[direction] ?? COUNT,
    from: parseCursor(name, sent[name], faults),
    isDefault: sent.first === undefined && sent.last === undefined,
  };
}

function parseCursor(name: string, cursor: string | undefined, faults: Faults): RankedCursor | null {
  if (cursor === undefined || faults.has(name)) return null;
  const [, count = '', id = ''] =
    /^([0-9]{1,15}) ([^\0]{1,400})$/s.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const place = { count: Number(count), id };
  if (writeCursor(place) === cursor) return place;
  faults.add(name, 'is not a cursor: send start_cursor or end_cursor unchanged');
  return null;
}

/** Encodes a cursor as opaque text: base64url of a count and an id. */
const writeCursor = ({ count, id }: RankedCursor): string => Buffer.from(`${count} ${id}`).toString('base64url');

/** One page of a ranked list, in its order. `has_more` refers to the direction of paging. */
export function pageOf(all: Ranked[], { direction, count, from }: Paging): { rows: Ranked[]; pagination: Pagination } {
  const isBehind = (row: Ranked) =>
    from === null || row.count < from.count || (row.count === from.count && byCodePoint(row.id, from.id) > 0);
  const isBefore = (row: Ranked) =>
    from === null || row.count > from.count || (row.count === from.count && byCodePoint(row.id, from.id) < 0);
  const candidates = all.filter(direction === 'first' ? isBehind : isBefore);
  const rows = direction === 'first' ? candidates.slice(0, count) : candidates.slice(-count);
  const [first, last] = [rows[0], rows.at(-1)];
  return {
    rows,
    pagination: {
      start_cursor: first === undefined ? null : writeCursor(first),
      end_cursor: last === undefined ? null : writeCursor(last),
      has_more: candidates.length > rows.length,
    },
  };
}

/** The URL of the next page in the direction of paging, for the Link header: a CSV has no other place for it. */
export function nextAddress(
  url: string,
  { direction, count }: Paging,
  { start_cursor, end_cursor }: Pagination,
): string {
  const [path, search] = url.split('?');
  const query = new URLSearchParams(search);
  query.set(direction, String(count));
  if (direction === 'first') query.set('after', end_cursor as string);
  else query.set('before', start_cursor as string);
  return `${path}?${query}`;
}
