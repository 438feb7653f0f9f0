import type { Database } from '../../database/database.js';
import { unprepared } from '../../database/unprepared.js';
import { Arena } from './arena.js';
import { type ColumnName, columns } from './columns.js';
import { type Column, decode } from './decode.js';
import type { Plan, Vocabulary } from './plan.js';
import { MAX_WORDS, STALE, statement } from './statement.js';

/** A segment as it arrives: only columns that it needs and has are there. */
export interface Segment {
  from: number;
  to: number;
  rows: number;
  columns: Map<ColumnName, Column>;
  /** The memory of its arrays; they are valid until the next segment. */
  arena: Arena;
}

/** A word of a vocabulary, and which of its tests it passes. */
export interface Word {
  vocabulary: Vocabulary;
  code: number;
  value: string;
  passes: boolean[];
}

export interface Receiver {
  word(word: Word): void;
  segment(segment: Segment): void;
}

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
      return plan.query.isAdHoc ? unprepared(query) : query;
    },
    () => {
      const receiver = makeReceiver();
      const found = { present: [] as boolean[], segments: 0, rows: 0, bytes: 0 };
      let obstacle: keyof typeof obstacles | null = null;
      const early: (Buffer | null)[][] = [];
      const arena = new Arena();
      let isReady = false;
      let words = 0;
      const segment = (row: (Buffer | null)[]) => {
        const rows = (row[3] as Buffer).readInt32BE(0);
        if (rows === 0) return;
        found.segments++;
        found.rows += rows;
        const decoded = new Map<ColumnName, Column>();
        arena.reset();
        names.forEach((name, n) => {
          const bytes = row[n + 6];
          if (bytes === null || bytes === undefined) return;
          found.bytes += bytes.length;
          const column = decode(bytes, rows, columns[name].kind === 'code', arena);
          if (column !== null) decoded.set(name, column);
        });
        receiver.segment({ from: numberIn(row[1]), to: numberIn(row[2]), rows, columns: decoded, arena });
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
          else early.push(row); // the parts of a union come in order, but nothing promises it
        },
        end() {
          if (!isReady) throw new Error('a report returned no row, although its statement always gives one');
          return obstacle ?? found;
        },
      };
    },
  );
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
