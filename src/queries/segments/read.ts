import type { Database } from '../../database/database.js';
import { unprepared } from '../../database/unprepared.js';
import { Arena } from './arena.js';
import { DAY } from './axis.js';
import { type Column, opened } from './decode.js';
import type { Stored } from './frame.js';
import type { Plan, Vocabulary } from './plan.js';
import { type ColumnName, columnOf } from './section.js';
import { MAX_WORDS, STALE, shapeOf, statement } from './statement.js';

/** A word of a vocabulary, and which of its tests it passes. */
export interface Word {
  vocabulary: Vocabulary;
  code: number;
  value: string;
  passes: boolean[];
}

export interface Receiver {
  word(word: Word): void;
  /** The arrays of a segment are valid until the next. */
  segment(segment: Stored): void;
}

/** One for all queries: a segment is read to its end before anything else runs. */
const arena = new Arena();

/** What else the statement found. */
export interface Read {
  present: boolean[];
  segments: number;
  rows: number;
  bytes: number;
}

/**
 * Reads what a plan needs, in one statement and so in one snapshot: the words, the stored segments without a mark, and, built
 * in place, those that have one. `receiver` gets all words before the first segment. A segment is handled when it arrives, so
 * that a long answer does not hold the event loop. Or the reason why it cannot: too much is out of date, or too many words.
 */
export async function read(db: Database, plan: Plan, makeReceiver: () => Receiver): Promise<Read | { reason: string }> {
  // Most ranges have no mark, and without the building the statement takes a tenth of the time to plan.
  const stored = await attempt(db, plan, makeReceiver, false);
  const found = stored === 'stale' ? await attempt(db, plan, makeReceiver, true) : stored;
  return typeof found === 'string' ? { reason: obstacles[found] } : found;
}

const obstacles = {
  stale: 'too many segments of the range are out of date',
  unfit: 'too many segments of the range are out of date',
  wordy: 'it has too many different texts for segments',
};

async function attempt(
  db: Database,
  plan: Plan,
  makeReceiver: () => Receiver,
  isBuilding: boolean,
): Promise<Read | keyof typeof obstacles> {
  const names = columnsOf(plan);
  return db.scan<Read | keyof typeof obstacles>(
    (sql) => {
      const query = statement(sql, plan, names, isBuilding);
      return plan.query.isAdHoc && (isBuilding || !isFrequent(shapeOf(plan, names))) ? unprepared(query) : query;
    },
    () => {
      const receiver = makeReceiver();
      const found = { present: [] as boolean[], segments: 0, rows: 0, bytes: 0 };
      let obstacle: keyof typeof obstacles | null = null;
      const early: (Buffer | null)[][] = [];
      let isReady = false;
      let words = 0;
      const segment = (row: (Buffer | null)[]) => {
        if (row[3] === null) throw new Error('a segment lacks the rows of a dataset');
        const rows = (row[3] as Buffer).readInt32BE(0);
        if (rows === 0) return;
        found.segments++;
        const before = found.rows;
        found.rows += rows;
        const opening = new Map<ColumnName, Column>();
        arena.reset();
        names.forEach((name, n) => {
          const bytes = row[n + 6];
          if (bytes === null || bytes === undefined) return;
          found.bytes += bytes.length;
          const column = opened(bytes, rows, columnOf(plan.section, name).kind === 'code', arena);
          if (column !== null) opening.set(name, column);
        });
        receiver.segment({ from: numberIn(row[1]), to: numberIn(row[2]), before, rows, columns: opening, arena });
      };
      return {
        row(row: (Buffer | null)[]) {
          const kind = (row[0] as Buffer).readInt32BE(0);
          if (kind === 0) {
            if (++words > MAX_WORDS) obstacle = 'wordy';
            const passes = [...String(row[5])].map((flag) => flag === '1');
            const vocabulary = plan.vocabularies[numberIn(row[1])] as Vocabulary;
            receiver.word({ vocabulary, code: numberIn(row[2]), value: String(row[4]), passes });
          } else if (kind === 1) {
            found.present = [...String(row[5])].map((flag) => flag === '1');
            const size = (row[3] as Buffer).readInt32BE(0);
            if (size > 0) obstacle ??= size === STALE ? 'stale' : 'unfit';
            isReady = true;
            for (const waiting of early.splice(0)) if (obstacle === null) segment(waiting);
          } else if (obstacle !== null) return;
          else if (isReady) segment(row);
          // The parts of a union come in order, but nothing promises it.
          else early.push(row.map((bytes) => bytes && Buffer.from(bytes)));
        },
        end() {
          if (!isReady) throw new Error('a report returned no row, although its statement always gives one');
          return obstacle ?? found;
        },
      };
    },
    isSmall(plan) && !isBuilding ? 'light' : 'heavy',
  );
}

/** A read of so many days of bots, such as a month of one, does not wait for large reports to end. */
const FEW = 35;

function isSmall({ bots, parts, section }: Plan): boolean {
  if (bots === null || section.hasOwnTimes) return false; // messages lie in segments of any day
  const days = parts.reduce((sum, { window: { from, to } }) => sum + Math.ceil((to - from) / DAY) + 1, 0);
  return days * bots.length <= FEW;
}

/** So many shapes of ad-hoc queries are prepared, the first that come twice: planning takes longer than a small read. */
const MAX_PREPARED = 32;
const seen = new Set<string>();
const frequent = new Set<string>();

function isFrequent(shape: string | null): boolean {
  if (shape === null) return false;
  if (frequent.has(shape)) return true;
  if (seen.has(shape) && frequent.size < MAX_PREPARED) frequent.add(shape);
  if (seen.size >= 4 * MAX_PREPARED) seen.clear();
  seen.add(shape);
  return frequent.has(shape);
}

const numberIn = (bytes: Buffer | null | undefined) =>
  (bytes as Buffer).readInt32BE(0) * 0x1_0000_0000 + (bytes as Buffer).readUInt32BE(4);

/** All columns that may be fetched, those that decide in time last. */
function columnsOf(plan: Plan): ColumnName[] {
  const timed: ColumnName[] = ['hour', 'minute', 'millisecond'];
  const stateful: ColumnName[] = plan.usesState ? ['is_closed'] : [];
  if (plan.usesState && plan.expires) stateful.push('last_activity');
  return [...new Set([...plan.columns, ...stateful, ...timed])];
}
