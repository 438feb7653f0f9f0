import type { Faults } from '../../http/faults.js';
import { byCodePoint } from '../../queries/order.js';
import type { Ranked } from './ranked.js';
import type { Pagination } from './schema.js';

/** A place in the order of a ranked list: that of one row, which need not exist any more. */
type RankedCursor = Pick<Ranked, 'id' | 'count'>;

/** Which part of a ranked list is wanted. */
export interface Paging {
  direction: 'first' | 'last';
  count: number;
  /** Behind it (`first`), or before it (`last`). */
  from: RankedCursor | null;
  /** Neither first nor last was said. */
  isDefault: boolean;
}

const COUNT = 50;

interface PageParameters {
  first?: number;
  after?: string;
  last?: number;
  before?: string;
}

/** The page that a request wants: `first` with `after`, or `last` with `before`. */
export function parsePaging(sent: PageParameters, faults: Faults): Paging {
  const apart = [
    ['first', 'last'],
    ['after', 'before'],
    ['last', 'after'],
    ['first', 'before'],
  ] as const;
  for (const [one, other] of apart) {
    if (sent[one] === undefined || sent[other] === undefined) continue;
    faults.add(one, `cannot be given with ${other}: page with first and after, or with last and before`);
    faults.add(other, `cannot be given with ${one}: page with first and after, or with last and before`);
  }
  if (sent.before !== undefined && sent.last === undefined) {
    faults.add('before', 'is given with last: say how many before it');
    faults.add('last', 'is needed with before');
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
  faults.add(name, 'is not a cursor: send start_cursor or end_cursor as it came');
  return null;
}

/** Base64url of a count and an id: it says nothing to its reader. */
const writeCursor = ({ count, id }: RankedCursor): string => Buffer.from(`${count} ${id}`).toString('base64url');

/** One page of a ranked list, in its order. `has_more` looks in the direction that was asked. */
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

/** The address of the page that follows in the direction that was asked: a CSV has no other place to say it. */
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
